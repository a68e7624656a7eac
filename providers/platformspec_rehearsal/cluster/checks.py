"""What the API refuses in an object: unknown fields, wrong types and values, names, changes of what cannot change."""

from __future__ import annotations

import functools
import json
import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError
from referencing import Registry
from referencing.jsonschema import DRAFT202012

from platformspec_rehearsal.cluster.answer import Failure
from platformspec_rehearsal.cluster.kinds import Kind, Kinds, definitions_of, field_at, table
from platformspec_rehearsal.cluster.shape import REFERENCE, Shape

# https://kubernetes.io/docs/concepts/overview/working-with-objects/names/
SUBDOMAIN: Final = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*")
LABEL: Final = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?")
LONGEST_SUBDOMAIN: Final = 253
LONGEST_LABEL: Final = 63
# Names of these are labels of DNS (Service: of RFC 1035, so it begins with a letter); those of roles are path segments.
LABEL_KINDS: Final = frozenset({"/Namespace", "/Service"})
PATH_SEGMENT_GROUP: Final = "rbac.authorization.k8s.io"
# Under which name Kubernetes' own schemas refer to each other.
OWN: Final = "urn:kubernetes"
LABEL_VALUE: Final = re.compile(r"(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?")
LABEL_NAME: Final = re.compile(r"([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]")
LONGEST_LABEL_VALUE: Final = 63


def check_names(obj: Mapping[str, Any], kind: Kind, kinds: Kinds, *, strict: bool) -> None:
    """Raises `Failure` (400) for unknown fields, where they are asked about. Holds for a partial configuration too."""
    unknown = list(_unknown(obj, kinds.shape(kind), "", top=True))
    if unknown and strict:
        names = ", ".join(f'unknown field "{path}"' for path in unknown)
        text = f'{kind.kind} in version "{kind.version}" cannot be handled as a {kind.kind}: strict decoding error: {names}'
        raise Failure(400, "BadRequest", text)


def check(obj: Mapping[str, Any], kind: Kind, kinds: Kinds, *, strict: bool) -> None:
    """Raises `Failure`: 400 for unknown fields where they are asked about, 422 for values."""
    check_names(obj, kind, kinds, strict=strict)
    problems = [*_metadata(obj, kind), *_values(obj, kind, kinds)]
    if problems:
        name = obj.get("metadata", {}).get("name", "")
        dotted = f"{kind.kind}.{kind.group}" if kind.group else kind.kind
        text = problems[0][1] if len(problems) == 1 else "[" + ", ".join(text for _, text in problems) + "]"
        causes = [{"reason": "FieldValueInvalid", "message": text, "field": path} for path, text in problems]
        details = {"name": name, "group": kind.group, "kind": kind.kind, "causes": causes}
        raise Failure(422, "Invalid", f'{dotted} "{name}" is invalid: {text}', details)


def check_change(old: Mapping[str, Any], new: Mapping[str, Any], kind: Kind) -> None:
    """Raises `Failure` (422) where a field changes that the API never lets change."""
    for path in table()["immutable"].get(kind.key, ()):
        before, after = field_at(old, path), field_at(new, path)
        if before is not None and before != after:
            text = f"{path}: Invalid value: {json.dumps(after)}: field is immutable"
            name = new["metadata"]["name"]
            dotted = f"{kind.kind}.{kind.group}" if kind.group else kind.kind
            raise Failure(422, "Invalid", f'{dotted} "{name}" is invalid: {text}', {"name": name})
    if kind.key in ("/ConfigMap", "/Secret") and old.get("immutable") and old.get("data") != new.get("data"):
        raise Failure(
            422, "Invalid", f"{kind.kind} is invalid: data: Forbidden: field is immutable when `immutable` is set"
        )


def _unknown(value: Any, shape: Shape, at: str, *, top: bool = False) -> Iterator[str]:
    if isinstance(value, dict):
        for name, item in value.items():
            path = f"{at}.{name}" if at else name
            if top and name in ("apiVersion", "kind"):
                continue
            if not shape.names(name):
                yield path
            else:
                yield from _unknown(item, shape.field(name), path)
    elif isinstance(value, list):
        for position, item in enumerate(value):
            yield from _unknown(item, shape.items, f"{at}[{position}]")


def _metadata(obj: Mapping[str, Any], kind: Kind) -> Iterator[tuple[str, str]]:
    metadata = obj.get("metadata") or {}
    name = metadata.get("name") or ""
    if name and kind.group != PATH_SEGMENT_GROUP:
        is_label = kind.key in LABEL_KINDS
        pattern, longest = (LABEL, LONGEST_LABEL) if is_label else (SUBDOMAIN, LONGEST_SUBDOMAIN)
        if not pattern.fullmatch(name) or (kind.key == "/Service" and not name[0].isalpha()):
            what = "a lowercase RFC 1123 label" if is_label else "a lowercase RFC 1123 subdomain"
            yield (
                "metadata.name",
                f'metadata.name: Invalid value: "{name}": {what} must consist of lower case alphanumeric characters',
            )
        if len(name) > longest:
            yield "metadata.name", f'metadata.name: Invalid value: "{name}": must be no more than {longest} characters'
    for field in ("labels", "annotations"):
        for key, value in (metadata.get(field) or {}).items():
            prefix, _, last = key.rpartition("/")
            if (
                not LABEL_NAME.fullmatch(last)
                or len(last) > LONGEST_LABEL
                or (prefix and not SUBDOMAIN.fullmatch(prefix))
            ):
                yield (
                    f"metadata.{field}",
                    f'metadata.{field}: Invalid value: "{key}": name part must consist of alphanumeric characters',
                )
            if field == "labels" and (not LABEL_VALUE.fullmatch(str(value)) or len(str(value)) > LONGEST_LABEL_VALUE):
                yield (
                    "metadata.labels",
                    f'metadata.labels: Invalid value: "{value}": a valid label must be an empty string or consist of alphanumeric characters, at most {LONGEST_LABEL_VALUE} of them',
                )


def _values(obj: Mapping[str, Any], kind: Kind, kinds: Kinds) -> Iterator[tuple[str, str]]:
    validator = _validator(kinds.version, kind.definition) if kind.definition else _custom(kind)
    if validator is None:
        return
    # Status is the server's. Metadata is checked by itself; that it is there is all that a schema may ask (Event does).
    given = {name: value for name, value in obj.items() if name != "status"} | {"metadata": {}}
    for error in sorted(validator.iter_errors(given), key=lambda error: str(error.json_path)):
        deepest = _deepest(error)
        path = error.json_path.removeprefix("$").lstrip(".")
        yield path, f"{path}: Invalid value: {deepest.message}"


def _deepest(error: ValidationError) -> ValidationError:
    while error.context:
        error = max(error.context, key=lambda one: len(one.absolute_path))
    return error


@functools.cache
def _validator(version: str, definition: str) -> Draft202012Validator:
    contents = {"$defs": definitions_of(version)}
    registry = Registry().with_resource(OWN, DRAFT202012.create_resource(contents))
    return Draft202012Validator({"$ref": f"{OWN}{REFERENCE}{definition}"}, registry=registry)


@functools.cache
def _by_identity(text: str) -> Draft202012Validator:
    return Draft202012Validator(json.loads(text))


def _custom(kind: Kind) -> Draft202012Validator | None:
    return _by_identity(json.dumps(_as_json_schema(kind.schema))) if kind.schema else None


def _as_json_schema(schema: Any) -> Any:
    """A structural schema as JSON schema: `nullable` and `x-kubernetes-int-or-string` are types."""
    if isinstance(schema, list):
        return [_as_json_schema(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    result = {
        key: _members(value) if key == "properties" else _as_json_schema(value)
        for key, value in schema.items()
        if key not in ("description", "default", "format", "example", "enum", "pattern")
        and not key.startswith("x-kubernetes-")
    }
    for key in ("enum",):
        if key in schema:
            result[key] = schema[key]
    if "pattern" in schema and _compiles(schema["pattern"]):
        result["pattern"] = schema["pattern"]
    if schema.get("x-kubernetes-int-or-string"):
        result.pop("type", None)
        result.setdefault("anyOf", [{"type": "integer"}, {"type": "string"}])
    elif schema.get("nullable") and "type" in schema:
        result["type"] = [schema["type"], "null"]
    return result


def _members(properties: Mapping[str, Any]) -> dict[str, Any]:
    return {name: _as_json_schema(member) for name, member in properties.items()}


def _compiles(pattern: str) -> bool:
    # The API's patterns are Go's; the few that Python does not read are not checked.
    try:
        re.compile(pattern)
    except re.error:
        return False
    return True
