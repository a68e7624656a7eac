"""The JSON Schema of platform.yaml, generated from the specs. Editors use it, and a test holds it against the compiler."""

from __future__ import annotations

import functools
from typing import Any, Final

from platformspec.diagnostics import Path
from platformspec.kinds.base import PROFILE_DEFAULTS, REFERENCE_KIND
from platformspec.kinds.platform import PlatformSpec
from platformspec.kinds.prices import PricesSpec

ID: Final = "https://platformspec.dev/schemas/platform.schema.json"
FRAGMENT_ID: Final = "https://platformspec.dev/schemas/fragment.schema.json"
PRICES_ID: Final = "https://platformspec.dev/schemas/prices.schema.json"
HEADER: Final = ("apiVersion", "kind")
BOUNDS: Final = {"ge": "minimum", "gt": "exclusiveMinimum", "le": "maximum", "lt": "exclusiveMaximum"}
Schema = dict[str, Any]


@functools.cache
def platform_schema() -> Schema:
    """JSON Schema 2020-12 of a platform file."""
    schema = _cleaned(PlatformSpec.model_json_schema(by_alias=True))
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", "$id": ID, "title": "platform.yaml", **schema}


@functools.cache
def fragment_schema() -> Schema:
    """JSON Schema of an included file: any of the sections, none of them needed."""
    schema = {key: value for key, value in platform_schema().items() if key != "required"}
    properties = {name: value for name, value in schema["properties"].items() if name not in (*HEADER, "include")}
    return {**schema, "$id": FRAGMENT_ID, "title": "included part of platform.yaml", "properties": properties}


@functools.cache
def prices_schema() -> Schema:
    """JSON Schema of a price file."""
    schema = _cleaned(PricesSpec.model_json_schema(by_alias=True))
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": PRICES_ID,
        "title": "prices.yaml",
        **schema,
    }


def schema_at(path: Path) -> Schema:
    """The schema of the value at a path; empty where there is none."""
    schema: Schema = platform_schema()
    for part in path:
        schema = _step(schema, part)
    return _resolved(schema)


def fields_at(path: Path) -> tuple[str, ...]:
    """The keys that a mapping at this path may have; empty where it has names of the user's choice."""
    options = [_resolved(option) for option in schema_at(path).get("anyOf", [schema_at(path)])]
    return tuple(key for option in options for key in option.get("properties", ()))


def _step(schema: Schema, part: str | int) -> Schema:
    schema = _resolved(schema)
    for option in schema.get("anyOf", [schema]):
        option = _resolved(option)
        if isinstance(part, int):
            if "items" in option:
                return dict(option["items"])
        elif part in option.get("properties", ()):
            return dict(option["properties"][part])
        elif option.get("patternProperties"):
            return dict(next(iter(option["patternProperties"].values())))
        elif isinstance(option.get("additionalProperties"), dict):
            return dict(option["additionalProperties"])
    return {}


def _resolved(schema: Schema) -> Schema:
    while "$ref" in schema:
        target = platform_schema()["$defs"][schema["$ref"].rsplit("/", 1)[1]]
        schema = {**target, **{key: value for key, value in schema.items() if key != "$ref"}}
    return schema


def _cleaned(schema: Any) -> Any:
    """Without titles and discriminators, closed mappings, and defaults that people can read."""
    if isinstance(schema, list):
        return [_cleaned(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    out: Schema = {}
    for word, value in schema.items():
        # pydantic leaves bounds behind a validator under their Python names.
        key: str = BOUNDS.get(word) or word
        if key in ("title", "discriminator") and not isinstance(value, dict):
            continue
        if key in ("properties", "$defs", "patternProperties"):
            out[key] = {name: _cleaned(item) for name, item in value.items()}
        elif key in ("default", "enum", "const"):
            out[key] = value
        elif key not in (PROFILE_DEFAULTS, REFERENCE_KIND, "discriminator"):
            out[key] = _cleaned(value)
    if "patternProperties" in out:
        out["additionalProperties"] = False
    if PROFILE_DEFAULTS in schema:
        del out["default"]
        words = ", ".join(f"{profile} {_short(value)}" for profile, value in schema[PROFILE_DEFAULTS].items())
        out["description"] = f"{out['description']} Default by profile: {words}."
    if "oneOf" in out:
        # The alternatives of a discriminated union exclude each other already.
        out["anyOf"] = out.pop("oneOf")
    return out


def _short(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return "[" + ", ".join(map(str, value)) + "]" if isinstance(value, list) else str(value)
