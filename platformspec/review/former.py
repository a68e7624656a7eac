"""The base as the head calls it: what a declaration says it `was` is that declaration, and only its name has changed."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel

from platformspec.address import Address
from platformspec.cost.estimate import estimate
from platformspec.driver import Compilation
from platformspec.graph.edge import Edge
from platformspec.graph.platform_graph import PlatformGraph
from platformspec.graph.renames import former_names
from platformspec.kinds.base import Ref

Renames = Mapping[Address, Address]
"""Old address -> new one."""


def in_words_of(base: Compilation, head: Compilation) -> tuple[Compilation, Renames]:
    """The base with the names that the head gives to its declarations, and which of them are new. Both sides compile."""
    assert base.graph is not None
    assert base.program is not None
    assert head.graph is not None
    assert head.program is not None
    there, now = base.graph.declarations, head.graph.declarations
    renames = {
        old: new
        for new, names in former_names(head.graph.platform.spec).items()
        for old in (Address(new.kind, name) for name in names)
        if old in there and new not in there and old not in now
    }
    if not renames:
        return base, {}
    program = base.program.renamed(head.program.former)
    priced = None if base.estimate is None or base.prices is None else estimate(program.costs, base.prices)
    fitted = {renames.get(address, address): found for address, found in base.fitted.items()}
    graph = _graph(base.graph, renames)
    return dataclasses.replace(base, graph=graph, program=program, estimate=priced, fitted=fitted), renames


def _graph(graph: PlatformGraph, renames: Renames) -> PlatformGraph:
    def now(address: Address) -> Address:
        return dataclasses.replace(renames.get(address.parent, address.parent), child=address.child)

    declarations = {
        now(address): dataclasses.replace(declaration, address=now(address), spec=_spec(declaration.spec, renames))
        for address, declaration in graph.declarations.items()
    }
    edges = (Edge(now(edge.source), edge.relation, now(edge.target), edge.path) for edge in graph.edges)
    return PlatformGraph(
        graph.platform,
        dict(sorted(declarations.items(), key=lambda pair: str(pair[0]))),
        tuple(sorted(edges, key=lambda edge: edge.id)),
    )


def _spec(value: Any, renames: Renames) -> Any:
    """The same with references to the new names; what holds none is returned as it is."""
    if isinstance(value, Ref):
        new = renames.get(value.address.parent)
        return (
            value
            if new is None
            else dataclasses.replace(value, text=value.text.replace(value.address.name, new.name, 1))
        )
    if isinstance(value, BaseModel):
        fields = {name: getattr(value, name) for name in type(value).model_fields}
        changed = {name: new for name, old in fields.items() if (new := _spec(old, renames)) is not old}
        return value.model_copy(update=changed) if changed else value
    if isinstance(value, dict):
        items = {key: _spec(item, renames) for key, item in value.items()}
        return items if any(items[key] is not item for key, item in value.items()) else value
    if isinstance(value, tuple):
        entries = tuple(_spec(item, renames) for item in value)
        return entries if any(new is not old for new, old in zip(entries, value, strict=True)) else value
    return value
