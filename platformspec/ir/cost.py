"""What will be billed: quantities that follow from the program, without prices.

Providers state them while they lower; prices are joined later, so that one program can be priced with any table.
"""

from __future__ import annotations

from dataclasses import dataclass

from platformspec.diagnostics import Path


@dataclass(frozen=True, slots=True)
class Amount:
    """`quantity` units a month of what the row `key` of the price table is about.

    `otherwise`: the row that counts where the table has none for `key`. `usd`: a price that the platform file declares itself.
    """

    key: str
    quantity: float
    otherwise: str | None = None
    usd: float | None = None


@dataclass(frozen=True, slots=True)
class Share:
    """The part of an item that a declaration causes, between 0 and 1, at the least, likely and most."""

    declaration: str
    team: str | None
    least: float
    likely: float
    most: float


@dataclass(frozen=True, slots=True)
class CostItem:
    """One line of a bill.

    - `id`: the node that is billed, with a suffix where a node has several lines.
    - `what`: in words, such as `nodes`.
    - `region`: whose prices count.
    - `least`, `likely`, `most`: alternatives, of which one is bought: the cheapest at `least` and `likely`, the dearest at `most`.
      An item without them is used up by something that the file does not say, and is listed without a figure.
    - `shares`: who causes it; what they leave belongs to `declaration`.
    - `pool`: the GPU pool whose nodes it is about.
    - `sources`: YAML paths that the quantities follow from.
    """

    id: str
    what: str
    declaration: str
    team: str | None
    region: str
    least: tuple[Amount, ...]
    likely: tuple[Amount, ...]
    most: tuple[Amount, ...]
    sources: tuple[Path, ...]
    note: str = ""
    pool: str | None = None
    shares: tuple[Share, ...] = ()

    @property
    def counted(self) -> bool:
        """Whether the quantity is known."""
        return bool(self.likely)

    @property
    def amounts(self) -> tuple[Amount, ...]:
        """All alternatives of all three."""
        return (*self.least, *self.likely, *self.most)
