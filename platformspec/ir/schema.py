"""What the arguments of Terraform types are, and whether a node keeps to them."""

from __future__ import annotations

import json
import re
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from platformspec.diagnostics import Path, dotted
from platformspec.ir.expr import Attr, Concat, Json, Secret, Value, Yaml
from platformspec.ir.node import Data, Node

_STEP = re.compile(r"([a-z0-9_]+)(?:\[(\d+|\"[^\"]+\")\])?")
_FUNCTION = re.compile(r"(?:tolist|base64decode)\(([^()]+)\)")
ANY_BLOCK: dict[str, Any] = {"a": {}, "b": {}}


@dataclass
class Catalogue:
    """Schemas of resources and data sources, unpacked when first asked for.

    `index` names `resource.<type>`, `data.<type>` and `provider.<name>` with offset and length in `packed`; `versions` says of
    which version of each Terraform provider they are.
    """

    index: Mapping[str, tuple[int, int]]
    packed: bytes
    versions: Mapping[str, str] = field(default_factory=dict)
    _unpacked: dict[str, dict[str, Any]] = field(default_factory=dict)

    def schema(self, kind: str, type: str) -> dict[str, Any] | None:
        """`{"a": {name: [type, flags]}, "b": {name: [mode, required, schema]}}`, or None for a type it does not know."""
        key = f"{kind}.{type}"
        if key not in self._unpacked:
            place = self.index.get(key)
            if place is None:
                return None
            self._unpacked[key] = json.loads(zlib.decompress(self.packed[place[0] : place[0] + place[1]]))
        return self._unpacked[key]

    def knows(self, node: Node) -> bool:
        """Whether the node's type is in this catalogue."""
        return f"{_kind(node)}.{node.type}" in self.index

    def carries_tags(self, type: str) -> bool:
        """Whether resources of the type have `tags` as a map of text."""
        schema = self.schema("resource", type)
        return schema is not None and schema["a"].get("tags", [None])[0] == ["map", "string"]

    def problems(self, node: Node) -> Iterator[tuple[Path, str]]:
        """Where the node's arguments are not those of its type, and what is wrong, in words."""
        schema = self.schema(_kind(node), node.type)
        if schema is None:
            yield (), f"{node.type} is not known"
            return
        yield from _block(dict(node.attrs), schema, ())

    def has_path(self, node: Node, path: str) -> bool:
        """Whether `path` (as Terraform writes it) is an attribute of the node's type."""
        schema: Any = self.schema(_kind(node), node.type)
        for step in _steps(_FUNCTION.sub(r"\1", path)):
            found = _STEP.fullmatch(step)
            if found is None or schema is None:
                return False
            name = found[1]
            if name in schema["a"]:
                type = schema["a"][name][0]
                schema = (
                    type[2] if isinstance(type, list) and type[0] == "object" else ANY_BLOCK if type == "any" else None
                )
            elif name in schema["b"]:
                schema = schema["b"][name][2]
            elif schema is not ANY_BLOCK:
                return False
        return True


def _kind(node: Node) -> str:
    return "data" if isinstance(node, Data) else "resource"


def _steps(path: str) -> list[str]:
    return re.split(r"\.(?![^\[]*\])", path)


def _block(value: Any, schema: Mapping[str, Any], at: Path) -> Iterator[tuple[Path, str]]:
    if not isinstance(value, dict):
        yield at, f"{dotted(at)} is {_word(value)}, and not a block"
        return
    for name, item in value.items():
        where = (*at, name)
        if name in schema["a"]:
            type, flags = schema["a"][name]
            if flags == "c":
                yield where, f"{dotted(where)} is set by the provider and cannot be given"
            elif item is not None:
                yield from _typed(item, type, where)
        elif name in schema["b"]:
            mode, _, inner = schema["b"][name]
            if mode in ("struct", "one") and isinstance(item, dict):
                yield from _block(item, inner, where)
            elif mode == "struct" or not isinstance(item, (list, tuple)):
                yield (
                    where,
                    f"{dotted(where)} is {_word(item)}, and not {'an object' if mode == 'struct' else 'a list of blocks'}",
                )
            elif mode == "one" and len(item) != 1:
                yield where, f"{dotted(where)} stands {len(item)} times, and only once is allowed"
            else:
                for position, entry in enumerate(item):
                    yield from _block(entry, inner, (*where, position))
        else:
            yield where, f"{dotted(where)} is not an argument"
    for name, (_, flags) in schema["a"].items():
        if "r" in flags and value.get(name) is None:
            yield (*at, name), f"{dotted((*at, name))} is required"
    for name, (_, required, _) in schema["b"].items():
        if required and not value.get(name):
            yield (*at, name), f"{dotted((*at, name))} is required"


def _typed(value: Value, type: Any, at: Path) -> Iterator[tuple[Path, str]]:
    if isinstance(value, (Attr, Concat, Secret)) or type == "any":
        return
    if isinstance(type, list) and type[0] == "object":
        entries = value if isinstance(value, (list, tuple)) else [value]
        for position, entry in enumerate(entries):
            yield from _block(entry, type[2], (*at, position))
    elif isinstance(type, list) and type[0] in ("list", "set"):
        if not isinstance(value, (list, tuple)):
            yield at, f"{dotted(at)} is {_word(value)}, and not a list"
            return
        for position, item in enumerate(value):
            yield from _typed(item, type[1], (*at, position))
    elif isinstance(type, list):
        if not isinstance(value, dict):
            yield at, f"{dotted(at)} is {_word(value)}, and not a map"
            return
        for key, item in value.items():
            yield from _typed(item, type[1], (*at, key))
    else:
        fits = {
            "string": isinstance(value, (str, Json, Yaml)),
            "number": isinstance(value, (int, float)) and not isinstance(value, bool),
            "bool": isinstance(value, bool),
        }
        if not fits[type]:
            yield at, f"{dotted(at)} is {_word(value)}, and not a {type}"


def _word(value: Any) -> str:
    if value is None:
        return "null"
    return {bool: "a bool", int: "a number", float: "a number", str: "a string", dict: "a map", list: "a list"}.get(
        type(value), f"a {type(value).__name__.lower()}"
    )
