"""Prices by region: a table that names the source and the day of every row."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final, Literal

EVERYWHERE: Final = "global"
"""The region of a price that is the same in all regions."""

Unit = Literal["hour", "month", "gib_month", "million_tokens"]


@dataclass(frozen=True, slots=True)
class Source:
    """Where prices were read, and on which day (ISO 8601) they held."""

    text: str
    date: str


@dataclass(frozen=True, slots=True)
class Price:
    """One row: US dollars per unit of `key` in `region`, before taxes and discounts."""

    key: str
    usd: float
    per: Unit
    region: str
    source: Source

    def holds_in(self, region: str) -> bool:
        """Whether the row is about that region, and not the nearest thing that is known."""
        return self.region in (region, EVERYWHERE)


@dataclass(frozen=True)
class PriceTable:
    """Region -> key -> row. Where a region has no row, the `reference` region's stands in for it and says so."""

    regions: Mapping[str, Mapping[str, Mapping[str, Any]]]
    sources: Mapping[str, Source]
    reference: str

    @classmethod
    def of(cls, data: Mapping[str, Any]) -> PriceTable:
        """A table from its file, which is known to be well formed."""
        sources = {name: Source(**source) for name, source in data["sources"].items()}
        return cls(data["regions"], sources, data["reference_region"])

    @cached_property
    def keys(self) -> Mapping[str, Unit]:
        """Every key of any region, with its unit."""
        return {key: row["per"] for rows in self.regions.values() for key, row in rows.items()}

    def over(self, other: PriceTable) -> PriceTable:
        """Both tables; where both have a row, this one's counts."""
        if not self.regions:
            return other
        names = [*other.regions, *(name for name in self.regions if name not in other.regions)]
        regions = {name: {**other.regions.get(name, {}), **self.regions.get(name, {})} for name in names}
        return PriceTable(regions, {**other.sources, **self.sources}, other.reference or self.reference)

    def find(self, key: str, region: str) -> Price | None:
        """The price in the region, else the one that holds everywhere, else the reference region's; None where there is none."""
        for place in (region, EVERYWHERE, self.reference):
            row = self.regions.get(place, {}).get(key)
            if row is not None:
                return Price(key, row["usd"], row["per"], place, self.sources[row["source"]])
        return None
