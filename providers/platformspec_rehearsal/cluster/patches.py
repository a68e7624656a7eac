"""The three patches that are no apply: JSON patch (RFC 6902), JSON merge patch (RFC 7386), strategic merge patch."""

from __future__ import annotations

import copy
from typing import Any, Final

from platformspec_rehearsal.cluster.answer import Failure
from platformspec_rehearsal.cluster.shape import Shape

JSON_PATCH: Final = "application/json-patch+json"
STRATEGIC: Final = "application/strategic-merge-patch+json"


def merge_patch(value: Any, patch: Any) -> Any:
    """RFC 7386: maps are merged, null removes, everything else replaces."""
    if not isinstance(patch, dict):
        return patch
    result = dict(value) if isinstance(value, dict) else {}
    for name, item in patch.items():
        if item is None:
            result.pop(name, None)
        else:
            result[name] = merge_patch(result.get(name), item)
    return result


def strategic_patch(value: Any, patch: Any, shape: Shape) -> Any:
    """Like a merge patch, but lists with a merge key are merged by it
    (https://kubernetes.io/docs/tasks/manage-kubernetes-objects/update-api-object-kubectl-patch/)."""
    if not isinstance(patch, dict):
        return patch
    if patch.get("$patch") == "replace":
        return {name: item for name, item in patch.items() if name != "$patch"}
    result = dict(value) if isinstance(value, dict) else {}
    for name, item in patch.items():
        if name.startswith("$"):
            continue
        below = shape.field(name)
        if item is None:
            result.pop(name, None)
        elif isinstance(item, list):
            result[name] = _strategic_list(result.get(name), item, below)
        else:
            result[name] = strategic_patch(result.get(name), item, below)
    for directive, values in patch.items():
        if directive.startswith("$deleteFromPrimitiveList/"):
            name = directive.partition("/")[2]
            result[name] = [item for item in result.get(name) or () if item not in values]
    return result


def _strategic_list(value: Any, patch: list[Any], shape: Shape) -> list[Any]:
    key = shape.merge_key
    if shape.is_set and isinstance(value, list):
        return [*value, *(item for item in patch if item not in value)]
    if key is None or not isinstance(value, list):
        return [item for item in patch if not (isinstance(item, dict) and item.get("$patch") == "delete")]
    entries = {entry.get(key): entry for entry in value}
    for item in patch:
        if item.get("$patch") == "delete":
            entries.pop(item.get(key), None)
        elif key in item:
            entries[item[key]] = strategic_patch(entries.get(item[key]), item, shape.items)
    return list(entries.values())


def json_patch(value: Any, operations: list[dict[str, Any]]) -> Any:
    """RFC 6902. Raises `Failure` where a path leads nowhere or a test fails."""
    result = copy.deepcopy(value)
    for operation in operations:
        *parents, last = [step.replace("~1", "/").replace("~0", "~") for step in operation["path"].split("/")[1:]]
        try:
            target = result
            for step in parents:
                target = target[int(step)] if isinstance(target, list) else target[step]
            _operate(target, last, operation)
        except (KeyError, IndexError, ValueError, TypeError) as error:
            text = (
                f"the server rejected our request due to an error in our request: {operation['op']} {operation['path']}"
            )
            raise Failure(422, "Invalid", text) from error
    return result


def _operate(target: Any, last: str, operation: dict[str, Any]) -> None:
    op = operation["op"]
    if isinstance(target, list):
        position = len(target) if last == "-" else int(last)
        if op == "add":
            target.insert(position, operation["value"])
        elif op == "remove":
            target.pop(position)
        elif op == "replace":
            target[position] = operation["value"]
    elif op in ("add", "replace"):
        target[last] = operation["value"]
    elif op == "remove":
        del target[last]
    if op == "test":
        found = target[int(last)] if isinstance(target, list) else target[last]
        if found != operation["value"]:
            raise ValueError(last)
    elif op not in ("add", "remove", "replace"):
        raise ValueError(op)
