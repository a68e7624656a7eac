"""Compare two programs. Pure."""

from __future__ import annotations

import dataclasses
import datetime
from collections.abc import Callable, Iterator, Mapping

from platformspec.diagnostics import Path, dotted
from platformspec.ir.expr import Json, Value, Yaml
from platformspec.ir.node import Data, Ephemeral, Import, Moved, Node, Output, ProviderConfig, Resource
from platformspec.ir.program import Program
from platformspec.ir.rename import current_id
from platformspec.plan.cascade import Verdict, cascade
from platformspec.plan.change import ABSENT, AttributeChange, Change, Plan

Replacement = Callable[[str, Path], Verdict]
"""(type, attribute path) -> verdict, from data with its source."""


NOT_CREATED = (Data, Ephemeral, Import, Moved, Output, ProviderConfig)
"""Nodes that read, configure, publish or tell Terraform where something is; a plan counts what is created in the cloud or the cluster."""


def changed_declarations(before: Program, after: Program) -> frozenset[str]:
    """Declarations of which anything that is created differs, in what it is or in its address."""
    ids = {*before.nodes, *after.nodes}
    differing = (id for id in ids if before.nodes.get(id) != after.nodes.get(id))
    nodes = (_created(after.nodes.get(id)) or _created(before.nodes.get(id)) for id in differing)
    return frozenset(node.declaration for node in nodes if node is not None)


def diff(
    before: Program | None,
    after: Program,
    replacement: Replacement,
    *,
    as_of: datetime.date,
    tool_version: str,
    digests: tuple[str | None, str],
) -> Plan:
    """The plan from `before` (or nothing) to `after`. `digests` are those of the two programs."""
    old: Mapping[str, Node] = {} if before is None else before.renamed(after.former).nodes
    moved = {} if before is None else {current_id(id, after.former): id for id in before.nodes if id not in old}
    taken = after.imported
    changes: dict[str, Change] = {}
    same = 0
    for id in sorted({*old, *after.nodes}):
        # What was made and is now only read is given up, under the same id; and the other way round.
        was, now = _created(old.get(id)), _created(after.nodes.get(id))
        if was is None and now is None:
            continue
        if was is None and now is not None:
            changes[id] = Change("create" if id not in taken else "import", now, imported=taken.get(id))
        elif now is None and was is not None:
            changes[id] = Change("delete", was)
        elif was is not None and now is not None:
            change = _changed(was, now, replacement)
            if change is None and id in moved and isinstance(now, Resource):
                change = Change("move", now)
            if change is None:
                same += 1
            else:
                changes[id] = dataclasses.replace(change, was=moved.get(id), imported=taken.get(id))
    found = cascade(changes, old, after.nodes, replacement)
    return Plan(
        after.platform,
        after.environment,
        tuple(found[id] for id in sorted(found)),
        digests[0],
        digests[1],
        as_of,
        tool_version,
        after.waves,
        same - (len(found) - len(changes)),
    )


def _created(node: Node | None) -> Node | None:
    return None if isinstance(node, NOT_CREATED) else node


def _changed(was: Node, now: Node, replacement: Replacement) -> Change | None:
    if was.attrs == now.attrs and was.type == now.type and was.stack == now.stack and was.placement == now.placement:
        return None
    attributes = tuple(_attribute_changes(dict(was.attrs), dict(now.attrs)))
    if was.type != now.type:
        return Change("replace", now, attributes, f"it was a {was.type}")
    if was.placement != now.placement:
        return Change("replace", now, attributes, "it moves to another account, region or cluster")
    if not attributes:
        return Change("update", now, reason=f"it moves from stack {was.stack} to {now.stack}")
    unsure: str | None = None
    for attribute in attributes:
        verdict = replacement(now.type, attribute.path)
        if verdict.replaces:
            reason = f"{dotted(attribute.path)} cannot be changed in place ({verdict.source})"
            return Change("replace", now, attributes, reason)
        if verdict.replaces is None and unsure is None:
            unsure = f"{dotted(attribute.path)} may force replacement ({verdict.source})"
    if unsure is not None:
        return Change("replace", now, attributes, unsure, certain=False)
    return Change("update", now, attributes)


def _attribute_changes(was: Value | object, now: Value | object, path: Path = ()) -> Iterator[AttributeChange]:
    if was == now:
        return
    if isinstance(was, (Json, Yaml)) and type(was) is type(now):
        yield from _attribute_changes(was.tree, now.tree, path)
    elif isinstance(was, dict) and isinstance(now, dict):
        for key in sorted({*was, *now}):
            yield from _attribute_changes(was.get(key, ABSENT), now.get(key, ABSENT), (*path, key))
    elif isinstance(was, list) and isinstance(now, list) and len(was) == len(now):
        for position, (left, right) in enumerate(zip(was, now, strict=True)):
            yield from _attribute_changes(left, right, (*path, position))
    else:
        yield AttributeChange(path, was, now)
