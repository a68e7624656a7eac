"""Terraform's own plan of one stack, as `terraform show -json` prints it.

The form: developer.hashicorp.com/terraform/internals/json-format.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class ResourceChange:
    """What terraform wants to do with one resource.

    `actions` as in its JSON plan; `after` holds the planned values. `tainted`: its creation failed half-way. `deposed`: it was
    replaced already, and the old one is still there. `imported`: whether this plan takes it over. `changed`: names of arguments that
    differ. `forced_by`: those that make it a replacement; `forced`: the same with what they are and would be, where that is no secret.
    """

    address: str
    type: str
    actions: tuple[str, ...]
    deposed: bool
    tainted: bool
    after: Mapping[str, Any]
    forced_by: tuple[str, ...]
    imported: bool = False
    changed: tuple[str, ...] = ()
    forced: tuple[str, ...] = ()

    @property
    def destroys(self) -> bool:
        return "delete" in self.actions

    @property
    def creates(self) -> bool:
        return "create" in self.actions


def changes_of(plan: Mapping[str, Any]) -> list[ResourceChange]:
    """What the plan does with resources, no-ops left out."""
    found: list[ResourceChange] = []
    for item in plan.get("resource_changes", ()):
        change = item["change"]
        if item["mode"] != "managed" or (change["actions"] == ["no-op"] and "importing" not in change):
            continue
        forced = tuple(".".join(str(part) for part in path) for path in change.get("replace_paths", ()))
        found.append(
            ResourceChange(
                item["address"],
                item["type"],
                tuple(change["actions"]),
                "deposed" in item,
                item.get("action_reason") == "replace_because_tainted",
                change.get("after") or {},
                forced,
                "importing" in change,
                _differing(change),
                tuple(_difference(change, path) for path in change.get("replace_paths", ())),
            )
        )
    return found


def _differing(change: Mapping[str, Any]) -> tuple[str, ...]:
    before, after, unknown = (change.get(key) or {} for key in ("before", "after", "after_unknown"))
    return tuple(
        name
        for name in sorted({*before, *after, *unknown})
        if before.get(name) != after.get(name) and not (unknown.get(name) and name not in after)
    )


def _difference(change: Mapping[str, Any], path: Sequence[str | int]) -> str:
    name = ".".join(str(part) for part in path)
    if any(part_at(change.get(secret), path) is True for secret in ("before_sensitive", "after_sensitive")):
        return f"{name} differs"
    old = part_at(change.get("before"), path)
    if part_at(change.get("after_unknown"), path) is True:
        return f"{name} is {json.dumps(old)} and would be another one"
    return f"{name} is {json.dumps(old)} and would be {json.dumps(part_at(change.get('after'), path))}"


def part_at(value: Any, path: Sequence[str | int]) -> Any:
    """What stands at a path; what is true of a whole is true of its parts."""
    for part in path:
        if value is True:
            return True
        try:
            value = value[part]
        except (KeyError, IndexError, TypeError):
            return None
    return value
