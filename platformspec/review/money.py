"""What a change costs: the difference of two estimates, by team."""

from __future__ import annotations

from dataclasses import dataclass

from platformspec.cost.estimate import SHARED, Estimate, Range, groups

# Less than a cent is rounding.
_SMALLEST_USD = 0.005


@dataclass(frozen=True, slots=True)
class CostRow:
    """What one team, or what is shared, costs a month before and after."""

    name: str
    before: Range
    after: Range

    @property
    def delta(self) -> Range:
        return self.after - self.before

    @property
    def is_nothing(self) -> bool:
        """Whether no figure moves by a cent."""
        d = self.delta
        return max(map(abs, (d.least, d.likely, d.most))) < _SMALLEST_USD


@dataclass(frozen=True, slots=True)
class CostDelta:
    """Teams whose costs differ, in the order of their names, `shared` last; and everything together."""

    rows: tuple[CostRow, ...]
    total: CostRow


def cost_delta(before: Estimate | None, after: Estimate | None) -> CostDelta | None:
    """The difference; None where nothing differs. An estimate that is not there costs nothing."""
    old, new = (groups(e, "team") if e is not None else {} for e in (before, after))
    names = sorted({*old, *new}, key=lambda name: (name == SHARED, name))
    rows = (CostRow(name, old.get(name, Range()), new.get(name, Range())) for name in names)
    changed = tuple(row for row in rows if _differs(row))
    if not changed:
        return None
    whole = [e.total if e is not None else Range() for e in (before, after)]
    return CostDelta(changed, CostRow("total", whole[0], whole[1]))


def _differs(row: CostRow) -> bool:
    return row.before.unknown != row.after.unknown or not row.is_nothing


def signed(usd: float) -> str:
    """`+$1,200`, `-$3`, `$0`."""
    rounded = round(usd)
    return f"{'+' if rounded > 0 else '-' if rounded < 0 else ''}${abs(rounded):,}"


def sentence(delta: CostDelta) -> str:
    """`costs +$1,200 a month (minimum +$300, maximum +$4,000)`."""
    d = delta.total.delta
    unknown = delta.total.after.unknown - delta.total.before.unknown
    lines = f"{unknown} new lines have no price" if unknown > 1 else "one new line has no price" if unknown == 1 else ""
    if delta.total.is_nothing and not any(not row.is_nothing for row in delta.rows):
        return f"costs the same{f'; {lines}' if lines else ''}"
    without = f"; {lines}" if lines else ""
    if max(map(abs, (d.least, d.likely, d.most))) <= 0.5:
        moves = any(round(row.delta.likely) for row in delta.rows)
        return f"costs {'the same in all, and moves between teams' if moves else 'less than $1 a month more or less'}{without}"
    return f"costs {signed(d.likely)} a month (minimum {signed(d.least)}, maximum {signed(d.most)}){without}"
