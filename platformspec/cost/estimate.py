"""Join what is billed with prices. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Final, Literal

from platformspec.cost.prices import Price, PriceTable, Source
from platformspec.ir.cost import Amount, CostItem

Grouping = Literal["declaration", "team", "model", "pool"]
SHARED: Final = "shared"
"""The group of what belongs to no team, model or pool."""
DECLARED: Final = Source("declared in the platform file", "")


@dataclass(frozen=True, slots=True)
class Range:
    """US dollars a month at the least, likely and most. Lines without a price are left out; `unknown` counts them."""

    least: float = 0.0
    likely: float = 0.0
    most: float = 0.0
    unknown: int = 0

    def __add__(self, other: Range) -> Range:
        return Range(
            self.least + other.least, self.likely + other.likely, self.most + other.most, self.unknown + other.unknown
        )

    def __sub__(self, other: Range) -> Range:
        return Range(
            self.least - other.least, self.likely - other.likely, self.most - other.most, self.unknown + other.unknown
        )


@dataclass(frozen=True, slots=True)
class Figure:
    """An amount with its price: `usd` a month. Both are None where the table has no row for `amount`."""

    amount: Amount
    price: Price | None

    @property
    def usd(self) -> float | None:
        return None if self.price is None else self.amount.quantity * self.price.usd


@dataclass(frozen=True, slots=True)
class Line:
    """An item of the bill with its figures."""

    item: CostItem
    least: Figure
    likely: Figure
    most: Figure

    @property
    def range(self) -> Range:
        usd = [figure.usd for figure in (self.least, self.likely, self.most)]
        if usd[0] is None or usd[1] is None or usd[2] is None:
            return Range(unknown=1)
        return Range(usd[0], usd[1], usd[2])

    @property
    def prices(self) -> tuple[Price, ...]:
        """The rows that the figures use, without repetition: likely first, then those of the bounds."""
        rows = (figure.price for figure in (self.likely, self.most, self.least))
        return tuple(dict.fromkeys(row for row in rows if row is not None))


@dataclass(frozen=True)
class Estimate:
    """Lines with figures, and items whose quantity nobody knows; both in the order of their ids."""

    lines: tuple[Line, ...]
    uncounted: tuple[CostItem, ...]

    @property
    def total(self) -> Range:
        """All lines."""
        return total(line.range for line in self.lines)

    @property
    def unknown(self) -> tuple[Line, ...]:
        """Lines without a price."""
        return tuple(line for line in self.lines if line.range.unknown)


def estimate(items: Iterable[CostItem], table: PriceTable) -> Estimate:
    """Price every item."""
    found = list(items)
    lines = tuple(
        Line(
            item,
            _choose(item.least, item.region, table, min),
            _choose(item.likely, item.region, table, min),
            _choose(item.most, item.region, table, max),
        )
        for item in found
        if item.counted
    )
    return Estimate(lines, tuple(item for item in found if not item.counted))


def total(ranges: Iterable[Range]) -> Range:
    """The sum."""
    result = Range()
    for one in ranges:
        result += one
    return result


def groups(estimate: Estimate, by: Grouping) -> dict[str, Range]:
    """Group -> what it costs, sorted by name, with `shared` last. The groups add up to the total."""
    found: dict[str, Range] = {}
    for line in estimate.lines:
        for name, part in parts(line, by):
            found[name] = found.get(name, Range()) + part
    return dict(sorted(found.items(), key=lambda pair: (pair[0] == SHARED, pair[0])))


def parts(line: Line, by: Grouping) -> Iterator[tuple[str, Range]]:
    """The groups that a line belongs to, each with its part of the figures."""
    item, whole = line.item, line.range
    if by == "declaration":
        yield item.declaration, whole
    elif by == "pool":
        yield (f"gpu_pool.{item.pool}" if item.pool is not None else SHARED), whole
    elif whole.unknown:
        yield _group(by, item.declaration, item.team), whole
    else:
        rest = whole
        for share in item.shares:
            part = Range(whole.least * share.least, whole.likely * share.likely, whole.most * share.most)
            rest -= part
            yield _group(by, share.declaration, share.team), part
        yield _group(by, item.declaration, item.team), rest


def _group(by: Grouping, declaration: str, team: str | None) -> str:
    if by == "team":
        return f"team.{team}" if team is not None else SHARED
    return declaration if declaration.startswith("model.") else SHARED


def _choose(alternatives: tuple[Amount, ...], region: str, table: PriceTable, pick: Callable[..., Figure]) -> Figure:
    """The cheapest or dearest of those that have a price; the first, unpriced, where none has."""
    figures = [_figure(amount, region, table) for amount in alternatives]
    priced = [figure for figure in figures if figure.price is not None]
    return pick(priced, key=lambda figure: figure.usd) if priced else figures[0]


def _figure(amount: Amount, region: str, table: PriceTable) -> Figure:
    if amount.usd is not None:
        return Figure(amount, Price(amount.key, amount.usd, "million_tokens", region, DECLARED))
    price = table.find(amount.key, region)
    if price is None and amount.otherwise is not None:
        price = table.find(amount.otherwise, region)
    return Figure(amount, price)
