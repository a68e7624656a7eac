"""The corpus of reviewed changes: examples with edits, and what a review must say."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import Any

import yaml

from platformspec.providers import installed_providers
from platformspec.review.review import Review, review
from platformspec.review.sides import Side, pairs
from tests.support.examples import AS_OF, ROOT
from tests.support.memory_tree import MemoryTree

FOLDER = ROOT / "tests/reviews"


@dataclass(frozen=True)
class Change:
    """One entry of the corpus."""

    file: str
    data: dict[str, Any]

    def __str__(self) -> str:
        return f"{self.file}: {self.data['title']}"

    @property
    def base(self) -> dict[str, str]:
        """Path -> text of the revision before the change."""
        files = edited(example(self.data["example"]), self.data.get("base_edits", []))
        return self._ends()[1](files) if self.data.get("turned") else files

    def head(self, without: int | None = None) -> dict[str, str]:
        """Path -> text of the revision after the change; `without`: the position of an edit that is left out."""
        edits = [e for position, e in enumerate(self.data["edits"]) if position != without]
        files = edited(example(self.data["example"]), self.data.get("base_edits", []))
        if self.data.get("turned"):
            return edited(files, [] if without is None else self.data["edits"])
        return {**edited(files, edits), **self.data.get("files", {})}

    def _ends(self) -> tuple[Any, Any]:
        return (lambda files: files), (lambda files: edited(files, self.data["edits"]))


def corpus() -> list[Change]:
    """Every entry of every file."""
    return [
        Change(path.stem, data)
        for path in sorted(FOLDER.glob("*.yaml"))
        for data in yaml.safe_load(path.read_text("utf-8"))
    ]


@functools.cache
def _example(name: str) -> tuple[tuple[str, str], ...]:
    folder = ROOT / "examples" / name
    return tuple(
        (path.relative_to(folder).as_posix(), path.read_text("utf-8"))
        for path in sorted(folder.rglob("*"))
        if path.suffix in (".yaml", ".lock")
    )


def example(name: str) -> dict[str, str]:
    """The files of an example."""
    return dict(_example(name))


def edited(files: dict[str, str], edits: list[dict[str, str]]) -> dict[str, str]:
    """The files with each edit made in platform.yaml; its text must stand there exactly once."""
    text = files["platform.yaml"]
    for edit in edits:
        assert text.count(edit["find"]) == 1, f"{text.count(edit['find'])} times: {edit['find']}"
        text = text.replace(edit["find"], edit["put"])
    return {**files, "platform.yaml": text}


def reviewed(base: dict[str, str] | None, head: dict[str, str] | None) -> Review:
    """The review of two sets of files."""
    sides = [
        Side(MemoryTree(files), "platform.yaml", name) if files is not None else None
        for files, name in ((base, "main"), (head, "change"))
    ]
    found, base_errors, head_errors = pairs(
        sides[0], sides[1], environment=None, as_of=AS_OF, providers=installed_providers()
    )
    return review(
        found, file="platform.yaml", base="main", head="change", base_errors=base_errors, head_errors=head_errors
    )
