"""Contexts of the four steps of lowering: a declaration, an edge, a capability, documents that collect from many."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeVar

from platformspec.address import Address
from platformspec.diagnostics import Path
from platformspec.graph.edge import Edge
from platformspec.graph.platform import Declaration
from platformspec.ir.node import Node
from platformspec.lower.context import Context
from platformspec.lower.contract import Capability, Grant, Ready, Statement, Workload
from platformspec.lower.lowering import Lowering

E = TypeVar("E")


class DeclarationContext(Context):
    """Step 1: one declaration -> its own resources and exports."""

    def __init__(self, lowering: Lowering, declaration: Declaration) -> None:
        super().__init__(
            lowering,
            declaration,
            prefix=str(declaration.address),
            because=(declaration.path,) if declaration.path else (),
        )


class EdgeContext(Context):
    """Step 2: one edge -> its grants, network openings and wiring. Ids of nodes begin with the edge's id."""

    def __init__(self, lowering: Lowering, edge: Edge) -> None:
        declaration = lowering.graph.declarations[edge.source.parent]
        super().__init__(
            lowering, declaration, prefix=edge.id, because=(edge.path,) if edge.path else (), edges=(edge.id,)
        )
        self.edge = edge

    def grant(self, workload: Workload, *statements: Statement) -> None:
        """Allow the workload something in the cloud, for as long as the edge is there."""
        self._lowering.grants.append(Grant(self.edge, workload, statements))


class CapabilityContext(Context):
    """Step 3: one controller in one cluster."""

    def __init__(self, lowering: Lowering, cluster: Address, capability: Capability, because: tuple[Path, ...]) -> None:
        super().__init__(
            lowering, lowering.graph.declarations[cluster], prefix=f"{cluster}/{capability}", because=because
        )
        self.capability = capability

    def ready(self, *nodes: Node) -> None:
        """Name the nodes after which the capability's custom resources may be created."""
        key = Address("capability", f"{self.address.name}-{self.capability}")
        self._lowering.exports[(key, Ready)] = Ready(tuple(node.id for node in nodes))


class AggregateContext(Context):
    """Step 4: documents that collect from many declarations. `about()` gives a context for each declaration concerned."""

    def __init__(self, lowering: Lowering) -> None:
        platform = Declaration(Address("platform", "main"), lowering.platform.spec, ())
        super().__init__(lowering, platform, prefix="platform.main", because=())

    @property
    def grants(self) -> tuple[Grant, ...]:
        """Every grant, in the order of edges as they are called outside: a rename changes no document."""
        return tuple(
            sorted(
                self._lowering.grants,
                key=lambda grant: (
                    self.platform.id_outside(grant.edge.id),
                    grant.workload.namespace,
                    grant.workload.service_account,
                ),
            )
        )

    @property
    def nodes(self) -> tuple[Node, ...]:
        """Every node so far, sorted by id."""
        return tuple(self._lowering.nodes[key] for key in sorted(self._lowering.nodes))

    def all_exports(self, kind: type[E]) -> tuple[tuple[Address, E], ...]:
        """Every declaration that offers `kind`, sorted by address."""
        found = [(address, value) for (address, offered), value in self._lowering.exports.items() if offered is kind]
        return tuple(sorted(found, key=lambda pair: str(pair[0])))

    def capabilities_of(self, cluster: Address) -> tuple[Capability, ...]:
        """Controllers installed in the cluster, sorted."""
        return tuple(sorted(name for where, name in self._lowering.needs if where == cluster))

    def about(self, address: Address, *, edges: Iterable[Edge] = ()) -> Context:
        """A context that builds nodes for one declaration. With `edges`, nodes exist only for them."""
        declaration = self.graph.declarations[address.parent]
        chosen = tuple(edges)
        because = (
            tuple(edge.path for edge in chosen if edge.path)
            if chosen
            else (declaration.path,)
            if declaration.path
            else ()
        )
        return Context(
            self._lowering,
            declaration,
            prefix=str(address.parent),
            because=because,
            edges=tuple(sorted(edge.id for edge in chosen)),
        )

    def in_stack(self, stack: str, *, edges: Iterable[str] = ()) -> Context:
        """A context that builds what belongs to a stack itself, such as its `provider` blocks.

        `edges`: ids of the edges that the whole stack exists for, if it does.
        """
        return Context(
            self._lowering, self.declaration, prefix=f"stack.{stack}", because=(), edges=tuple(sorted(edges))
        )

    def for_edge(self, edge: Edge) -> EdgeContext:
        """A context that builds nodes for one edge."""
        return EdgeContext(self._lowering, edge)
