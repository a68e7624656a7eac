"""Change one value of a file and nothing else: comments, quotes and order stay as they are."""

from __future__ import annotations

import json
import re
from typing import Any, Final

from platformspec.diagnostics import Code, Failure, Path, dotted
from platformspec.source.layout import Entry, Layout, Value, entry_of, read_layout
from platformspec.source.scalars import resolve

THROUGH_ALIAS = Code(
    "PS642",
    "a value that an alias repeats",
    explain="The place holds an alias, or an anchor that aliases repeat: a change there would change more than was asked for.",
)
NOT_A_PLACE = Code(
    "PS643",
    "a path that leads through a single value or past the end of a list",
    explain="Keys can be added to mappings. A path that goes on below a text, a number or a missing position of a list leads nowhere.",
)

# Less than YAML allows without quotes, so that no context reads it otherwise.
_PLAIN: Final = re.compile(r"[A-Za-z0-9_./][A-Za-z0-9_./@+-]*")


def with_value(text: str, path: Path, value: Any) -> str:
    """The text of a file with `value` at `path`; mappings on the way are made where they are missing.

    Raises `Failure` where the path leads through an alias or a single value. For text that `compose` reads without a mistake.
    """
    layout = read_layout(text)
    here = layout.root
    assert path
    for depth, part in enumerate(path):
        found = entry_of(here, part)
        if found is None:
            return _added(layout, here, path, depth, value)
        entry, here = found, found.value
        if here.kind == "alias" or here.anchor:
            raise Failure(
                THROUGH_ALIAS,
                f"{dotted(path[: depth + 1])} is {'an alias' if here.kind == 'alias' else 'repeated by aliases'}",
                "write the value out in the file, and then set it",
            )
        if here.kind == "scalar" and not here.text and depth < len(path) - 1:
            return _replaced(layout, entry, _nested(path[depth + 1 :], value))
    return _replaced(layout, entry, value)


def in_flow(value: Any) -> str:
    """A value on one line, quoted where YAML would read it otherwise."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{in_flow(key)}: {in_flow(item)}" for key, item in value.items()) + "}"
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(map(in_flow, value)) + "]"
    if not isinstance(value, str):
        return json.dumps(value)
    plain = _PLAIN.fullmatch(value) and resolve(value) == value
    return value if plain else json.dumps(value, ensure_ascii=False)


def _nested(path: Path, value: Any) -> Any:
    for part in reversed(path):
        value = {part: value}
    return value


def _replaced(layout: Layout, entry: Entry, value: Any) -> str:
    old, text = entry.value, layout.text
    end = old.start + len(text[old.start : old.end].rstrip())
    if old.style == "block":
        # A block stands below its key; comments between the two stay.
        head = text.index(":", entry.start + len(entry.key)) + 1 if entry.key else entry.start + 1
        return f"{text[:head]} {in_flow(value)}{text[head : old.start].rstrip()}{text[end:]}"
    space = "" if text[old.start - 1 : old.start] in (" ", "") else " "
    return f"{text[: old.start]}{space}{in_flow(value)}{text[end:]}"


def _added(layout: Layout, parent: Value, path: Path, depth: int, value: Any) -> str:
    if parent.kind != "mapping" or any(isinstance(part, int) for part in path[depth:]):
        reason = "is a single value" if parent.kind == "scalar" else "has no such position"
        raise Failure(
            NOT_A_PLACE,
            f"nothing can be written at {dotted(path)}: {dotted(path[:depth]) or 'the file'} {reason}",
            "write the path of a key that exists, or of a new key in a mapping",
        )
    text = layout.text
    line = f"{in_flow(path[depth])}: {in_flow(_nested(path[depth + 1 :], value))}"
    if parent.style == "flow":
        if not parent.entries:
            return f"{text[: parent.start]}{{{line}}}{text[parent.end :]}"
        end = parent.entries[-1].value.end
        return f"{text[:end]}, {line}{text[end:]}"
    last = parent.entries[-1].value
    end = last.start + len(text[last.start : last.end].rstrip())
    if "\n" not in text[end:]:
        text += "\n"
    stop = text.index("\n", end)
    column = parent.entries[0].start - (text.rfind("\n", 0, parent.entries[0].start) + 1)
    return f"{text[: stop + 1]}{' ' * column}{line}\n{text[stop + 1 :]}"
