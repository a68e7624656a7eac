"""Manifests -> YAML files, one object each, and the list of values that apply fills in."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from platformspec.ir.delivery import FOLDERS, KEEP, Engine, is_kept, role_of
from platformspec.ir.expr import Attr, Concat, Json, Secret, Value, Yaml, concat, folded
from platformspec.ir.link import output_name
from platformspec.ir.node import Manifest
from platformspec.ir.program import Program
from platformspec.ir.yaml_text import dump

PLACEHOLDER = "platformspec.dev/binding"


@dataclass(frozen=True, slots=True, order=True)
class Binding:
    """One place in one file that holds an output of a stack once that is applied."""

    file: str
    json_pointer: str
    stack: str
    output: str


def path_of(node: Manifest) -> str:
    """`kubernetes/<cluster>/<namespace>/<kind>-<name>.yaml`; objects without a namespace stand in `_cluster`.

    What tells an engine what to deliver stands in folders of its own, apart from what is delivered.
    """
    kind, role = str(node.attrs["kind"]).lower(), role_of(node)
    folder = FOLDERS[role] if role is not None else node.namespace or "_cluster"
    return f"kubernetes/{node.placement.cluster}/{folder}/{kind}-{node.name}.yaml"


def plain(program: Program, node: Manifest) -> tuple[dict[str, Any], list[Binding]]:
    """One object as plain data. Every object is complete and valid as it is; a late value is a placeholder."""
    bindings: list[Binding] = []
    found = {
        key: _value(program, path_of(node), value, f"/{_escaped(key)}", bindings) for key, value in node.attrs.items()
    }
    return found, bindings


def render(program: Program, node: Manifest, engine: Engine | None = None) -> tuple[bytes, list[Binding]]:
    """The file of one object, and what is late in it. `engine`: what delivers it."""
    found, bindings = plain(program, node)
    return dump(annotated(found, node, engine)).encode(), bindings


def annotated(object: dict[str, Any], node: Manifest, engine: Engine | None) -> dict[str, Any]:
    """The object, told not to be deleted where the engine could and must not."""
    if engine is None or role_of(node) is not None or not is_kept(node):
        return object
    name, value = KEEP[engine]
    metadata = object["metadata"]
    return {**object, "metadata": {**metadata, "annotations": {**metadata.get("annotations", {}), name: value}}}


def _value(program: Program, file: str, value: Value, pointer: str, bindings: list[Binding]) -> Any:
    if isinstance(value, Attr):
        if value.known is not None:
            return value.known
        stack, output = program.nodes[value.node].stack, output_name(value)
        bindings.append(Binding(file, pointer, stack, output))
        return f"{PLACEHOLDER}:{stack}.{output}"
    if isinstance(value, Concat):
        whole = folded(value)
        if isinstance(whole, str):
            return whole
        raise ValueError(f"{file} {pointer}: text with a late value must be an output of its own")
    if isinstance(value, Json):
        return json.dumps(_embedded(file, value.tree, pointer), separators=(",", ":"), ensure_ascii=False)
    if isinstance(value, Yaml):
        return dump(_embedded(file, value.tree, pointer))
    if isinstance(value, Secret):
        return _value(program, file, value.name, pointer, bindings)
    if isinstance(value, dict):
        return {
            key: _value(program, file, item, f"{pointer}/{_escaped(key)}", bindings)
            for key, item in value.items()
            if item is not None
        }
    if isinstance(value, (list, tuple)):
        return [_value(program, file, item, f"{pointer}/{position}", bindings) for position, item in enumerate(value)]
    return value


def _embedded(file: str, tree: Value, pointer: str) -> Any:
    plain = folded(tree)
    if isinstance(plain, (Attr, Concat)):
        raise ValueError(f"{file} {pointer}: an embedded document has a value known only after creation")
    if isinstance(plain, (Json, Yaml)):
        inner = _embedded(file, plain.tree, pointer)
        return dump(inner) if isinstance(plain, Yaml) else json.dumps(inner, separators=(",", ":"), ensure_ascii=False)
    if isinstance(plain, Secret):
        return _embedded(file, concat(plain.name), pointer)
    if isinstance(plain, dict):
        return {
            key: _embedded(file, item, f"{pointer}/{_escaped(key)}") for key, item in plain.items() if item is not None
        }
    if isinstance(plain, (list, tuple)):
        return [_embedded(file, item, f"{pointer}/{position}") for position, item in enumerate(plain)]
    return plain


def _escaped(key: str) -> str:
    return key.replace("~", "~0").replace("/", "~1")
