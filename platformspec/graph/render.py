"""The graph of declarations as Mermaid, DOT and JSON."""

from __future__ import annotations

import json

from platformspec.address import Address
from platformspec.graph.platform_graph import PlatformGraph


def mermaid(graph: PlatformGraph) -> str:
    """A Mermaid flowchart; declarations of one wave share a rank, children stand inside their parent."""
    lines = ["flowchart LR"]
    for address in graph.declarations:
        children = _children(graph, address)
        if not children:
            lines.append(f'  {_id(address)}["{address}"]')
            continue
        lines.append(f'  subgraph {_id(address)}["{address}"]')
        lines += [f'    {_id(child)}["{child.child}"]' for child in children]
        lines.append("  end")
    lines += [f"  {_id(edge.source)} -->|{edge.relation}| {_id(edge.target)}" for edge in graph.edges]
    return "\n".join(lines) + "\n"


def dot(graph: PlatformGraph) -> str:
    """A Graphviz digraph."""
    lines = ["digraph platform {", "  rankdir=LR;", "  node [shape=box];"]
    for address in graph.declarations:
        lines.append(f'  "{address}";')
        lines += [
            f'  "{child}" [shape=ellipse];\n  "{address}" -> "{child}" [style=dotted, arrowhead=none];'
            for child in _children(graph, address)
        ]
    lines += [f'  "{edge.source}" -> "{edge.target}" [label="{edge.relation}"];' for edge in graph.edges]
    return "\n".join([*lines, "}"]) + "\n"


def as_json(graph: PlatformGraph) -> str:
    """Declarations, edges and waves."""
    data = {
        "platform": graph.platform.name,
        "environment": graph.platform.environment,
        "declarations": [
            {"address": str(address), "children": [str(child) for child in _children(graph, address)]}
            for address in graph.declarations
        ],
        "edges": [
            {"id": edge.id, "source": str(edge.source), "relation": edge.relation, "target": str(edge.target)}
            for edge in graph.edges
        ],
        "waves": [[str(address) for address in wave] for wave in graph.waves],
    }
    return json.dumps(data, indent=2) + "\n"


def _children(graph: PlatformGraph, address: Address) -> tuple[Address, ...]:
    spec = graph.declarations[address].spec
    children = spec.children() if hasattr(spec, "children") else {}
    return tuple(Address(address.kind, address.name, name) for name in sorted(children))


def _id(address: Address) -> str:
    # Mermaid ids: `-` starts an arrow and `/` a shape, so both are spelt out; `_` is doubled so that no two ids meet.
    return str(address).replace("_", "__").replace("-", "_m").replace(".", "_d").replace("/", "_s")
