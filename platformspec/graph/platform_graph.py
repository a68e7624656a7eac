"""Declarations and the typed edges between them. networkx stays private here."""

from __future__ import annotations

import itertools
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from platformspec.address import Address
from platformspec.graph.edge import Edge
from platformspec.graph.platform import Declaration, Platform
from platformspec.ir.program import layered

if TYPE_CHECKING:
    import networkx


@dataclass(frozen=True)
class PlatformGraph:
    """Acyclic by construction: `graph.resolve` builds it only where no cycle was found.

    `declarations` are sorted by address, edges too. Children (`gateway.main/chat`) are sources and targets of edges, and
    belong to their parent's declaration.
    """

    platform: Platform
    declarations: Mapping[Address, Declaration]
    edges: tuple[Edge, ...]

    @cached_property
    def _out(self) -> Mapping[Address, tuple[Edge, ...]]:
        return _grouped((edge.source, edge) for edge in self.edges)

    @cached_property
    def _in(self) -> Mapping[Address, tuple[Edge, ...]]:
        return _grouped((edge.target, edge) for edge in self.edges)

    @cached_property
    def _out_of_declaration(self) -> Mapping[Address, tuple[Edge, ...]]:
        return _grouped((edge.source.parent, edge) for edge in self.edges)

    @cached_property
    def _in_to_declaration(self) -> Mapping[Address, tuple[Edge, ...]]:
        return _grouped((edge.target.parent, edge) for edge in self.edges)

    def edges_from(self, address: Address) -> tuple[Edge, ...]:
        """Edges that start here; for a declaration also those of its children."""
        return self._out.get(address, ()) if address.child else self._out_of_declaration.get(address, ())

    def edges_to(self, address: Address) -> tuple[Edge, ...]:
        """Edges that end here; for a declaration also those to its children."""
        return self._in.get(address, ()) if address.child else self._in_to_declaration.get(address, ())

    def users_of(self, address: Address) -> tuple[Address, ...]:
        """Declarations that use this one directly, sorted."""
        return tuple(sorted({edge.source.parent for edge in self.edges_to(address)}, key=str))

    @cached_property
    def waves(self) -> tuple[tuple[Address, ...], ...]:
        """Declarations in layers: each after all that it uses, sorted inside a layer."""
        needs: dict[str, set[str]] = {str(address): set() for address in self.declarations}
        for edge in self.edges:
            if edge.source.parent != edge.target.parent:
                needs[str(edge.source.parent)].add(str(edge.target.parent))
        return tuple(tuple(Address.parse(text) for text in layer) for layer in layered(needs))

    def in_order(self) -> Iterator[Declaration]:
        """Declarations, each after all that it uses; the order is the same on every machine."""
        for wave in self.waves:
            for address in wave:
                yield self.declarations[address]

    def path_between(self, source: Address, target: Address) -> tuple[Edge, ...]:
        """A shortest chain of edges from one declaration to another; empty where there is none."""
        import networkx  # costs 0.14 CPU seconds: only questions about paths pay for it

        graph = self._networkx()
        try:
            nodes = networkx.shortest_path(graph, source.parent, target.parent)
        except (networkx.NetworkXNoPath, networkx.NodeNotFound):
            return ()
        return tuple(graph.edges[pair]["edge"] for pair in itertools.pairwise(nodes))

    def downstream_of(self, address: Address) -> tuple[Address, ...]:
        """Every declaration that uses this one, directly or not, sorted."""
        import networkx

        return tuple(sorted(networkx.ancestors(self._networkx(), address.parent), key=str))

    def _networkx(self) -> networkx.DiGraph[Address]:
        import networkx

        graph: networkx.DiGraph[Address] = networkx.DiGraph()
        graph.add_nodes_from(self.declarations)
        for edge in reversed(self.edges):
            graph.add_edge(edge.source.parent, edge.target.parent, edge=edge)
        return graph

    def without(self, edge: Edge) -> PlatformGraph:
        """The same graph with one edge less."""
        return PlatformGraph(self.platform, self.declarations, tuple(other for other in self.edges if other != edge))


def _grouped(pairs: Iterator[tuple[Address, Edge]]) -> Mapping[Address, tuple[Edge, ...]]:
    groups: dict[Address, list[Edge]] = defaultdict(list)
    for address, edge in pairs:
        groups[address].append(edge)
    return {address: tuple(edges) for address, edges in groups.items()}
