"""What a lowering function sees and may do.

A context builds nodes and keeps them; a function reads its own spec and the exports of what it uses, nothing else. All four
kinds of context share the building of nodes and differ in what they are about.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, TypeVar

from platformspec.address import Address
from platformspec.diagnostics import Code, Path, Related, Report
from platformspec.graph.edge import Edge
from platformspec.graph.platform import Declaration, Platform
from platformspec.graph.platform_graph import PlatformGraph
from platformspec.ir.expr import Value
from platformspec.ir.naming import physical_name
from platformspec.ir.node import Data, Ephemeral, Manifest, Node, Placement, ProviderConfig, Resource
from platformspec.ir.sourced import Provenance, Sourced, paths_of, unwrap
from platformspec.kinds.cloud import NetworkExports
from platformspec.lower.contract import Capability, Grant, ProviderSet, Ready, Statement, Workload

E = TypeVar("E")
T = TypeVar("T")
N = TypeVar("N", bound=Node)

NAME_PATHS: tuple[Path, ...] = (("metadata", "name"),)

Attributes = Mapping[str, Any]


class Maker(NamedTuple):
    """The step and the provider's function that made a node, for `platformspec why`."""

    step: str
    function: str


@dataclass
class Lowering:
    """The state of one compilation's lowering: nodes and exports so far. Contexts write to it, functions do not."""

    graph: PlatformGraph
    providers: ProviderSet
    report: Report
    nodes: dict[str, Node]
    exports: dict[tuple[Address, type[Any]], Any]
    grants: list[Grant]
    needs: dict[tuple[Address, Capability], set[Path]]
    waiting: list[tuple[str, Address, Capability]]
    names: dict[str, str]
    made_by: dict[str, Maker]
    """Node id -> who made it."""
    maker: Maker | None = None
    """Who is at work."""

    @property
    def platform(self) -> Platform:
        return self.graph.platform


class Context:
    """Building nodes on behalf of one declaration."""

    def __init__(
        self,
        lowering: Lowering,
        declaration: Declaration,
        *,
        prefix: str,
        because: tuple[Path, ...],
        edges: tuple[str, ...] = (),
    ) -> None:
        self._lowering = lowering
        self._prefix = prefix
        self._because = because
        self._edges = edges
        self.declaration = declaration
        self.address = declaration.address
        self.spec: Any = declaration.spec
        self.rejected = False
        """Whether something was rejected: what follows from it need not be built."""

    # Facts ------------------------------------------------------------------------------------------------------------

    @property
    def platform(self) -> Platform:
        """The whole validated platform."""
        return self._lowering.platform

    @property
    def graph(self) -> PlatformGraph:
        """All declarations and edges."""
        return self._lowering.graph

    @property
    def called(self) -> str:
        """What things made for the declaration are named after. Its own name, until it is renamed: what exists keeps its names."""
        return self.platform.name_outside(self.address)

    @property
    def address_called(self) -> Address:
        """The address with that name, for labels, tags and descriptions."""
        return self.platform.address_outside(self.address)

    @property
    def account(self) -> Sourced[str]:
        return self.at(self.platform.spec.cloud.account, "cloud", "account")

    @property
    def region(self) -> Sourced[str]:
        return self.at(self.platform.spec.cloud.region, "cloud", "region")

    @property
    def as_of(self) -> datetime.date:
        """The day for which the platform is compiled; there is no other clock."""
        return self.platform.as_of

    @property
    def placement(self) -> Placement:
        """Where nodes go when nothing else is said: the account and region, and the cluster that the declaration is placed in."""
        cloud = self.platform.spec.cloud
        cluster = self.cluster_address()
        return Placement(cloud.account, cloud.region, cluster.name if cluster else None)

    def cluster_address(self) -> Address | None:
        """The cluster that the declaration is placed in, or the declaration itself where it is a cluster."""
        if self.address.kind == "cluster":
            return self.address
        for edge in self.graph.edges_from(self.address):
            if edge.relation == "placed_in":
                return edge.target
        for edge in self.graph.edges_from(self.address):
            if edge.relation == "runs_on":
                return next((e.target for e in self.graph.edges_from(edge.target) if e.relation == "placed_in"), None)
        return None

    def target(self, relation: str) -> Address | None:
        """What this declaration points at with `relation`; a reference that was left out has been filled in."""
        return next((edge.target for edge in self.graph.edges_from(self.address) if edge.relation == relation), None)

    def exports(self, address: Address, kind: type[E]) -> E:
        """What another declaration offers. Raises `KeyError` where it does not: our bug."""
        found: E = self._lowering.exports[(address.parent, kind)]
        return found

    def exports_or_none(self, address: Address, kind: type[E]) -> E | None:
        """What another declaration offers, if it does."""
        return self._lowering.exports.get((address.parent, kind))

    network_address = Address("network", "main")

    @property
    def network(self) -> NetworkExports:
        """What the platform's network offers."""
        return self.exports(self.network_address, NetworkExports)

    def own(self, role: str) -> Node:
        """A node that this declaration has already built. Raises `KeyError` where it has not: our bug."""
        return self._lowering.nodes[f"{self.address.parent}/{role}"]

    def exists(self, node_id: str) -> bool:
        """Whether a node has been built."""
        return node_id in self._lowering.nodes

    def node(self, node_id: str) -> Node:
        """A node that has been built. Raises `KeyError` where it has not: our bug."""
        return self._lowering.nodes[node_id]

    # Provenance -------------------------------------------------------------------------------------------------------

    def src(self, value: T, *fields: str | Sourced[Any]) -> Sourced[T]:
        """`value`, which follows from these fields of the declaration (`"capacity.nodes.max"`) or from other sourced values."""
        paths: set[Path] = set(paths_of(*fields))
        for field in fields:
            if isinstance(field, str):
                paths.add((*self.declaration.path, *_parts(field)))
        return Sourced(value, tuple(sorted(paths, key=str)))

    def at(self, value: T, *path: str | int) -> Sourced[T]:
        """`value`, which follows from an absolute path of the YAML."""
        return Sourced(value, (path,))

    # Names ------------------------------------------------------------------------------------------------------------

    def name(
        self,
        *parts: str,
        limit: int,
        role: str | None = None,
        scope: str = "",
        pinned: bool = False,
        separator: str = "-",
    ) -> Sourced[str]:
        """The physical name `<platform>-<environment>-<parts>`, at most `limit` characters.

        `pinned`: the name of something stateful; platform.lock keeps it. `role` is then the role of the node that gets the
        name. `scope` says among which names it must be unique, such as `iam-role`.
        """
        platform = self.platform
        key = f"{self._prefix}/{role}"
        text = physical_name(platform.name, platform.environment or "", *parts, limit=limit, separator=separator)
        if pinned:
            text = platform.locked_names.get(key, text)
            self._lowering.names[key] = text
        return Sourced(text, NAME_PATHS)

    def named(self, role: str, name: Sourced[str]) -> Sourced[str]:
        """`name`, or that of what is imported as `role`: for types that are imported by their name alone.

        platform.lock keeps a name that was taken over once the declaration no longer says so.
        """
        key = f"{self._prefix}/{role}"
        imports = getattr(self.declaration.spec, "imports", {}) if self._prefix == str(self.address.parent) else {}
        if role in imports:
            name = self.src(imports[role], f"imports.{role}")
        elif key in self.platform.locked_names:
            name = Sourced(self.platform.locked_names[key], name.paths)
        else:
            return name
        self._lowering.names[key] = name.value
        return name

    @property
    def labels(self) -> dict[str, Any]:
        """Labels of every Kubernetes object of the declaration."""
        labels: dict[str, Any] = {
            "app.kubernetes.io/managed-by": "platformspec",
            "app.kubernetes.io/part-of": Sourced(self.platform.name, NAME_PATHS),
            "platformspec.dev/address": label_value(str(self.address_called)),
        }
        if self.platform.environment:
            labels["platformspec.dev/environment"] = self.platform.environment
        team = self.team
        if team is not None:
            labels["platformspec.dev/team"] = team
        return labels

    @property
    def team(self) -> Sourced[str] | None:
        """The owning team: the declaration itself, or what it is owned by."""
        if self.address.kind == "team":
            return Sourced(self.called, ())
        for edge in self.graph.edges_from(self.address):
            if edge.relation == "owned_by" and edge.source == self.address:
                return Sourced(self.platform.name_outside(edge.target), (edge.path,))
        return None

    @property
    def tags(self) -> dict[str, Any]:
        """Tags of every cloud resource of the declaration."""
        metadata = self.platform.spec.metadata
        tags: dict[str, Any] = {
            key: Sourced(value, (("metadata", "labels", key),)) for key, value in sorted(metadata.labels.items())
        }
        tags["platformspec:platform"] = Sourced(self.platform.name, NAME_PATHS)
        if self.platform.environment:
            tags["platformspec:environment"] = self.platform.environment
        if metadata.owner:
            tags["platformspec:owner"] = Sourced(metadata.owner, (("metadata", "owner"),))
        tags["platformspec:address"] = str(self.address_called)
        team = self.team
        if team is not None:
            tags["platformspec:team"] = team
        return tags

    # Nodes ------------------------------------------------------------------------------------------------------------

    def resource(
        self,
        type: str,
        role: str,
        attrs: Attributes,
        *,
        stack: str,
        after: Iterable[tuple[str, str]] = (),
        lifecycle: Mapping[str, Value] | None = None,
        because: Iterable[str | Sourced[Any]] = (),
        placement: Placement | None = None,
    ) -> Resource:
        """A Terraform resource with the id `<address>/<role>`. Types that carry tags get them.

        `because`: fields of the declaration on which the existence of the resource depends. `after`: `(node id, why)`.
        """
        attrs = {**attrs, "tags": {**self.tags, **attrs.get("tags", {})}} if self._carries_tags(type) else attrs
        return self._add(Resource, type, role, attrs, stack, after, lifecycle, because, placement)

    def data(
        self, type: str, role: str, attrs: Attributes, *, stack: str, because: Iterable[str | Sourced[Any]] = ()
    ) -> Data:
        """A Terraform data source."""
        return self._add(Data, type, role, attrs, stack, (), None, because, None)

    def provider(self, name: str, role: str, attrs: Attributes, *, stack: str) -> ProviderConfig:
        """A `provider` block of a stack."""
        return self._add(ProviderConfig, name, role, attrs, stack, (), None, (), None)

    def ephemeral(self, type: str, role: str, attrs: Attributes, *, stack: str) -> Ephemeral:
        """A Terraform ephemeral resource: its values are in no state and no plan."""
        return self._add(Ephemeral, type, role, attrs, stack, (), None, (), None)

    def manifest(
        self,
        api_version: str,
        kind: str,
        name: Any,
        role: str,
        body: Attributes,
        *,
        namespace: Any = None,
        labels: Mapping[str, Any] | None = None,
        annotations: Mapping[str, Any] | None = None,
        finalizers: Sequence[str] = (),
        after: Iterable[tuple[str, str]] = (),
        because: Iterable[str | Sourced[Any]] = (),
        cluster: Address | None = None,
        capability: Capability | None = None,
    ) -> Manifest:
        """A Kubernetes object with the id `<address>/<role>`. `body` is all but apiVersion, kind and metadata.

        `capability`: the controller that serves this kind; it is installed, and the object waits for it.
        """
        metadata: dict[str, Any] = {"name": name}
        if namespace is not None:
            metadata["namespace"] = namespace
        metadata["labels"] = {**self.labels, **(labels or {})}
        if annotations:
            metadata["annotations"] = dict(annotations)
        if finalizers:
            metadata["finalizers"] = list(finalizers)
        where = cluster or self.cluster_address()
        if where is None:
            raise ValueError(f"{self._prefix}/{role} is a Kubernetes object without a cluster")
        cloud = self.platform.spec.cloud
        node = self._add(
            Manifest,
            f"{api_version}/{kind}",
            role,
            {"apiVersion": api_version, "kind": kind, "metadata": metadata, **body},
            "kubernetes",
            after,
            None,
            because,
            Placement(cloud.account, cloud.region, where.name),
        )
        if capability is not None:
            self.need(capability, cluster=where, because=because)
            self._lowering.waiting.append((node.id, where, capability))
        return node

    def need(
        self, capability: Capability, *, cluster: Address | None = None, because: Iterable[str | Sourced[Any]] = ()
    ) -> None:
        """Say that a controller must be installed in the cluster."""
        where = cluster or self.cluster_address()
        if where is None:
            raise ValueError(f"{self._prefix} needs {capability} without a cluster")
        self._lowering.needs.setdefault((where, capability), set()).update(
            self._because, paths_of(self.src(None, *because))
        )

    def offer(self, exports: Any) -> None:
        """Publish what this declaration offers to its users."""
        self._lowering.exports[(self.address.parent, type(exports))] = exports

    def reject(
        self,
        code: Code,
        message: str,
        *,
        at: str | Path = (),
        help: str | None = None,
        related: tuple[tuple[str, Path] | Related, ...] = (),
    ) -> None:
        """Report that the declaration cannot be lowered. `at`: a field of the declaration, or an absolute path."""
        self.rejected = True
        path = (*self.declaration.path, *_parts(at)) if isinstance(at, str) else at or self.declaration.path
        self._lowering.report.error(code, message, at=path, help=help, related=related)

    def warn(
        self,
        code: Code,
        message: str,
        *,
        at: str | Path = (),
        help: str | None = None,
        related: tuple[tuple[str, Path] | Related, ...] = (),
    ) -> None:
        """Report something that the user should know."""
        path = (*self.declaration.path, *_parts(at)) if isinstance(at, str) else at or self.declaration.path
        self._lowering.report.warning(code, message, at=path, help=help, related=related)

    def _carries_tags(self, type: str) -> bool:
        return any(
            p.catalogue is not None and p.catalogue.carries_tags(type) for p in self._lowering.providers.providers
        )

    def _add(
        self,
        kind: type[N],
        type: str,
        role: str,
        attrs: Attributes,
        stack: str,
        after: Iterable[tuple[str, str]],
        lifecycle: Mapping[str, Value] | None,
        because: Iterable[str | Sourced[Any]],
        placement: Placement | None,
    ) -> N:
        provenance: Provenance = {}
        plain = {key: unwrap(value, provenance, (key,)) for key, value in attrs.items()}
        existence = {*self._because, *paths_of(self.src(None, *because))}
        provenance[()] = tuple(sorted(existence, key=str))
        node = kind(
            id=f"{self._prefix}/{role}",
            type=type,
            stack=stack,
            placement=placement or self.placement,
            attrs=plain,
            declaration=str(self.address),
            after=tuple(after),
            edges=self._edges,
            lifecycle=dict(lifecycle or {}),
            provenance=provenance,
        )
        if node.id in self._lowering.nodes:
            raise ValueError(f"two nodes have the id {node.id!r}")
        self._lowering.nodes[node.id] = node
        if self._lowering.maker is not None:
            self._lowering.made_by[node.id] = self._lowering.maker
        return node


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


def label_value(text: str) -> str:
    """Text as a Kubernetes label value: `/` becomes `.`, at most 63 characters."""
    return physical_name(text.replace("/", "."), limit=63)


def _parts(field: str) -> Path:
    if not field:
        return ()
    return tuple(int(part) if part.isdigit() else part for part in field.split("."))
