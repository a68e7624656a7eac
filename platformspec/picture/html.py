"""A picture as one self-contained page: no network, no framework; usable by keyboard, in light and dark."""

from __future__ import annotations

import json
import re
from html import escape
from importlib.resources import files

from platformspec.picture.cards import Card, Picture
from platformspec.picture.svg import WORDS, drawing

# Each card is a button: it takes the focus, and opens its details.
BUTTON = ' tabindex="0" role="button"'


def html(picture: Picture, summary: str = "") -> str:
    """The page. Everything that the user wrote is text: in the markup escaped, in the script by textContent.

    `summary`: what a comparison means, in lines; it stands above the picture.
    """
    page, style, shared, script = (
        files("platformspec.picture").joinpath(f"data/{name}").read_text("utf-8")
        for name in ("page.html", "page.css", "picture.css", "page.js")
    )
    parts = {
        "title": escape(picture.title),
        "style": shared + style,
        "picture": drawing(picture, "", BUTTON),
        "legend": _legend(picture),
        "summary": f'<pre class="summary">{escape(summary)}</pre>' if summary else "",
        "data": _data(picture),
        "script": script,
    }
    return re.sub(r"<!--(\w+)-->", lambda match: parts[match[1]], page)


def _legend(picture: Picture) -> str:
    if not picture.compared_with:
        return ""
    words = "".join(f'<span class="mark {status}">{word}</span>' for status, word in WORDS.items() if word)
    return f'<p class="legend">Compared with {escape(picture.compared_with)}: {words}</p>'


def _data(picture: Picture) -> str:
    data = {
        "cards": {card.address: _details(card) for card in picture.cards},
        "links": [
            {
                "source": link.source,
                "relation": link.relation.replace("_", " "),
                "target": link.target,
                "from": link.source_card,
                "to": link.target_card,
                "quiet": link.quiet,
                "status": WORDS[link.status],
            }
            for link in picture.links
        ],
    }
    # Inside a script element only `</` and `<!--` could end or hide it.
    return json.dumps(data, ensure_ascii=False, separators=(",", ":")).replace("<", "\\u003c")


def _details(card: Card) -> dict[str, object]:
    return {
        "place": card.place,
        "source": card.source,
        "rows": card.rows,
        "resources": card.resources,
        "facts": card.facts,
        "status": WORDS[card.status],
    }
