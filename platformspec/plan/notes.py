"""What a plan says besides its changes."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from platformspec.cost.delta import CostDelta
from platformspec.diagnostics import Diagnostic, Path, Span


@dataclass(frozen=True)
class PlanNotes:
    """Facts for the reader of a plan.

    `place` finds the place of a YAML path; `declared_at` that of a declaration's address.
    """

    against: str
    warnings: Sequence[Diagnostic]
    place: Callable[[Path], Span | None]
    declared_at: Mapping[str, Span]
    nouns: Mapping[str, str] = field(default_factory=dict)
    extensions: int = 0
    """Number of `extend` patches in the file."""
    approvals: tuple[tuple[str, tuple[str, ...]], ...] = ()
    """(why, who may approve)."""
    secrets_to_fill: tuple[str, ...] = ()
    """Names of secrets whose value somebody must put in."""
    cost: CostDelta | None = None
    """What the changes cost a month; None where no figure changes."""
    not_compared: tuple[str, ...] = ()
    """Policies about an increase of cost, where there is nothing to compare with."""
