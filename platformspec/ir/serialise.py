"""The IR as JSON, and back: `ir.json` is an output, and what a record of the last apply keeps."""

from __future__ import annotations

import json
from dataclasses import asdict, fields
from typing import Any, Final

from platformspec.diagnostics import Path
from platformspec.ir.cost import Amount, CostItem, Share
from platformspec.ir.expr import Attr, Concat, Json, Secret, Value, Yaml
from platformspec.ir.node import (
    Data,
    Ephemeral,
    Import,
    Manifest,
    Moved,
    Node,
    Output,
    Placement,
    ProviderConfig,
    Resource,
)
from platformspec.ir.program import Program

FORMAT_VERSION: Final = 1
KINDS: Final[dict[str, type[Node]]] = {
    "resource": Resource, "data": Data, "ephemeral": Ephemeral, "provider": ProviderConfig, "output": Output, "moved": Moved, "import": Import, "manifest": Manifest,
}  # fmt: skip
NAMES: Final = {kind: name for name, kind in KINDS.items()}
# The key of an expression; a mapping of a user with this key is wrapped in {"$map": ...}.
EXPRESSION_KEYS: Final = ("$attr", "$concat", "$json", "$yaml", "$secret", "$map")


def to_json(program: Program) -> bytes:
    """Deterministic; nodes in the order of their ids."""
    data = {
        "format_version": FORMAT_VERSION,
        "platform": program.platform,
        "environment": program.environment,
        "nodes": [node_to_data(node) for node in program],
        "costs": [_cost(item) for item in program.costs],
    }
    if program.former:
        data["former"] = {address: list(names) for address, names in sorted(program.former.items())}
    return (json.dumps(data, indent=1, ensure_ascii=False) + "\n").encode()


def from_json(content: bytes) -> Program:
    """The inverse. Raises `ValueError` for another format version or a damaged file."""
    data = json.loads(content)
    if not isinstance(data, dict) or data.get("format_version") != FORMAT_VERSION:
        raise ValueError(f"not an IR of format {FORMAT_VERSION}")
    try:
        return Program.of(
            data["platform"],
            data["environment"],
            [node_from_data(node) for node in data["nodes"]],
            [_read_cost(item) for item in data.get("costs", ())],
            former={address: tuple(names) for address, names in data.get("former", {}).items()},
        )
    except (KeyError, TypeError) as error:
        raise ValueError(f"the IR is damaged: {error}") from error


def node_to_data(node: Node) -> dict[str, Any]:
    """One node as plain data."""
    placement = node.placement
    out: dict[str, Any] = {
        "id": node.id,
        "kind": NAMES[type(node)],
        "type": node.type,
        "stack": node.stack,
        "placement": {"account": placement.account, "region": placement.region, "cluster": placement.cluster},
        "declaration": node.declaration,
        "attrs": {key: _value(value) for key, value in node.attrs.items()},
    }
    if node.after:
        out["after"] = [list(pair) for pair in node.after]
    if node.edges:
        out["edges"] = list(node.edges)
    if node.lifecycle:
        out["lifecycle"] = {key: _value(value) for key, value in node.lifecycle.items()}
    if node.provenance:
        out["provenance"] = [
            [list(path), [list(source) for source in sources]]
            for path, sources in sorted(node.provenance.items(), key=str)
        ]
    return out


def _value(value: Value) -> Any:
    if isinstance(value, Attr):
        return {"$attr": [value.node, value.path, *([value.known] if value.known is not None else [])]}
    if isinstance(value, Concat):
        return {"$concat": [_value(part) for part in value.parts]}
    if isinstance(value, Json):
        return {"$json": _value(value.tree)}
    if isinstance(value, Yaml):
        return {"$yaml": _value(value.tree)}
    if isinstance(value, Secret):
        return {"$secret": [_value(value.name), value.property]}
    if isinstance(value, dict):
        plain = {key: _value(item) for key, item in value.items()}
        return {"$map": plain} if any(key in EXPRESSION_KEYS for key in plain) else plain
    if isinstance(value, (list, tuple)):
        return [_value(item) for item in value]
    return value


def node_from_data(data: dict[str, Any]) -> Node:
    """The inverse of `node_to_data`. Raises `KeyError` or `TypeError` for damaged data."""
    return KINDS[data["kind"]](
        id=data["id"],
        type=data["type"],
        stack=data["stack"],
        placement=Placement(**data["placement"]),
        attrs={key: _read(value) for key, value in data["attrs"].items()},
        declaration=data["declaration"],
        after=tuple((id, why) for id, why in data.get("after", ())),
        edges=tuple(data.get("edges", ())),
        lifecycle={key: _read(value) for key, value in data.get("lifecycle", {}).items()},
        provenance={
            _path(path): tuple(_path(source) for source in sources) for path, sources in data.get("provenance", ())
        },
    )


def _cost(item: CostItem) -> dict[str, Any]:
    out = {field.name: getattr(item, field.name) for field in fields(item)}
    for bound in ("least", "likely", "most"):
        out[bound] = [
            {key: value for key, value in asdict(amount).items() if value is not None} for amount in out[bound]
        ]
    out["shares"] = [asdict(share) for share in item.shares]
    out["sources"] = [list(path) for path in item.sources]
    return {key: value for key, value in out.items() if value not in (None, "", [])}


def _read_cost(data: dict[str, Any]) -> CostItem:
    bounds = {bound: tuple(Amount(**amount) for amount in data.get(bound, ())) for bound in ("least", "likely", "most")}
    return CostItem(
        **{
            "team": None,
            **data,
            **bounds,
            "shares": tuple(Share(**share) for share in data.get("shares", ())),
            "sources": tuple(_path(path) for path in data.get("sources", ())),
        }
    )


def _path(parts: list[str | int]) -> Path:
    return tuple(parts)


def _read(value: Any) -> Value:
    if isinstance(value, list):
        return [_read(item) for item in value]
    if not isinstance(value, dict):
        return value  # type: ignore[no-any-return]
    if len(value) == 1:
        key, inner = next(iter(value.items()))
        if key == "$attr":
            return Attr(*inner)
        if key == "$concat":
            return Concat(tuple(_read(part) for part in inner))  # type: ignore[misc]
        if key == "$json":
            return Json(_read(inner))
        if key == "$yaml":
            return Yaml(_read(inner))
        if key == "$secret":
            return Secret(_read(inner[0]), inner[1])  # type: ignore[arg-type]
        if key == "$map":
            return {name: _read(item) for name, item in inner.items()}
    return {name: _read(item) for name, item in value.items()}
