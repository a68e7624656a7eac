"""Where each key and value stands: a tree beside the plain data, made of what the parser hands out anyway.

Spans by path would cost more than parsing: a tuple, a hash and an object for every scalar. So the parser's own marks
are kept, in the shape of the data, and become a `Span` when somebody asks.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TypeAlias

from yaml.error import Mark

from platformspec.diagnostics import Path, Span

# file, start and end of the key (None in a list and at the root), start and end of the value, what is inside.
# Plain tuples, because a class would double the time of the composer.
Place: TypeAlias = "tuple[str, Mark | None, Mark | None, Mark, Mark, Inside]"
Inside: TypeAlias = "dict[str, Place] | list[Place] | None"


def between(file: str, start: Mark, end: Mark) -> Span:
    """Marks count from 0 and a span from 1; the end is the column after the last character in both."""
    return Span(file, start.line + 1, start.column + 1, end.line + 1, end.column + 1)


def value_span(place: Place) -> Span:
    return between(place[0], place[3], place[4])


def key_span(place: Place) -> Span:
    """The span of the key, or of the value where there is no key: a position of a list, the root."""
    file, start, end, *_ = place
    return value_span(place) if start is None or end is None else between(file, start, end)


def inside(place: Place, part: str | int) -> Place | None:
    """The place one step further, or None if nothing was written there."""
    match place[5]:
        case dict() as entries if isinstance(part, str):
            return entries.get(part)
        case list() as items if isinstance(part, int):
            return items[part] if 0 <= part < len(items) else None
    return None


def nearest(root: Place, path: Path) -> tuple[Place, int]:
    """The place of the path or of its nearest written ancestor, and how many steps of the path lead there."""
    place = root
    for depth, part in enumerate(path):
        found = inside(place, part)
        if found is None:
            return place, depth
        place = found
    return place, len(path)


def with_key(place: Place, key: Place) -> Place:
    """A value at another key: what a patch writes has the path of the patch as its key."""
    return (place[0], key[1], key[2], *place[3:])


def with_inside(place: Place, content: Inside) -> Place:
    return (*place[:5], content)


def walk(root: Place) -> Iterator[tuple[Path, Place]]:
    """Every path with its place, the root first."""
    todo: list[tuple[Path, Place]] = [((), root)]
    while todo:
        path, place = todo.pop()
        yield path, place
        match place[5]:
            case dict() as entries:
                todo.extend(((*path, key), entry) for key, entry in reversed(entries.items()))
            case list() as items:
                todo.extend(((*path, index), items[index]) for index in reversed(range(len(items))))
