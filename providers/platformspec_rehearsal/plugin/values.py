"""Terraform's values: between msgpack on the wire and plain data, and how to visit every attribute of one.

A value not known yet is `UNKNOWN`. Sets travel as lists. Schemas are those of the catalogue:
`{"a": {name: [type, flags]}, "b": {name: [mode, required, schema]}}`.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any, Final

import msgpack

from platformspec_rehearsal.plugin.protocol import message

Schema = Mapping[str, Any]
Path = tuple[str, ...]
Visit = Callable[[Path, list[Any], Any], Any]
UNKNOWN: Final = msgpack.ExtType(0, b"\x00")


def decode(value: Any) -> Any:
    """A DynamicValue as plain data; None for null."""
    if value.msgpack:
        return msgpack.unpackb(value.msgpack, raw=False, strict_map_key=False)
    return json.loads(value.json) if value.json else None


def encode(value: Any) -> Any:
    """Plain data as a DynamicValue."""
    return message("DynamicValue", msgpack=msgpack.packb(value))


def is_unknown(value: Any) -> bool:
    """Whether the value itself is not known yet (Terraform may add what it knows about it, such as "not null")."""
    return isinstance(value, msgpack.ExtType)


def has_unknown(value: Any) -> bool:
    """Whether the value or anything in it is not known yet."""
    if isinstance(value, dict):
        return any(has_unknown(item) for item in value.values())
    if isinstance(value, list):
        return any(has_unknown(item) for item in value)
    return is_unknown(value)


def visit(schema: Schema, value: dict[str, Any], change: Visit, at: Path = ()) -> None:
    """Replace each attribute of a block, and of the blocks in it, by `change(path, [type, flags], value)`.

    The path names attributes and blocks; positions in lists are left out.
    """
    for name, attribute in schema["a"].items():
        value[name] = change((*at, name), attribute, value.get(name))
    for name, (mode, _, inner) in schema["b"].items():
        for entry in entries(value.get(name), mode):
            visit(inner, entry, change, (*at, name))


def entries(blocks: Any, mode: str) -> list[dict[str, Any]]:
    """The blocks of one name; none where they are null or unknown."""
    if blocks is None or is_unknown(blocks):
        return []
    found = [blocks] if mode == "struct" else blocks.values() if mode == "map" else blocks
    return [block for block in found if isinstance(block, dict)]


def values_at(value: Any, path: Path) -> list[Any]:
    """All values at a path of names, through lists; empty where something on the way is null or unknown."""
    if isinstance(value, list):
        return [found for item in value for found in values_at(item, path)]
    if not path:
        return [value]
    return values_at(value[path[0]], path[1:]) if isinstance(value, dict) and path[0] in value else []
