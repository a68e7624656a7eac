"""Ids and nodes of declarations that have another name now."""

from __future__ import annotations

import dataclasses
import itertools
import re
from collections.abc import Callable, Mapping
from typing import TypeVar

from platformspec.ir.cost import CostItem
from platformspec.ir.expr import Attr, Concat, Json, Secret, Value, Yaml
from platformspec.ir.node import Node

N = TypeVar("N", bound=Node)
Former = Mapping[str, tuple[str, ...]]
"""Address -> earlier addresses of the same declaration, the oldest first."""

# An id is made of addresses, relations and roles; none of them contains a separator.
_SEPARATORS = re.compile(r"([/>])")


def former_ids(id: str, former: Former) -> tuple[str, ...]:
    """Every id that this one may have had, the latest last, without itself.

    An edge's id names two declarations, and both may have been renamed, in either order: all combinations are listed.

    >>> former_ids("cache.b/group", {"cache.b": ("cache.a",)})
    ('cache.a/group',)
    """
    parts = [(*former.get(part, ()), part) for part in _SEPARATORS.split(id)]
    return tuple("".join(choice) for choice in itertools.product(*parts))[:-1]


def current_id(id: str, former: Former) -> str:
    """The inverse: the id after all renames.

    >>> current_id("gateway.main>stores_in>cache.a", {"cache.b": ("cache.a",)})
    'gateway.main>stores_in>cache.b'
    """
    current = {old: new for new, names in former.items() for old in names}
    return "".join(current.get(part, part) for part in _SEPARATORS.split(id))


def renamed_node(node: N, former: Former) -> N:
    """A node of an earlier program, with the ids of today: its own, and those that it refers to."""

    def now(id: str) -> str:
        return current_id(id, former)

    return dataclasses.replace(
        node,
        id=now(node.id),
        declaration=now(node.declaration),
        attrs={key: _renamed(value, now) for key, value in node.attrs.items()},
        after=tuple((now(id), why) for id, why in node.after),
        edges=tuple(now(edge) for edge in node.edges),
    )


def renamed_cost(item: CostItem, former: Former) -> CostItem:
    """A line of an earlier bill with the addresses and teams of today."""

    def team(name: str | None) -> str | None:
        return None if name is None else current_id(f"team.{name}", former).removeprefix("team.")

    return dataclasses.replace(
        item,
        id=current_id(item.id, former),
        declaration=current_id(item.declaration, former),
        team=team(item.team),
        pool=None if item.pool is None else current_id(item.pool, former),
        shares=tuple(
            dataclasses.replace(share, declaration=current_id(share.declaration, former), team=team(share.team))
            for share in item.shares
        ),
    )


def _renamed(value: Value, now: Callable[[str], str]) -> Value:
    if isinstance(value, Attr):
        return dataclasses.replace(value, node=now(value.node))
    if isinstance(value, Concat):
        return Concat(tuple(_renamed(part, now) for part in value.parts))  # type: ignore[misc]
    if isinstance(value, Json):
        return Json(_renamed(value.tree, now))
    if isinstance(value, Yaml):
        return Yaml(_renamed(value.tree, now))
    if isinstance(value, Secret):
        return dataclasses.replace(value, name=_renamed(value.name, now))  # type: ignore[arg-type]
    if isinstance(value, dict):
        return {key: _renamed(item, now) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_renamed(item, now) for item in value]
    return value
