"""What a picture shows, without saying how: cards and links, each the same, new, changed or gone."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

Status = Literal["same", "added", "changed", "removed"]


@dataclass(frozen=True, slots=True)
class Card:
    """One declaration.

    - `rows`: names of its children (routes, collections).
    - `place`: file and line; `source`: the YAML of the declaration.
    - `resources`: `(what engineers call it, id)` of everything that is created for it.
    - `facts`: `(label, value)`, such as its cost.
    """

    address: str
    kind: str
    name: str
    rows: tuple[str, ...] = ()
    place: str = ""
    source: str = ""
    resources: tuple[tuple[str, str], ...] = ()
    facts: tuple[tuple[str, str], ...] = ()
    status: Status = "same"


@dataclass(frozen=True, slots=True)
class Link:
    """One edge between two cards. `quiet`: nobody wrote it; it follows from there being one cluster or network."""

    source: str
    relation: str
    target: str
    quiet: bool = False
    status: Status = "same"

    @property
    def id(self) -> str:
        return f"{self.source}/{self.relation}/{self.target}"

    @property
    def source_card(self) -> str:
        return self.source.split("/")[0]

    @property
    def target_card(self) -> str:
        return self.target.split("/")[0]


@dataclass(frozen=True, slots=True)
class Picture:
    """All cards and links, sorted. `compared_with`: what statuses are relative to; empty where there is nothing."""

    title: str
    cards: tuple[Card, ...]
    links: tuple[Link, ...]
    compared_with: str = ""


def compared(base: Picture, head: Picture, changed: frozenset[str], name: str) -> Picture:
    """The head with the statuses of a comparison, and with what is only in the base. `changed`: addresses with changes."""
    before, after = {card.address: card for card in base.cards}, {card.address: card for card in head.cards}
    cards = [
        replace(
            card,
            status=_status(
                card.address in before, card.address in changed or card.source != before[card.address].source
            ),
        )
        if card.address in before
        else replace(card, status="added")
        for card in head.cards
    ]
    cards += [replace(card, status="removed") for address, card in before.items() if address not in after]
    old, new = {link.id: link for link in base.links}, {link.id: link for link in head.links}
    links = [replace(link, status="same" if link.id in old else "added") for link in head.links]
    links += [replace(link, status="removed") for id, link in old.items() if id not in new]
    return Picture(
        head.title,
        tuple(sorted(cards, key=lambda card: card.address)),
        tuple(sorted(links, key=lambda link: link.id)),
        name,
    )


def _status(known: bool, differs: bool) -> Status:
    return "changed" if known and differs else "same"
