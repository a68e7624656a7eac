"""A picture as SVG. Colours come from a style sheet that knows light and dark."""

from __future__ import annotations

from html import escape
from importlib.resources import files

from platformspec.picture.cards import Card, Link, Picture
from platformspec.picture.place import HEAD, MARGIN, ROW, Box, Placed, place, rows_of

MOST_CHARACTERS = 30
WORDS = {"added": "new", "changed": "changed", "removed": "gone", "same": ""}


def svg(picture: Picture) -> str:
    """A complete SVG file."""
    style = files("platformspec.picture").joinpath("data/picture.css").read_text("utf-8")
    return drawing(picture, f"<style>\n{style}</style>\n", "")


def drawing(picture: Picture, style: str, attributes: str) -> str:
    """The `<svg>` element. `style`: an element to put first; `attributes`: more attributes of each card."""
    placed = place(picture)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" class="picture" role="group" aria-label="{escape(picture.title)}" '
        f'width="{placed.width}" height="{placed.height}" viewBox="0 0 {placed.width} {placed.height}">',
        style,
        '<defs><marker id="arrow" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto">'
        '<path d="M0,0 L8,4 L0,8 z" class="head"/></marker></defs>',
        *(f'<text class="heading" x="{x}" y="{MARGIN + 10}">{escape(title)}</text>' for title, x in placed.headings),
        '<g class="links">',
        *(_link(link, placed) for link in picture.links if link.source_card != link.target_card),
        "</g>",
        *(_card(card, placed.boxes[card.address], attributes) for card in picture.cards),
        "</svg>",
    ]
    return "\n".join(parts) + "\n"


def _link(link: Link, placed: Placed) -> str:
    source, target = placed.boxes[link.source_card], placed.boxes[link.target_card]
    forward = source.x < target.x
    x1, x2 = (source.x + source.width, target.x) if forward else (source.x, target.x + target.width)
    if source.x == target.x:
        x1 = x2 = source.x + source.width
    y1, y2 = source.y + HEAD // 2, target.y + HEAD // 2
    bend = max(40, abs(x2 - x1) // 2)
    c1, c2 = (x1 + bend, x2 - bend) if forward else (x1 - bend, x2 + bend)
    if source.x == target.x:
        c1 = c2 = x1 + 40
    classes = f"link {link.status}{' quiet' if link.quiet else ''}"
    title = f"{link.source} {link.relation.replace('_', ' ')} {link.target}"
    return (
        f'<path class="{classes}" data-source="{escape(link.source_card)}" data-target="{escape(link.target_card)}" '
        f'd="M{x1},{y1} C{c1},{y1} {c2},{y2} {x2},{y2}" marker-end="url(#arrow)"><title>{escape(title)}</title></path>'
    )


def _card(card: Card, box: Box, attributes: str) -> str:
    word = WORDS[card.status]
    label = f"{card.address}{f', {word}' if word else ''}"
    lines = [
        f'<g class="card {card.kind} {card.status}" data-address="{escape(card.address)}" transform="translate({box.x},{box.y})"'
        f'{attributes} aria-label="{escape(label)}">',
        f"<title>{escape(label)}</title>",
        f'<rect class="box" width="{box.width}" height="{box.height}" rx="6"/>',
        f'<rect class="stripe" width="5" height="{box.height}" rx="2"/>',
        f'<text class="name" x="14" y="15">{escape(_short(card.name))}</text>',
        f'<text class="kind" x="14" y="28">{escape(card.kind.replace("_", " "))}{f" · {word}" if word else ""}</text>',
    ]
    lines += [
        f'<text class="row" x="22" y="{HEAD + ROW * (number + 1) - 4}">{escape(_short(row))}</text>'
        for number, row in enumerate(rows_of(card))
    ]
    return "\n".join([*lines, "</g>"])


def _short(text: str) -> str:
    return text if len(text) <= MOST_CHARACTERS else f"{text[: MOST_CHARACTERS - 1]}…"
