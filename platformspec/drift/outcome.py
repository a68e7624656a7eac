"""Everything that a look at an environment found, and what is to be done about it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from platformspec.drift.deviation import Deviation
from platformspec.source import Document


@dataclass(frozen=True)
class Outcome:
    """`applied_by`: what the comparison is with. `restore`: the command that sets everything back."""

    platform: str
    environment: str | None
    applied_by: str
    deviations: tuple[Deviation, ...]
    document: Document
    restore: str

    @property
    def of_the_spec(self) -> tuple[Deviation, ...]:
        """Those that an apply sets back."""
        return tuple(one for one in self.deviations if one.owner == "spec")


def restore_command(deviations: Sequence[Deviation], options: Sequence[str]) -> str:
    """The apply that sets back what is the spec's. `options`: those that choose the file and the environment."""
    spec = [one for one in deviations if one.owner == "spec"]
    words = ["platformspec", "apply", *options]
    if any(one.writer is not None for one in spec):
        words.append("--force-conflicts")
    for id in sorted({one.resource for one in spec if one.replaces}):
        words += ["--allow-destroy", id]
    return " ".join(words)
