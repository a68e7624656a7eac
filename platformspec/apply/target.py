"""What `apply --target` is held to, and where it brings the environment."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from platformspec.ir.cost import CostItem
from platformspec.ir.node import Import, Manifest, Moved, Node
from platformspec.ir.program import Program


def closure(program: Program, before: Program | None, target: str) -> frozenset[str]:
    """Ids of a declaration's nodes with everything that they need, and of what is to go of it. Empty where there are none.

    What is to go takes nothing along: what it needed may still be needed by others.
    """
    nodes = program.nodes
    found = {id for id, node in nodes.items() if _is_of(node, target)}
    old = before.renamed(program.former) if before is not None else ()
    gone = {node.id for node in old if node.id not in nodes and _is_of(node, target)}
    namespaces: dict[tuple[str | None, str | None], str] = {
        (node.placement.cluster, node.name): id
        for id, node in nodes.items()
        if isinstance(node, Manifest) and node.attrs["kind"] == "Namespace"
    }
    todo = list(found)
    while todo:
        node = nodes[todo.pop()]
        needs = [id for id in node.depends_on() if id in nodes]
        if isinstance(node, Manifest) and (home := namespaces.get((node.placement.cluster, node.namespace))):
            needs.append(home)
        for id in needs:
            if id not in found:
                found.add(id)
                todo.append(id)
    return frozenset(found | gone)


def reached(before: Program | None, head: Program, scope: Collection[str]) -> Program:
    """What exists once the nodes of the scope are as `head` says and all others as they were, with what that costs."""
    old = before.renamed(head.former) if before is not None else Program.of(head.platform, head.environment, [])
    nodes: dict[str, Node] = {node.id: node for node in old if node.id not in scope}
    for node in head:
        about = node.resource if isinstance(node, Import) else node.id
        if about in scope or isinstance(node, Moved):
            nodes[node.id] = node
    known = {**old.nodes, **head.nodes}
    costs = [item for item in old.costs if not _is_billed_in(item, known, scope)]
    costs += [item for item in head.costs if _is_billed_in(item, known, scope)]
    return Program.of(head.platform, head.environment, nodes.values(), costs, former=head.former)


def _is_of(node: Node, target: str) -> bool:
    return node.declaration == target or node.declaration.startswith(f"{target}/")


def _is_billed_in(item: CostItem, nodes: Mapping[str, Node], scope: Collection[str]) -> bool:
    """A line's id is that of a node, with a suffix; one of no node goes with its declaration."""
    place = item.id
    while place:
        if place in nodes:
            return place in scope
        place = place.rpartition("/")[0]
    return any(id in nodes and nodes[id].declaration == item.declaration for id in scope)
