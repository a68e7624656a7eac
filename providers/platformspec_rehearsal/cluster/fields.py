"""Which fields of an object somebody owns: FieldsV1, the form of `metadata.managedFields`.

A path is a tuple of steps: `f:name` a member, `k:{...}` an entry of a list by its keys, `v:...` an entry of a set
(https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/object-meta/).
"""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

from platformspec_rehearsal.cluster.shape import Shape

FieldPath = tuple[str, ...]
FieldSet = frozenset[FieldPath]
ABSENT: Final = object()
# Nobody owns what identifies an object or what the server alone writes.
NOT_OWNED: Final = frozenset(
    {("f:apiVersion",), ("f:kind",), ("f:status",)}
    | {
        ("f:metadata", f"f:{name}")
        for name in (
            "name",
            "namespace",
            "managedFields",
            "uid",
            "resourceVersion",
            "creationTimestamp",
            "generation",
            "selfLink",
        )
    }
)


def entry_key(entry: Mapping[str, Any], shape: Shape) -> str:
    """The step to an entry of a list that is a map. A key that is not written counts with its default."""
    keys: dict[str, Any] = {}
    for name in shape.keys or ():
        value = entry.get(name, shape.items.default_of(name))
        if value is not None:
            keys[name] = value
    return "k:" + json.dumps(keys, sort_keys=True, separators=(",", ":"))


def fields_of(value: Any, shape: Shape, at: FieldPath = ()) -> set[FieldPath]:
    """Every field that a value sets."""
    if at in NOT_OWNED:
        return set()
    if isinstance(value, dict) and value and not shape.is_atomic:
        found = set()
        for name, item in value.items():
            found |= fields_of(item, shape.field(name), (*at, f"f:{name}"))
        return found
    if isinstance(value, list) and shape.is_set:
        return {(*at, f"v:{json.dumps(item)}") for item in value} or {at}
    if isinstance(value, list) and shape.keys:
        found = set()
        for entry in value:
            if isinstance(entry, dict):
                step = (*at, entry_key(entry, shape))
                found |= {step} | fields_of(entry, shape.items, step)
        return found or {at}
    return {at} if at and at != ("f:metadata",) else set()


def as_fields(paths: Iterable[FieldPath]) -> dict[str, Any]:
    """A set of paths as FieldsV1."""
    every = sorted(paths)
    tree: dict[str, Any] = {}
    for path in every:
        node = tree
        for step in path:
            node = node.setdefault(step, {})
    for path in every:
        node = tree
        for step in path:
            node = node[step]
        # The entry itself is owned, besides what is in it.
        if node and set(node) != {"."}:
            node["."] = {}
    return tree


def as_paths(fields: Mapping[str, Any], at: FieldPath = ()) -> set[FieldPath]:
    """FieldsV1 as a set of paths."""
    found: set[FieldPath] = set()
    for step, below in fields.items():
        if step == ".":
            found.add(at)
        elif below:
            found |= as_paths(below, (*at, step))
        else:
            found.add((*at, step))
    return found


def value_at(value: Any, path: FieldPath, shape: Shape) -> Any:
    """The value at a path, or `ABSENT`."""
    for step in path:
        if step.startswith("f:"):
            name = step[2:]
            if not isinstance(value, dict) or name not in value:
                return ABSENT
            value, shape = value[name], shape.field(name)
        elif step.startswith("k:"):
            entries = value if isinstance(value, list) else []
            value = next((e for e in entries if isinstance(e, dict) and entry_key(e, shape) == step), ABSENT)
            if value is ABSENT:
                return ABSENT
            shape = shape.items
        else:
            item = json.loads(step[2:])
            if not isinstance(value, list) or item not in value:
                return ABSENT
            value = item
    return value


def remove(value: Any, path: FieldPath, shape: Shape) -> None:
    """Take out what is at a path, and what is empty without it."""
    step, rest = path[0], path[1:]
    if step.startswith("f:") and isinstance(value, dict):
        name = step[2:]
        if name not in value:
            return
        if rest:
            remove(value[name], rest, shape.field(name))
        if not rest or value[name] in ({}, []):
            del value[name]
    elif step.startswith("k:") and isinstance(value, list):
        for entry in [e for e in value if isinstance(e, dict) and entry_key(e, shape) == step]:
            if rest:
                remove(entry, rest, shape.items)
            else:
                value.remove(entry)
    elif step.startswith("v:") and isinstance(value, list):
        item = json.loads(step[2:])
        if item in value:
            value.remove(item)


def merged(live: Any, config: Any, shape: Shape) -> Any:
    """The live value with everything that the configuration sets."""
    if isinstance(live, dict) and isinstance(config, dict) and not shape.is_atomic:
        result = dict(live)
        for name, item in config.items():
            result[name] = merged(live[name], item, shape.field(name)) if name in live else copy.deepcopy(item)
        return result
    if isinstance(live, list) and isinstance(config, list) and (shape.is_set or shape.keys):
        steps = (lambda item: f"v:{json.dumps(item)}") if shape.is_set else (lambda item: entry_key(item, shape))
        return _merged_entries(live, config, shape, steps)
    return copy.deepcopy(config)


def _merged_entries(live: list[Any], config: list[Any], shape: Shape, step: Callable[[Any], str]) -> list[Any]:
    # The configuration decides the order of its entries; what only the live list has stays behind what it stood behind.
    there = {step(item): item for item in live}
    wanted = {step(item): item for item in config}
    waiting = list(there)
    result: list[Any] = []

    def let_stay() -> None:
        while waiting and (waiting[0] not in wanted or waiting[0] in done):
            key = waiting.pop(0)
            if key not in wanted:
                result.append(there[key])

    done: set[str] = set()
    for key, item in wanted.items():
        let_stay()
        result.append(merged(there[key], item, shape.items) if key in there else copy.deepcopy(item))
        done.add(key)
    let_stay()
    return result


def in_words(path: FieldPath) -> str:
    """A path as the API writes it in messages: `.spec.containers[name="x"].image`."""
    text = ""
    for step in path:
        if step.startswith("f:"):
            text += f".{step[2:]}"
        elif step.startswith("k:"):
            keys = json.loads(step[2:])
            text += "[" + ",".join(f"{name}={json.dumps(value)}" for name, value in keys.items()) + "]"
        else:
            text += f"[={step[2:]}]"
    return text
