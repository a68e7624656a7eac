"""Server-side apply: what an applied configuration makes of an object, who owns what afterwards, and what is a conflict.

Semantics: https://kubernetes.io/docs/reference/using-api/server-side-apply/ and sigs.k8s.io/structured-merge-diff, package merge.
"""

from __future__ import annotations

import copy
import datetime
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from platformspec_rehearsal.cluster.answer import Failure
from platformspec_rehearsal.cluster.fields import (
    FieldPath,
    as_fields,
    as_paths,
    fields_of,
    in_words,
    merged,
    remove,
    value_at,
)
from platformspec_rehearsal.cluster.shape import Shape

Object = dict[str, Any]


@dataclass(frozen=True)
class Manager:
    """Who changes an object: a name, an operation (`Apply` or `Update`), the version of the API, and perhaps a subresource."""

    name: str
    operation: str
    api_version: str
    subresource: str = ""

    def is_in(self, entry: Mapping[str, Any]) -> bool:
        """Whether an entry of managedFields is of this manager."""
        return (entry["manager"], entry["operation"], entry.get("subresource", "")) == (
            self.name,
            self.operation,
            self.subresource,
        )

    def entry(self, fields: Mapping[str, Any], before: Mapping[str, Any] | None) -> dict[str, Any]:
        """The manager's entry of managedFields; its time is that of the last change."""
        unchanged = before is not None and before["fieldsV1"] == fields
        made: dict[str, Any] = {
            "manager": self.name,
            "operation": self.operation,
            "apiVersion": self.api_version,
            "time": before["time"] if before is not None and unchanged else now(),
            "fieldsType": "FieldsV1",
            "fieldsV1": fields,
        }
        return made | ({"subresource": self.subresource} if self.subresource else {})


def now() -> str:
    """The time in the form of the API, without fractions."""
    return datetime.datetime.now(datetime.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def apply(live: Object | None, config: Object, shape: Shape, manager: Manager, *, force: bool) -> Object:
    """The object after the configuration was applied. Raises `Failure` (409) for conflicts that are not forced."""
    own = fields_of(config, shape)
    if live is None:
        created = copy.deepcopy(config)
        created.setdefault("metadata", {})["managedFields"] = [manager.entry(as_fields(own), None)]
        return created
    entries = list(live["metadata"].get("managedFields") or ())
    before = next((entry for entry in entries if manager.is_in(entry)), None)
    others = [(entry, as_paths(entry["fieldsV1"])) for entry in entries if entry is not before]
    conflicts = [
        (entry, path)
        for entry, owned in others
        for path in sorted(owned & own)
        if not path[-1].startswith("k:") and value_at(live, path, shape) != value_at(config, path, shape)
    ]
    if conflicts and not force:
        raise _conflict(conflicts)
    result: Object = merged(copy.deepcopy(live), config, shape)
    taken = {path for _, path in conflicts}
    left = [(entry, owned - taken) for entry, owned in others]
    if before is not None:
        held = own.union(*(owned for _, owned in left))
        dropped = as_paths(before["fieldsV1"]) - held
        for path in sorted(dropped, key=lambda path: (not path[-1].startswith("k:"), -len(path), path)):
            # An entry of a list that nobody else owns goes with all that is in it; a member stays while something in it is owned.
            entry_of_list = path[-1].startswith("k:")
            if entry_of_list or not any(other[: len(path)] == path for other in held):
                remove(result, path, shape)
            if entry_of_list:
                left = [(entry, {p for p in owned if p[: len(path)] != path}) for entry, owned in left]
    kept = [{**entry, "fieldsV1": as_fields(owned)} for entry, owned in left if owned]
    result["metadata"]["managedFields"] = [*kept, manager.entry(as_fields(own), before)]
    return result


def update(live: Object | None, wanted: Object, shape: Shape, manager: Manager) -> Object:
    """The object after anything but an apply: whoever changes a field owns it from then on, and alone."""
    result = copy.deepcopy(wanted)
    given = wanted["metadata"].get("managedFields")
    base = (live or {}).get("metadata", {}).get("managedFields") or []
    if given is not None and given != base:
        # Somebody writes managedFields: an empty list clears them, another one replaces them.
        base = [entry for entry in given if entry]
        if not base:
            result["metadata"].pop("managedFields")
            return result
    inside: Callable[[FieldPath], bool] = lambda path: (path[0] == "f:status") == (manager.subresource == "status")  # noqa: E731
    new, old = _with_status(wanted, shape), _with_status(live or {}, shape)
    # An entry of a list changes when it comes; what changes in it are its parts.
    changed = {
        path
        for path in new
        if inside(path)
        and (path not in old or (path[-1][0] != "k" and value_at(wanted, path, shape) != value_at(live, path, shape)))
    }
    gone = {path for path in old - new if inside(path)}
    entries = []
    own: set[FieldPath] = set(changed)
    before = next((entry for entry in base if manager.is_in(entry)), None)
    for entry in base:
        owned = as_paths(entry["fieldsV1"]) - gone
        if entry is before:
            own |= owned
        elif owned - changed:
            entries.append({**entry, "fieldsV1": as_fields(owned - changed)})
    if own:
        entries.append(manager.entry(as_fields(own), before))
    result["metadata"]["managedFields"] = entries
    return result


def _with_status(value: Object, shape: Shape) -> set[FieldPath]:
    status = value.get("status")
    below = (
        fields_of(
            {"s": status}, Shape({"properties": {"s": shape.field("status").schema}}, shape.definitions, shape.defaults)
        )
        if status
        else set()
    )
    return fields_of(value, shape) | {("f:status", *path[1:]) for path in below}


def _conflict(conflicts: list[tuple[Mapping[str, Any], FieldPath]]) -> Failure:
    by = [(f'conflict with "{entry["manager"]}"' + _using(entry), in_words(path)) for entry, path in conflicts]
    count = f"{len(by)} conflict{'s' if len(by) > 1 else ''}"
    message = "; ".join(f"{who}: {where}" for who, where in by)
    causes = [{"reason": "FieldManagerConflict", "message": who, "field": where} for who, where in by]
    return Failure(409, "Conflict", f"Apply failed with {count}: {message}", {"causes": causes})


def _using(entry: Mapping[str, Any]) -> str:
    subresource = f' with subresource "{entry["subresource"]}"' if entry.get("subresource") else ""
    using = f" using {entry['apiVersion']}" if entry["operation"] == "Update" else ""
    return subresource + using
