"""Values made from a schema, on which a rule can be tried out: a small one and a full one."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from tests.oracle.structural import Schema, defaulted

# Enough for every rule at hand; deeper the full value of a pod template becomes a book.
FULL_DEPTH = 5
_BY_FORMAT = {"date-time": "2026-01-31T12:00:00Z", "byte": "YQ==", "uri": "https://a.example"}
# Texts, for rules that parse them: a word, a duration, a number.
_TEXTS = ("a", "1s", "1")


def specimens(schema: Schema) -> Iterator[Any]:
    """Values with defaults, of the schema's types, not necessarily within its bounds; smallest first."""
    for depth in (0, FULL_DEPTH):
        for text in _TEXTS:
            yield defaulted(_value(schema, depth, text), schema)


def _value(schema: Schema, depth: int, text: str) -> Any:
    """A value with all optional fields down to a depth, with one item in each list and map there."""
    if schema.get("enum"):
        return schema["enum"][0]
    if schema.get("x-kubernetes-int-or-string"):
        return 1
    match schema.get("type"):
        case "string":
            return _BY_FORMAT.get(schema.get("format", ""), text)
        case "integer" | "number":
            return max(1, schema.get("minimum", 1))
        case "boolean":
            return True
        case "array":
            needed = max(schema.get("minItems", 0), 1 if depth else 0)
            return [_value(schema.get("items", {}), max(depth - 1, 0), text)] * needed
    properties = schema.get("properties", {})
    wanted = (
        properties if depth else {name: properties[name] for name in schema.get("required", ()) if name in properties}
    )
    filled = {name: _value(below, max(depth - 1, 0), text) for name, below in wanted.items()}
    extra = schema.get("additionalProperties")
    if isinstance(extra, dict) and depth:
        filled["a.example/b"] = _value(extra, depth - 1, text)
    return filled
