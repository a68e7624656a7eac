"""Custom resources against their definitions: structural schema with Kubernetes' semantics, defaults, and CEL rules.

The definitions are JSON files in the folder that PLATFORMSPEC_CRDS names. CEL is evaluated by `common-expression-language`;
functions of Kubernetes that it lacks are supplied here. Rules that compare with the object before a change (`oldSelf`) are
not evaluated, but counted.
"""

from __future__ import annotations

import copy
import functools
import json
import os
import pathlib
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import cel

FOLDER = os.environ.get("PLATFORMSPEC_CRDS")
TYPES = {"string": str, "integer": int, "number": (int, float), "boolean": bool, "array": list, "object": dict}
RESERVED = re.compile(r"__(dash|dot|slash|underscores)__")


@dataclass
class Verdict:
    """Problems of an object, and what was not evaluated, with the reason."""

    problems: list[str] = field(default_factory=list)
    not_evaluated: list[str] = field(default_factory=list)
    evaluated: int = 0


@functools.cache
def definitions() -> dict[tuple[str, str], dict[str, Any]]:
    """`(apiVersion, kind)` -> the version's entry in its definition, with the scope."""
    found: dict[tuple[str, str], dict[str, Any]] = {}
    for path in sorted(pathlib.Path(FOLDER or "/nowhere").glob("*.json")):
        definition = json.loads(path.read_text("utf-8"))
        spec = definition["spec"]
        for version in spec["versions"]:
            if version.get("served", True):
                found[(f"{spec['group']}/{version['name']}", spec["names"]["kind"])] = {
                    **version,
                    "scope": spec["scope"],
                }
    return found


def validate(manifest: dict[str, Any]) -> Verdict:
    """Check one object. Raises `KeyError` where no definition serves its kind."""
    version = definitions()[(manifest["apiVersion"], manifest["kind"])]
    verdict = Verdict()
    namespaced = "namespace" in manifest["metadata"]
    if namespaced != (version["scope"] == "Namespaced"):
        verdict.problems.append(f"metadata.namespace: the kind is {version['scope']}")
    schema = version["schema"]["openAPIV3Schema"]
    value = defaulted(copy.deepcopy(manifest), schema)
    top = {
        **schema,
        "properties": {
            **schema.get("properties", {}),
            "apiVersion": {"type": "string"},
            "kind": {"type": "string"},
            "metadata": {"type": "object", "x-kubernetes-preserve-unknown-fields": True},
        },
    }
    _check(value, top, "", verdict)
    return verdict


def defaulted(value: Any, schema: dict[str, Any]) -> Any:
    """The value with the schema's defaults, as the API server stores it."""
    if isinstance(value, dict):
        for name, inner in schema.get("properties", {}).items():
            if name not in value and "default" in inner:
                value[name] = copy.deepcopy(inner["default"])
            if name in value:
                value[name] = defaulted(value[name], inner)
        extra = schema.get("additionalProperties")
        if isinstance(extra, dict):
            for name in value:
                if name not in schema.get("properties", {}):
                    value[name] = defaulted(value[name], extra)
    elif isinstance(value, list) and "items" in schema:
        return [defaulted(item, schema["items"]) for item in value]
    return value


def _check(value: Any, schema: dict[str, Any], path: str, verdict: Verdict) -> None:
    if value is None and schema.get("nullable"):
        return
    problems = verdict.problems
    if schema.get("x-kubernetes-int-or-string"):
        if isinstance(value, bool) or not isinstance(value, (int, str)):
            problems.append(f"{path}: neither a number nor text")
    elif (kind := schema.get("type")) and (
        not isinstance(value, TYPES[kind]) or (isinstance(value, bool) and kind != "boolean")
    ):
        problems.append(f"{path}: {type(value).__name__}, and not {kind}")
        return
    _bounds(value, schema, path, problems)
    for word in ("allOf", "anyOf", "oneOf"):
        if word in schema and not schema.get("x-kubernetes-int-or-string"):
            fits = [_fits(value, option) for option in schema[word]]
            good = all(fits) if word == "allOf" else any(fits) if word == "anyOf" else sum(fits) == 1
            if not good:
                problems.append(f"{path}: does not fit {word}")
    if "not" in schema and _fits(value, schema["not"]):
        problems.append(f"{path}: fits what is excluded")
    if isinstance(value, dict):
        _object(value, schema, path, verdict)
    elif isinstance(value, list):
        for position, item in enumerate(value):
            _check(item, schema.get("items", {}), f"{path}[{position}]", verdict)
        keys = schema.get("x-kubernetes-list-map-keys")
        identities = [
            json.dumps([item.get(key) for key in keys] if keys and isinstance(item, dict) else item, sort_keys=True)
            for item in value
        ]
        if schema.get("x-kubernetes-list-type") in ("map", "set") and len(set(identities)) < len(identities):
            problems.append(f"{path}: entries are not unique")
    for rule in schema.get("x-kubernetes-validations", ()):
        _rule(value, schema, rule, path, verdict)


def _object(value: dict[str, Any], schema: dict[str, Any], path: str, verdict: Verdict) -> None:
    properties, extra = schema.get("properties", {}), schema.get("additionalProperties")
    verdict.problems += [f"{path}.{name}: missing" for name in schema.get("required", ()) if name not in value]
    for name, item in value.items():
        where = f"{path}.{name}" if path else name
        if name in properties:
            _check(item, properties[name], where, verdict)
        elif isinstance(extra, dict):
            _check(item, extra, where, verdict)
        elif (
            extra is not True
            and not schema.get("x-kubernetes-preserve-unknown-fields")
            and (properties or schema.get("type") == "object")
        ):
            verdict.problems.append(f"{where}: unknown field")


def _bounds(value: Any, schema: dict[str, Any], path: str, problems: list[str]) -> None:
    size = len(value) if isinstance(value, (str, list, dict)) else None
    number = value if isinstance(value, (int, float)) and not isinstance(value, bool) else None
    if "enum" in schema and value not in schema["enum"]:
        problems.append(f"{path}: {value!r} is none of {schema['enum']}")
    if isinstance(value, str) and "pattern" in schema and not re.search(schema["pattern"], value):
        problems.append(f"{path}: {value!r} does not match {schema['pattern']}")
    for low, high in (("minLength", "maxLength"), ("minItems", "maxItems"), ("minProperties", "maxProperties")):
        if size is not None and (size < schema.get(low, 0) or size > schema.get(high, 10**9)) and _counts(value, low):
            problems.append(f"{path}: size {size}")
    if number is not None and (number < schema.get("minimum", number) or number > schema.get("maximum", number)):
        problems.append(f"{path}: {number} is out of range")


def _counts(value: Any, word: str) -> bool:
    return isinstance(value, {"minLength": str, "minItems": list, "minProperties": dict}[word])


def _fits(value: Any, schema: dict[str, Any]) -> bool:
    # Inside these words a schema says nothing about unknown fields.
    verdict = Verdict()
    _check(value, {"x-kubernetes-preserve-unknown-fields": True, **schema}, "", verdict)
    return not verdict.problems


def _rule(value: Any, schema: dict[str, Any], rule: dict[str, Any], path: str, verdict: Verdict) -> None:
    text = rule["rule"]
    if re.search(r"\boldSelf\b", text):
        if not rule.get("optionalOldSelf"):
            verdict.not_evaluated.append(f"{path}: transition rule: {text}")
            return
        verdict.not_evaluated.append(f"{path}: transition rule (optional): {text}")
        return
    try:
        context = cel.Context(variables={"self": _for_cel(value)})
        for name, function in FUNCTIONS.items():
            context.add_function(name, function)
        result = cel.evaluate(text, context)
    except Exception as error:
        verdict.not_evaluated.append(f"{path}: {type(error).__name__}: {error}: {text}")
        return
    verdict.evaluated += 1
    if result is not True:
        verdict.problems.append(f"{path}: {rule.get('message', text)}")


def _for_cel(value: Any) -> Any:
    """Field names as CEL spells them: those with `-`, `.` or `/` are escaped."""
    if isinstance(value, dict):
        return {key: _for_cel(item) for key, item in value.items()}
    return [_for_cel(item) for item in value] if isinstance(value, list) else value


def _find(text: str, pattern: str) -> str:
    match = re.search(pattern, text)
    return match[0] if match else ""


def _is_quantity(text: Any) -> bool:
    return bool(re.fullmatch(r"[+-]?\d+(\.\d+)?([KMGTPE]i?|[munk]|[eE]\d+)?", str(text)))


def _is_ip(text: str) -> bool:
    import ipaddress

    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


FUNCTIONS: dict[str, Any] = {
    "find": _find,
    "split": lambda text, by: text.split(by),
    "lowerAscii": lambda text: text.lower(),
    "upperAscii": lambda text: text.upper(),
    "substring": lambda text, start, end=None: text[int(start) : None if end is None else int(end)],
    "isIP": _is_ip,
    "isQuantity": _is_quantity,
    "indexOf": lambda text, part: (
        text.find(part) if isinstance(text, str) else text.index(part) if part in text else -1
    ),
    "trim": lambda text: text.strip(),
    "replace": lambda text, old, new: text.replace(old, new),
    "isURL": lambda text: bool(re.match(r"[a-z][a-z0-9+.-]*://", text)),
}


def all_rules() -> Iterator[tuple[str, str]]:
    """`(kind, rule)` of every rule of every definition."""

    def walk(schema: Any) -> Iterator[str]:
        if isinstance(schema, dict):
            for rule in schema.get("x-kubernetes-validations", ()):
                yield rule["rule"]
            for item in schema.values():
                yield from walk(item)
        elif isinstance(schema, list):
            for item in schema:
                yield from walk(item)

    for (version, kind), entry in definitions().items():
        for rule in walk(entry["schema"]):
            yield f"{version}/{kind}", rule
