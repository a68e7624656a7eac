"""What a change costs: two estimates at the same prices, compared by who causes the difference. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from platformspec.cost.estimate import Estimate, Range

LEAST_DIFFERENCE = 0.005
"""US dollars a month below which two figures are the same."""


@dataclass(frozen=True, slots=True)
class Difference:
    """How much more or less a declaration costs a month."""

    declaration: str
    team: str | None
    usd: Range


@dataclass(frozen=True)
class CostDelta:
    """Every declaration whose cost changes, the largest likely change first. `unknown`: new lines without a price."""

    differences: tuple[Difference, ...]
    total: Range
    before: Range
    after: Range
    unknown: int


def compare(before: Estimate | None, after: Estimate) -> CostDelta | None:
    """None where no figure changes. Without `before` everything is new."""
    old, new = _by_owner(before) if before is not None else {}, _by_owner(after)
    found = []
    for declaration, team in {**old, **new}:
        key = (declaration, team)
        usd = new.get(key, Range()) - old.get(key, Range())
        if max(abs(usd.least), abs(usd.likely), abs(usd.most)) >= LEAST_DIFFERENCE:
            found.append(Difference(declaration, team, usd))
    whole = before.total if before is not None else Range()
    known = {line.item.id for line in before.unknown} if before is not None else set()
    unknown = sum(1 for line in after.unknown if line.item.id not in known)
    if not found and not unknown:
        return None
    ordered = sorted(found, key=lambda one: (-abs(one.usd.likely), -abs(one.usd.most), one.declaration))
    return CostDelta(tuple(ordered), after.total - whole, whole, after.total, unknown)


def _by_owner(estimate: Estimate) -> dict[tuple[str, str | None], Range]:
    """(Declaration, its team) -> what it causes: a pool's nodes count with the models that ask for them."""
    found: dict[tuple[str, str | None], Range] = {}
    for line in estimate.lines:
        whole = rest = line.range
        for share in line.item.shares:
            part = Range(whole.least * share.least, whole.likely * share.likely, whole.most * share.most)
            rest -= part
            key = (share.declaration, share.team)
            found[key] = found.get(key, Range()) + part
        key = (line.item.declaration, line.item.team)
        found[key] = found.get(key, Range()) + rest
    return found
