"""The paths of a patch: `models.chat.targets[0]`, `metadata.labels."a.b"`; the reverse of `diagnostics.dotted`."""

from __future__ import annotations

import re
from typing import Final

from platformspec.diagnostics import Path

_PART: Final = re.compile(r'"(?P<quoted>[^"]*)"|\[(?P<index>[0-9]{1,9})\]|(?P<plain>[^."\[\]]+)')
_NAMES: Final = "write names with dots between them, as in models.chat.pool"


class PathNotRead(Exception):
    """Why a path cannot be read, and what to write instead."""

    def __init__(self, fact: str, help: str) -> None:
        super().__init__(fact)
        self.fact = fact
        self.help = help


def read_path(text: str) -> Path:
    """The keys and positions that a dotted path names.

    >>> read_path('models.chat.targets[0]."a.b"')
    ('models', 'chat', 'targets', 0, 'a.b')
    """
    parts: list[str | int] = []
    position = 0
    while position < len(text):
        if parts and text[position] == ".":
            position += 1
        elif parts and text[position] != "[":
            raise PathNotRead(f"{text[position]} follows the end of a name", "write a dot between two names")
        match = _PART.match(text, position)
        if match is None or (match["index"] is not None and (not parts or text[position - 1] == ".")):
            raise _unread(text, position)
        parts.append(_part(match))
        position = match.end()
    if not parts:
        raise PathNotRead("it is empty", _NAMES)
    return tuple(parts)


def _part(match: re.Match[str]) -> str | int:
    if match["index"] is not None:
        return int(match["index"])
    return match["quoted"] if match["quoted"] is not None else match["plain"]


def _unread(text: str, position: int) -> PathNotRead:
    rest = text[position:]
    if rest.startswith('"'):
        return PathNotRead("a quote is not closed", 'write quotes around the whole name, as in metadata.labels."a.b"')
    if rest.startswith("["):
        return PathNotRead("[ ] holds no position", "write a position after the name of a list, as in targets[0]")
    where = "after the last dot" if not rest else "before the first dot" if not position else "between two dots"
    return PathNotRead(f"a name is missing {where}", _NAMES)
