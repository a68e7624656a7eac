"""Defaults and validation by a structural schema, as k8s.io/apiextensions-apiserver does them.

A schema is structural: the tree of `properties`, `items` and `additionalProperties` says which fields exist, and what
stands in `allOf`, `anyOf`, `oneOf` and `not` only constrains their values. Unknown fields, which a server would drop in
silence, are refused, as `kubectl --validate=strict` does.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator, Mapping
from typing import Any

from tests.oracle.formats import fits_format
from tests.oracle.problem import Problem, child
from tests.oracle.regex import go_regex

Schema = Mapping[str, Any]

IMPLIED_BY_EMBEDDED_RESOURCE = frozenset({"apiVersion", "kind", "metadata"})


def defaulted(value: Any, schema: Schema) -> Any:
    """A copy with the schema's defaults filled in, and without the nulls that the server prunes.

    A null where the schema is not `nullable` counts as absent: the default replaces it, or the field goes.
    """
    if isinstance(value, dict):
        properties = schema.get("properties", {})
        extra = schema.get("additionalProperties")
        filled: dict[str, Any] = {}
        for key, item in value.items():
            below = properties.get(key, extra if isinstance(extra, dict) else None)
            if below is None:
                filled[key] = copy.deepcopy(item)
            elif item is not None or below.get("nullable"):
                filled[key] = defaulted(item, below)
        for key, below in properties.items():
            if key not in filled and "default" in below:
                filled[key] = defaulted(below["default"], below)
        return filled
    if isinstance(value, list):
        items = schema.get("items", {})
        return [defaulted(item, items) for item in value]
    return value


def structural_problems(value: Any, schema: Schema, path: str, closed: bool = True) -> Iterator[Problem]:
    """Everything in which a value (after `defaulted`) breaks its schema. `closed` refuses unknown fields."""
    if value is None and schema.get("nullable"):
        return
    wrong = _type_problem(value, schema)
    if wrong:
        yield Problem(path, wrong)
        return
    for message in _value_messages(value, schema):
        yield Problem(path, message)
    if isinstance(value, dict):
        yield from _object_problems(value, schema, path, closed)
    elif isinstance(value, list):
        yield from _list_problems(value, schema, path, closed)
    yield from _junctor_problems(value, schema, path)


def canonical(value: Any) -> str:
    """A text that is equal for equal JSON values; `true` differs from `1`."""
    return json.dumps(value, sort_keys=True, ensure_ascii=False, default=str)


def is_type(value: Any, name: str) -> bool:
    """Whether a value has a type of OpenAPI; `1.0` is an integer, as in the API server."""
    if isinstance(value, bool):
        return name == "boolean"
    if name == "integer":
        return isinstance(value, int) or (isinstance(value, float) and value.is_integer())
    if name == "number":
        return isinstance(value, (int, float))
    return isinstance(value, {"string": str, "array": list, "object": dict}.get(name, ()))


def _type_problem(value: Any, schema: Schema) -> str | None:
    if schema.get("x-kubernetes-int-or-string"):
        good = is_type(value, "integer") or is_type(value, "string")
        return None if good else f"must be an integer or a string: {_shown(value)}"
    name = schema.get("type")
    if name and not is_type(value, name):
        return f"must be of type {name}: {_shown(value)}"
    return None


def _shown(value: Any) -> str:
    text = canonical(value)
    return text if len(text) <= 80 else f"{text[:77]}..."


def _value_messages(value: Any, schema: Schema) -> Iterator[str]:
    if "enum" in schema and canonical(value) not in {canonical(one) for one in schema["enum"]}:
        yield f"{_shown(value)} is not one of {', '.join(map(_shown, schema['enum']))}"
    if "format" in schema and not fits_format(value, schema["format"]):
        yield f"{_shown(value)} is not in the format {schema['format']}"
    if isinstance(value, str):
        if "pattern" in schema and not go_regex(schema["pattern"]).search(value):
            yield f"{_shown(value)} does not match {schema['pattern']!r}"
        yield from _size_messages(len(value), schema, "Length", "characters")
    elif isinstance(value, dict):
        yield from _size_messages(len(value), schema, "Properties", "entries")
    elif isinstance(value, list):
        yield from _size_messages(len(value), schema, "Items", "items")
    elif is_type(value, "number"):
        yield from _number_messages(value, schema)


def _size_messages(size: int, schema: Schema, what: str, unit: str) -> Iterator[str]:
    least, most = schema.get(f"min{what}"), schema.get(f"max{what}")
    if least is not None and size < least:
        yield f"has {size} {unit}, at least {least} are needed"
    if most is not None and size > most:
        yield f"has {size} {unit}, at most {most} are allowed"


def _number_messages(value: float, schema: Schema) -> Iterator[str]:
    least, most, step = schema.get("minimum"), schema.get("maximum"), schema.get("multipleOf")
    if least is not None and (value < least or (schema.get("exclusiveMinimum") and value == least)):
        yield f"{value} is below the minimum {least}"
    if most is not None and (value > most or (schema.get("exclusiveMaximum") and value == most)):
        yield f"{value} is above the maximum {most}"
    if step and value % step:
        yield f"{value} is not a multiple of {step}"


def _object_problems(value: dict[str, Any], schema: Schema, path: str, closed: bool) -> Iterator[Problem]:
    for name in schema.get("required", ()):
        if name not in value:
            yield Problem(child(path, name), "is required")
    properties = schema.get("properties", {})
    extra = schema.get("additionalProperties")
    embedded = schema.get("x-kubernetes-embedded-resource", False)
    free = extra is True or schema.get("x-kubernetes-preserve-unknown-fields", False)
    for key, item in value.items():
        if not isinstance(key, str):
            yield Problem(child(path, str(key)), "the key is not a string")
        elif key in properties:
            yield from structural_problems(item, properties[key], child(path, key), closed)
        elif isinstance(extra, dict):
            yield from structural_problems(item, extra, child(path, key), closed)
        elif closed and not free and not (embedded and key in IMPLIED_BY_EMBEDDED_RESOURCE):
            yield Problem(child(path, key), "unknown field")
    if embedded:
        for key in ("apiVersion", "kind"):
            if not isinstance(value.get(key), str) or not value[key]:
                yield Problem(child(path, key), "an embedded object must name it")


def _list_problems(value: list[Any], schema: Schema, path: str, closed: bool) -> Iterator[Problem]:
    items = schema.get("items")
    if isinstance(items, dict):
        for position, item in enumerate(value):
            yield from structural_problems(item, items, child(path, position), closed)
    kind = schema.get("x-kubernetes-list-type")
    if kind not in ("set", "map"):
        return
    keys = schema.get("x-kubernetes-list-map-keys", ())
    seen: set[str] = set()
    for position, item in enumerate(value):
        if kind == "map":
            if not isinstance(item, dict):
                continue
            identity = {key: item.get(key) for key in keys}
        else:
            identity = item
        text = canonical(identity)
        if text in seen:
            yield Problem(child(path, position), f"stands twice in the list: {_shown(identity)}")
        seen.add(text)


def _junctor_problems(value: Any, schema: Schema, path: str) -> Iterator[Problem]:
    def fits(below: Schema) -> bool:
        return next(structural_problems(value, below, path, closed=False), None) is None

    for below in schema.get("allOf", ()):
        yield from structural_problems(value, below, path, closed=False)
    if "anyOf" in schema and not any(fits(below) for below in schema["anyOf"]):
        yield Problem(path, f"fits none of the forms {_shown(schema['anyOf'])}")
    if "oneOf" in schema:
        count = sum(fits(below) for below in schema["oneOf"])
        if count != 1:
            yield Problem(path, f"fits {count} of the forms {_shown(schema['oneOf'])} instead of one")
    if "not" in schema and fits(schema["not"]):
        yield Problem(path, f"must not fit {_shown(schema['not'])}")
