"""Text that is safe in a terminal: a file or a value must not move the cursor, change colours or reorder the line."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Sequence
from typing import Final

# Narrower than the eight of most terminals: what is quoted is indented already.
TAB_WIDTH: Final = 4
# A quoted line is cut to this many columns, so that the caret stays on the line that it points to.
MOST_COLUMNS: Final = 110

_STYLES: Final = {"error": "1;31", "warning": "1;33", "frame": "1;34", "strong": "1"}
Paint = Callable[[str, str], str]
"""(style, text) -> the text in that style: error, warning, frame or strong."""


def painter(color: bool) -> Paint:
    """Paint with ANSI colours, or leave the text as it is."""

    def paint(style: str, text: str) -> str:
        return f"\x1b[{_STYLES[style]}m{text}\x1b[0m" if color and text else text

    return paint


def visible(text: str) -> str:
    """The text with control characters, line ends too, and characters that reorder text in visible form."""
    return text if text.isascii() and text.isprintable() else "".join(map(_visible_character, text))


def _visible_character(character: str) -> str:
    point = ord(character)
    if (
        character.isprintable()
    ):  # no control, format, surrogate, private or unassigned character, no separator but space
        return character
    if point < 0x20:
        return chr(0x2400 + point)  # Unicode has a picture for each, such as ␛
    if point == 0x7F:
        return "\u2421"
    # Joiners belong inside words of some scripts and inside emoji; spaces such as U+00A0 only look like a space.
    if point in (0x200C, 0x200D) or unicodedata.category(character) == "Zs":
        return character
    return f"<U+{point:04X}>"


def columns(text: str) -> int:
    """How many columns of a terminal a visible text takes."""
    return sum(map(_columns, text))


def _columns(character: str) -> int:
    if unicodedata.combining(character) or unicodedata.category(character) in ("Mn", "Me", "Cf"):
        return 0
    return 2 if unicodedata.east_asian_width(character) in ("W", "F") else 1


def snippet(line: str, start: int, end: int) -> tuple[str, int, int]:
    """The line as it is shown, and where the underline begins and how long it is, in columns of the terminal.

    `start` and `end` count the characters of the line from 0. A long line is cut around the underlined part.
    """
    start = min(start, len(line))
    end = max(start, min(end, len(line)))
    cells = [" " * TAB_WIDTH if character == "\t" else _visible_character(character) for character in line]
    widths = [columns(cell) for cell in cells]
    # A combining mark is drawn on the character before it, so the underline begins there too.
    while start and start < len(line) and widths[start] == 0:
        start -= 1
    first, last = _window(widths, start, end)
    before = "…" if first else ""
    after = "…" if last < len(cells) else ""
    underline = max(1, sum(widths[start : min(end, last)]))
    return before + "".join(cells[first:last]) + after, len(before) + sum(widths[first:start]), underline


def _window(widths: Sequence[int], start: int, end: int) -> tuple[int, int]:
    """The characters to show: all if they fit, else those around the underlined ones, from both sides by turns."""
    if sum(widths) <= MOST_COLUMNS:
        return 0, len(widths)
    room = MOST_COLUMNS - 2  # one column for each sign that something is left out
    first = last = start
    while last < min(end, len(widths)) and room >= widths[last]:
        room -= widths[last]
        last += 1
    grew = True
    while grew:
        grew = False
        if first > 0 and room >= widths[first - 1]:
            first -= 1
            room -= widths[first]
            grew = True
        if last < len(widths) and room >= widths[last]:
            room -= widths[last]
            last += 1
            grew = True
    return first, last
