"""Where cards stand: columns from the callers on the left to the network on the right; the same input gives the same picture."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass

from platformspec.picture.cards import Card, Picture

COLUMNS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("Gateways", ("gateway",)),
    ("Guardrails and stores", ("guardrail", "vector_store")),
    ("Models", ("model",)),
    ("Capacity and data", ("gpu_pool", "database", "cache", "bucket")),
    ("Clusters", ("cluster",)),
    ("Network", ("network",)),
    ("Owners and rules", ("team", "policy")),
)
OTHER = "Other"
MOST_ROWS = 8
"""Children shown on a card; the page lists all."""
CARDS_IN_A_STACK = 24
SWEEPS = 4

WIDTH, HEAD, ROW, GAP, AISLE, MARGIN, TITLE = 230, 34, 18, 14, 90, 24, 30


@dataclass(frozen=True, slots=True)
class Box:
    """Left upper corner, width and height, in pixels."""

    x: int
    y: int
    width: int
    height: int


@dataclass(frozen=True, slots=True)
class Placed:
    """Boxes by address, headings with their x, and the size of the whole."""

    boxes: Mapping[str, Box]
    headings: tuple[tuple[str, int], ...]
    width: int
    height: int


def rows_of(card: Card) -> tuple[str, ...]:
    """The children as shown on the card; a long list ends with how many more there are."""
    if len(card.rows) <= MOST_ROWS:
        return card.rows
    return (*card.rows[: MOST_ROWS - 1], f"and {len(card.rows) - MOST_ROWS + 1} more")


def place(picture: Picture) -> Placed:
    """Cards in columns by kind; inside a column next to what they are linked with."""
    columns = [(title, cards) for title, cards in _columns(picture) if cards]
    order = _ordered([[card.address for card in cards] for _, cards in columns], _neighbours(picture))
    by_address = {card.address: card for card in picture.cards}
    boxes: dict[str, Box] = {}
    headings: list[tuple[str, int]] = []
    x, bottom = MARGIN, 0
    for (title, _), addresses in zip(columns, order, strict=True):
        headings.append((title, x))
        for start in range(0, len(addresses), CARDS_IN_A_STACK):
            y = MARGIN + TITLE
            for address in addresses[start : start + CARDS_IN_A_STACK]:
                height = HEAD + ROW * len(rows_of(by_address[address])) + (6 if by_address[address].rows else 0)
                boxes[address] = Box(x, y, WIDTH, height)
                y += height + GAP
            bottom = max(bottom, y)
            x += WIDTH + (AISLE if start + CARDS_IN_A_STACK >= len(addresses) else GAP * 2)
    return Placed(boxes, tuple(headings), max(x - AISLE, 0) + MARGIN, bottom + MARGIN)


def _columns(picture: Picture) -> list[tuple[str, list[Card]]]:
    known = {kind for _, kinds in COLUMNS for kind in kinds}
    columns = [(title, [card for card in picture.cards if card.kind in kinds]) for title, kinds in COLUMNS]
    return [*columns, (OTHER, [card for card in picture.cards if card.kind not in known])]


def _neighbours(picture: Picture) -> Mapping[str, set[str]]:
    found: dict[str, set[str]] = defaultdict(set)
    for link in picture.links:
        if not link.quiet:
            found[link.source_card].add(link.target_card)
            found[link.target_card].add(link.source_card)
    return found


def _ordered(columns: list[list[str]], neighbours: Mapping[str, set[str]]) -> list[list[str]]:
    """Each column by the mean height of what its cards are linked with (Sugiyama's barycentre), names deciding ties."""
    for _ in range(SWEEPS):
        height = {address: row / len(column) for column in columns for row, address in enumerate(column)}

        def mean(address: str, height: Mapping[str, float] = height) -> tuple[float, str]:
            around = [height[other] for other in neighbours.get(address, ()) if other in height]
            return (round(sum(around) / len(around), 6) if around else height[address], address)

        columns = [sorted(column, key=mean) for column in columns]
    return columns
