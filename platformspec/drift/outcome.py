"""Everything that a look at an environment found, and what is to be done about it."""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from platformspec.diagnostics import Path
from platformspec.drift.deviation import Deviation
from platformspec.ir.delivery import Delivery
from platformspec.source import Document


@dataclass(frozen=True, slots=True)
class Edit:
    """One value of a file. `before`, `after`: as YAML on one line; `path`: where it stands in the file."""

    file: str
    path: Path
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class Adoption:
    """How the file can say what is live: the edit, or why there is none."""

    deviation: Deviation
    edit: Edit | None = None
    refused: str = ""


@dataclass(frozen=True)
class Outcome:
    """`applied_by`: what the comparison is with. `options`: arguments of the command that sets everything back.

    `delivered`: clusters that an engine compares, and nobody looked at. `adoptions`: where they were asked for; `texts`: file -> its text with all edits.
    """

    platform: str
    environment: str | None
    applied_by: str
    deviations: tuple[Deviation, ...]
    document: Document
    options: Sequence[str]
    adoptions: tuple[Adoption, ...] | None = None
    texts: Mapping[str, str] = field(default_factory=dict)
    delivered: tuple[Delivery, ...] = ()

    @property
    def of_the_spec(self) -> tuple[Deviation, ...]:
        """Those that an apply sets back."""
        return tuple(one for one in self.deviations if one.owner == "spec")

    @property
    def remaining(self) -> tuple[Deviation, ...]:
        """Those of the spec that no edit of the file says."""
        said = [adoption.deviation for adoption in self.adoptions or () if adoption.edit is not None]
        return tuple(one for one in self.of_the_spec if one not in said)

    @property
    def restore(self) -> str:
        """The apply that sets back what remains."""
        return restore_command(self.remaining, self.options)

    @property
    def patch(self) -> str:
        """The edits as a unified diff."""
        lines: list[str] = []
        for file, text in sorted(self.texts.items()):
            old, new = (t.splitlines(keepends=True) for t in (self.document.texts[file], text))
            lines += difflib.unified_diff(old, new, f"a/{file}", f"b/{file}")
        return "".join(line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n" for line in lines)


def restore_command(deviations: Sequence[Deviation], options: Sequence[str]) -> str:
    """The apply that sets back what is the spec's. `options`: those that choose the file and the environment."""
    spec = [one for one in deviations if one.owner == "spec"]
    words = ["platformspec", "apply", *options]
    if any(one.writer is not None for one in spec):
        words.append("--force-conflicts")
    for id in sorted({one.resource for one in spec if one.replaces}):
        words += ["--allow-destroy", id]
    return " ".join(words)
