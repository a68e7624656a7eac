"""What somebody changed becomes an edit of the platform file, where exactly one edit says it."""

from __future__ import annotations

import datetime
import difflib
import pathlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pytest

from platformspec.diagnostics import Path
from platformspec.drift.adopt import Compiled, adopt
from platformspec.drift.deviation import HIDDEN, Deviation
from platformspec.drift.outcome import Adoption, Outcome
from platformspec.driver import Compilation, compile_platform
from platformspec.ir.node import Node
from platformspec.plan.change import ABSENT
from platformspec.providers import installed_providers
from platformspec.source.edited import Edited
from platformspec.source.tree import Folder, SourceTree
from tests.support.examples import ROOT

QUICKSTART = (ROOT / "examples/quickstart/platform.yaml").read_text("utf-8")
REVISION = "revision: b968826d9c46dd6066d109eabc6255188de91218}"
SCALES = QUICKSTART.replace(REVISION, f"{REVISION}, serve: {{context_tokens: 8192}}, scale: {{min: 1, max: 2}}")
ENVIRONMENTS = (
    SCALES
    + """\
environments: # two of them
  dev: {}
  prod:
    patch:
      models.chat.scale: {min: 1, max: 4} # as agreed
"""
)
MOST = ("spec", "maxReplicaCount")
LEAST = ("spec", "minReplicaCount")
ARGUMENTS = ("spec", "template", "spec", "containers", 0, "args")


def compiled(tree: SourceTree, environment: str | None) -> Compilation:
    return compile_platform(
        tree,
        "platform.yaml",
        environment=environment,
        as_of=datetime.date(2026, 11, 25),
        providers=installed_providers(),
    )


def value_at(node: Node, path: Path) -> Any:
    value: Any = dict(node.attrs)
    for part in path:
        value = value[part]
    return value


@dataclass
class Bench:
    """A platform as it was applied, in a folder."""

    folder: pathlib.Path
    text: str
    environment: str | None = None

    def __post_init__(self) -> None:
        self.file = self.folder / "platform.yaml"
        self.file.write_text(self.text, "utf-8")
        self.applied = self.now()

    def now(self) -> Compilation:
        found = compiled(Folder(self.folder), self.environment)
        assert found.ok, list(found.report.errors)
        return found

    def changed(self, id: str, path: Path, live: Any) -> Deviation:
        assert self.applied.program is not None
        node = self.applied.program.nodes[id]
        return Deviation(id, "spec", "changed", node, path, value_at(node, path), live)

    def context(self, live: str) -> Deviation:
        """A person has given the server another context."""
        assert self.applied.program is not None
        words = value_at(self.applied.program.nodes["model.chat/deployment"], ARGUMENTS)
        return self.changed("model.chat/deployment", (*ARGUMENTS, words.index("8192")), live)

    def adopt(self, *deviations: Deviation) -> tuple[tuple[Adoption, ...], list[str]]:
        """What became of each, and the changed lines of the file."""
        now = self.now()
        assert now.document is not None
        assert now.program is not None

        def recompile(texts: Mapping[str, str]) -> Compiled | None:
            made = compiled(Edited(now.tree, texts), self.environment)
            return Compiled(made.document, made.program) if made.ok and made.document and made.program else None

        adoptions, texts = adopt(
            deviations, Compiled(now.document, now.program), self.environment, "platform.yaml", recompile
        )
        old, new = self.file.read_text("utf-8"), texts.get("platform.yaml", self.file.read_text("utf-8"))
        lines = difflib.ndiff(old.splitlines(), new.splitlines())
        return adoptions, [line[2:].strip() for line in lines if line[0] == "+"]


def refusals(adoptions: tuple[Adoption, ...]) -> list[str]:
    return [adoption.refused for adoption in adoptions]


def test_the_value_that_makes_it_is_edited_and_comments_stay(tmp_path: pathlib.Path) -> None:
    bench = Bench(tmp_path, SCALES + "# the end\n")
    adoptions, lines = bench.adopt(bench.changed("model.chat/scaled-object", MOST, 3))
    assert refusals(adoptions) == [""]
    assert len(lines) == 1
    assert "scale: {min: 1, max: 3}" in lines[0]


def test_two_edits_of_one_file_do_not_undo_each_other(tmp_path: pathlib.Path) -> None:
    bench = Bench(tmp_path, SCALES)
    adoptions, lines = bench.adopt(
        bench.changed("model.chat/scaled-object", MOST, 3),
        bench.context("4096"),
    )
    assert refusals(adoptions) == ["", ""]
    assert "context_tokens: 4096" in lines[0]
    assert "max: 3" in lines[0]


@pytest.mark.parametrize(
    ("environment", "line"),
    [("dev", "dev: {patch: {models.chat.scale.max: 3}}"), ("prod", "models.chat.scale: {min: 1, max: 3} # as agreed")],
)
def test_an_environment_takes_it_over_alone(tmp_path: pathlib.Path, environment: str, line: str) -> None:
    bench = Bench(tmp_path, ENVIRONMENTS, environment)
    adoptions, lines = bench.adopt(bench.changed("model.chat/scaled-object", MOST, 3))
    assert refusals(adoptions) == [""]
    assert lines == [line]


def test_a_parent_that_the_base_lacks_is_patched_as_a_whole(tmp_path: pathlib.Path) -> None:
    bench = Bench(tmp_path, QUICKSTART + "environments: {dev: {}}\n", "dev")
    adoptions, lines = bench.adopt(bench.context("4096"))
    assert refusals(adoptions) == [""]
    assert lines == ["environments: {dev: {patch: {models.chat.serve: {context_tokens: 4096}}}}"]


def test_an_edit_that_changes_more_is_refused_and_says_what(tmp_path: pathlib.Path) -> None:
    bench = Bench(tmp_path, SCALES.replace("max: 2", "max: 3"))
    adoptions, lines = bench.adopt(bench.changed("model.chat/scaled-object", LEAST, 2))
    assert lines == []
    assert refusals(adoptions) == [
        "models.chat.scale.min: 2 would do it, and would change model.chat/scaled-object spec.fallback.replicas as well"
    ]


def test_it_is_right_where_all_that_it_changes_is_live(tmp_path: pathlib.Path) -> None:
    bench = Bench(tmp_path, SCALES.replace("max: 2", "max: 3"))
    deviations = (
        bench.changed("model.chat/scaled-object", LEAST, 2),
        bench.changed("model.chat/scaled-object", ("spec", "fallback", "replicas"), 2),
    )
    adoptions, lines = bench.adopt(*deviations)
    assert refusals(adoptions) == ["", ""]
    assert adoptions[0].edit == adoptions[1].edit
    assert "scale: {min: 2, max: 3}" in lines[0]


def test_what_the_file_does_not_say_is_not_adopted(tmp_path: pathlib.Path) -> None:
    bench = Bench(tmp_path, SCALES)
    deployment = "model.chat/deployment"
    image = ("spec", "template", "spec", "containers", 0, "image")
    node = bench.changed(deployment, image, "x").node
    adoptions, lines = bench.adopt(
        bench.changed("network.main/vpc", ("enable_dns_hostnames",), False),
        bench.changed(deployment, image, "somewhere/else:1"),
        Deviation(deployment, "spec", "gone", node),
        Deviation(deployment, "spec", "changed", node, image, HIDDEN, HIDDEN),
        Deviation(deployment, "spec", "changed", node, ("spec", "paused"), False, ABSENT),
    )
    assert lines == []
    said = refusals(adoptions)
    assert said[0] == "no value of cloud.network alone makes it so"
    assert said[1].startswith("no value of models.chat, models.chat.pool, ")
    assert said[2].startswith("what is gone")
    assert said[3].startswith("the value is sensitive")
    assert said[4].startswith("the value was removed")


def test_a_file_that_went_on_since_then_is_not_overruled(tmp_path: pathlib.Path) -> None:
    bench = Bench(tmp_path, SCALES)
    changed = bench.changed("model.chat/scaled-object", MOST, 3)
    bench.file.write_text(SCALES.replace("max: 2", "max: 3"), "utf-8")
    assert refusals(bench.adopt(changed)[0]) == ["the file says so already; apply it"]
    bench.file.write_text(SCALES.replace("max: 2", "max: 7"), "utf-8")
    assert refusals(bench.adopt(changed)[0])[0].startswith("the file says something else than what was applied")


def test_the_patch_is_one_that_git_takes(tmp_path: pathlib.Path) -> None:
    bench = Bench(tmp_path, SCALES)
    assert bench.applied.document is not None
    outcome = Outcome("acme", None, "", (), bench.applied.document, [], (), {"platform.yaml": SCALES.rstrip("\n")})
    assert outcome.patch.startswith("--- a/platform.yaml\n+++ b/platform.yaml\n@@ ")
    assert outcome.patch.endswith("\n\\ No newline at end of file\n")
