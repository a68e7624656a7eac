"""What other systems run of ours: their files call commands that exist, with arguments that are known."""

from __future__ import annotations

import re
import shlex

import pytest
import yaml

from platformspec.cli.main import command_parser
from tests.support.examples import ROOT


def commands(text: str) -> list[str]:
    return re.findall(r"platformspec (?:fmt|validate|review|compile|github|gitlab)\b[^\n>&]*", text)


@pytest.mark.parametrize("name", ["docs/ci/gitlab-ci.yml", "docs/ci/atlantis.yaml", ".pre-commit-hooks.yaml"])
def test_commands_are_known(name: str) -> None:
    text = (ROOT / name).read_text("utf-8")
    yaml.safe_load(text)
    called = [line for line in commands(text) if line != "platformspec fmt\n"]
    assert called
    for line in called:
        _, command, *rest = shlex.split(line.split(" #")[0])
        command_parser(command).parse_args(rest)


def test_hooks() -> None:
    hooks = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text("utf-8"))
    assert [hook["id"] for hook in hooks] == ["platformspec-fmt", "platformspec-validate"]
    for hook in hooks:
        _, command, *rest = shlex.split(hook["entry"])
        command_parser(command).parse_args(rest)


def test_the_workflow_gives_the_action_inputs_that_it_has() -> None:
    workflow = yaml.safe_load((ROOT / "docs/ci/github-workflow.yml").read_text("utf-8"))
    action = yaml.safe_load((ROOT / "action.yml").read_text("utf-8"))
    (step,) = [s for s in workflow["jobs"]["review"]["steps"] if "platformspec" in s["uses"]]
    assert set(step["with"]) <= set(action["inputs"])
