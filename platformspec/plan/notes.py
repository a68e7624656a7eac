"""What a plan says besides its changes."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from platformspec.cost.delta import CostDelta
from platformspec.diagnostics import Diagnostic, Path, Span
from platformspec.ir.delivery import Delivery


@dataclass(frozen=True, slots=True)
class Ending:
    """Capacity of a pool that ends on a day.

    `nodes_go`: AWS takes the nodes back, so `models` lose their pool; else they go on, on demand. `dependents`: what uses those
    models -> the other models that it has left.
    """

    day: str
    pool: str
    what: str
    nodes_go: bool
    models: tuple[str, ...]
    dependents: tuple[tuple[str, tuple[str, ...]], ...]


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
    deliveries: tuple[Delivery, ...] = ()
    """Clusters whose manifests are committed, for an engine."""
    secrets_to_fill: tuple[str, ...] = ()
    """Names of secrets whose value somebody must put in."""
    cost: CostDelta | None = None
    """What the changes cost a month; None where no figure changes."""
    not_compared: tuple[str, ...] = ()
    """Policies about an increase of cost, where there is nothing to compare with."""
    until: str | None = None
    """Last day of the timeline, where one was asked for."""
    endings: tuple[Ending, ...] = ()
    """What ends until that day."""
