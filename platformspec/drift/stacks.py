"""Drift of the resources of one stack, as Terraform sees it.

The stack as it was applied last is planned again. What Terraform would set back is the spec's; what it noticed since the last apply and
would leave is somebody else's: an argument left to others, or a value that the cloud chooses.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from platformspec.apply.record import Known
from platformspec.apply.site import Site
from platformspec.apply.terraform_plan import part_at
from platformspec.diagnostics import Path, dotted
from platformspec.drift.deviation import HIDDEN, Deviation, Owner
from platformspec.drift.differences import Difference, differences, in_node, is_sensitive
from platformspec.emit.terraform import address
from platformspec.ir.node import Node, Resource


def stack_drift(site: Site, name: str, known: Mapping[str, Known]) -> tuple[Deviation, ...]:
    """Everything that differs in one stack, sorted. The site's files are those of the recorded program. Raises `Failure`."""
    nodes = {
        address(item.node): item.node
        for item in known.values()
        if item.node.stack == name and isinstance(item.node, Resource) and item.certainty == "applied"
    }
    stack = site.stack(name, f"stack {name}")
    stack.initialise()
    plan = stack.survey()
    found: list[Deviation] = []
    settled: set[tuple[str, Path]] = set()
    for change in plan.get("resource_changes", ()):
        node = nodes.get(change["address"])
        if node is not None and change["mode"] == "managed" and "deposed" not in change:
            for one in _to_set_back(node, change["change"]):
                settled.add((change["address"], one.path))
                found.append(one)
    gone = {one.resource for one in found if one.what == "gone"}
    for change in plan.get("resource_drift", ()):
        node = nodes.get(change["address"])
        if node is not None and node.id not in gone:
            found += [
                one for one in _left_alone(node, change["change"]) if (change["address"], one.path) not in settled
            ]
    return tuple(sorted(found, key=lambda one: (one.resource, str(one.path))))


def _to_set_back(node: Node, change: Mapping[str, Any]) -> Iterator[Deviation]:
    """What Terraform would do about a resource that the record says was applied: before is live, after is what we said."""
    actions = change["actions"]
    if actions == ["create"]:
        yield Deviation(node.id, "spec", "gone", node)
    elif "update" in actions or "delete" in actions:
        replaces = "delete" in actions
        for path, live, said in attributes(change):
            yield Deviation(node.id, "spec", "changed", node, in_node(node, path), said, live, replaces=replaces)


def _left_alone(node: Node, change: Mapping[str, Any]) -> Iterator[Deviation]:
    """What changed in the cloud since Terraform wrote its state: before is the state, after is live."""
    if "delete" in change["actions"]:
        return
    for path, was, live in attributes(change):
        at = in_node(node, path)
        owner: Owner = "controller" if _ignored(node, path) else "cloud"
        yield Deviation(node.id, owner, "changed", node, at, was, live)


def _ignored(node: Node, path: Path) -> bool:
    names = node.lifecycle.get("ignore_changes")
    if names == "all":
        return True
    written = dotted(path)
    return isinstance(names, list) and any(written == str(n) or written.startswith((f"{n}.", f"{n}[")) for n in names)


def attributes(change: Mapping[str, Any]) -> list[Difference]:
    """What differs in a change of Terraform's JSON plan. Sensitive values are compared, and replaced by `HIDDEN`."""
    unknown = change.get("after_unknown") or {}
    found = [
        (path, HIDDEN, HIDDEN) if _hidden(change, path, before, after) else (path, before, after)
        for path, before, after in differences(change["before"], change["after"])
        if part_at(unknown, path) is not True
    ]
    if any(path[0] == "tags" for path, _, _ in found):
        # The provider repeats the tags there, together with its default ones.
        found = [item for item in found if item[0][0] != "tags_all"]
    return found


def _hidden(change: Mapping[str, Any], path: Path, before: Any, after: Any) -> bool:
    return is_sensitive(path, before, change.get("before_sensitive")) or is_sensitive(
        path, after, change.get("after_sensitive")
    )
