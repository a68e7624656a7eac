"""Rules make steps fail, hang and die; without them the same steps succeed."""

from __future__ import annotations

import json
import pathlib
import re
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from platformspec.apply.terraform import UNHEARD
from platformspec.diagnostics import Report
from platformspec.lower.stage import Stage
from platformspec.providers import installed_providers
from platformspec.source.document import parse
from tests.rehearsal.test_manifests import Kubectl
from tests.support.memory_tree import MemoryTree
from tests.support.rehearsed import Stacks, needs_kubectl, needs_terraform

QUEUES = {
    "terraform": {"required_providers": {"aws": {"source": "hashicorp/aws", "version": "~> 6.0"}}},
    "provider": {"aws": {"region": "eu-central-1", "allowed_account_ids": ["111122223333"]}},
    "resource": {"aws_sqs_queue": {name: {"name": name} for name in ("one", "two", "three")}},
}
CONFIG_MAP = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: x, namespace: default}\ndata: {a: b}\n"


@contextmanager
def staged(folder: pathlib.Path, rules: str | None, report: Report) -> Iterator[Stage | None]:
    providers = installed_providers()
    rehearse = next(provider.rehearse for provider in providers.providers if provider.rehearse is not None)
    document = parse(MemoryTree({"inject.yaml": rules}), "inject.yaml", report) if rules is not None else None
    with rehearse(folder / "rehearsal", providers, report, inject=document) as stage:
        yield stage


def stack(folder: pathlib.Path, stage: Stage) -> Stacks:
    (folder / "queues").mkdir(exist_ok=True)
    (folder / "queues/main.tf.json").write_text(json.dumps(QUEUES))
    stacks = Stacks(folder, ("queues",), stage)
    stacks.must("queues", "init", "-input=false")
    return stacks


@needs_terraform
@pytest.mark.parametrize(
    ("rule", "says", "created"),
    [
        ('{type: aws_sqs_queue, op: create, nth: 2, error: "ThrottlingException: Rate exceeded"}', "Rate exceeded", 2),
        ('{type: "aws_*", op: create, name: two, error: "AccessDenied: no", sleep: 0.1}', "AccessDenied", 2),
        ('{type: aws_sqs_queue, op: create, name: two, when: after, error: "Timeout: lost"}', "lost", 3),
        ("{type: aws_sqs_queue, op: create, nth: 3, crash: true}", UNHEARD.pattern, 2),
        ('{type: aws, op: configure, error: "ExpiredToken: no"}', "ExpiredToken", 0),
    ],
)
def test_a_rule_fails_a_step_once_and_the_next_run_ends_it(
    rule: str, says: str, created: int, tmp_path: pathlib.Path
) -> None:
    report = Report()
    with staged(tmp_path, f"rules:\n- {rule}\n", report) as stage:
        assert stage is not None, list(report)
        # One after the other, so that what is not struck is done.
        run = stack(tmp_path, stage).terraform("queues", "apply", "-auto-approve", "-input=false", "-parallelism=1")
        assert run.code == 1
        assert re.search(says, run.err)
        assert stage.summary().resources.get("aws_sqs_queue", 0) == created
    with staged(tmp_path, None, report) as stage:
        assert stage is not None
        again = stack(tmp_path, stage).terraform("queues", "apply", "-auto-approve", "-input=false")
        # What was made and not heard of is there already, and terraform does not know it.
        assert (again.code == 0) == ("after" not in rule and "crash" not in rule) or stage.summary().resources == {
            "aws_sqs_queue": 3
        }


@needs_kubectl
def test_rules_reach_the_cluster(tmp_path: pathlib.Path) -> None:
    report = Report()
    rules = 'rules:\n- {type: ConfigMap, op: apply, times: 1, error: "Forbidden: admission webhook refuses"}\n- {type: Secret, op: list, crash: true}\n'
    with staged(tmp_path, rules, report) as stage:
        assert stage is not None, list(report)
        kubectl = Kubectl(stage)
        apply = ("apply", "--server-side", "--field-manager=x", "-f", "-")
        assert "admission webhook refuses" in kubectl.run(*apply, text=CONFIG_MAP).err
        kubectl.must(*apply, text=CONFIG_MAP)
        assert kubectl.run("get", "secrets").code != 0


@pytest.mark.parametrize(
    ("text", "code", "line"),
    [
        ("rules:\n- {type: x, eror: y}\n", "PS751", 2),
        ("rule: []\n", "PS751", 1),
        ("rules:\n- {op: creat, error: x}\n", "PS751", 2),
        ("rules:\n- {nth: 0, error: x}\n", "PS751", 2),
        ("rules:\n- {type: aws_vpc}\n", "PS752", 2),
    ],
)
def test_a_mistake_in_the_rules_has_a_place(text: str, code: str, line: int, tmp_path: pathlib.Path) -> None:
    report = Report()
    with staged(tmp_path, text, report) as stage:
        assert stage is None
    found = [(d.code.id, d.span.line if d.span else 0) for d in report]
    assert (code, line) in found
    assert all(d.help for d in report)
