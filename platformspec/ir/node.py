"""The nodes of the IR: one thing to create, read, configure or publish."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from platformspec.diagnostics import Path
from platformspec.ir.expr import Attr, Value, attrs_in


@dataclass(frozen=True, slots=True)
class Placement:
    """Where a node lives. Stacks, provider aliases, state keys and the folder `kubernetes/<cluster>/` derive from it."""

    account: str
    region: str
    cluster: str | None = None


@dataclass(frozen=True, slots=True)
class Node:
    """What all nodes have.

    - `id`: `<address>/<role>`, made from names, never from positions.
    - `type`: the Terraform type (`aws_vpc`), the provider (`aws`), or `apiVersion/Kind` for a manifest.
    - `stack`: the Terraform stack; for a manifest `kubernetes`.
    - `attrs`: arguments, outputs' values, or the whole Kubernetes object.
    - `after`: `(id, why)` for an order that no data expresses (gateway before NAT).
    - `edges`: ids of the graph's edges that this node exists for; without them it is not there.
    - `provenance`: attribute path -> YAML paths; `()` stands for the node's existence.
    - `declaration`: the address that it was lowered from.
    """

    id: str
    type: str
    stack: str
    placement: Placement
    attrs: Mapping[str, Value]
    declaration: str
    after: tuple[tuple[str, str], ...] = ()
    edges: tuple[str, ...] = ()
    lifecycle: Mapping[str, Value] = field(default_factory=dict)
    provenance: Mapping[Path, tuple[Path, ...]] = field(default_factory=dict)

    def attr(self, path: str, known: str | int | None = None) -> Attr:
        """A reference to a value of this node. `known`: see `Attr`."""
        return Attr(self.id, path, known)

    def references(self) -> Iterator[Attr]:
        """Every reference in the attributes, in order."""
        return attrs_in(dict(self.attrs))

    def depends_on(self) -> tuple[str, ...]:
        """Ids of the nodes that must exist before this one, sorted."""
        return tuple(sorted({*(attr.node for attr in self.references()), *(id for id, _ in self.after)} - {self.id}))

    def sources_of(self, path: Path) -> tuple[Path, ...]:
        """YAML paths that the attribute at `path` came from: its own, its parents' and the node's own."""
        found: set[Path] = set()
        for length in range(len(path) + 1):
            found.update(self.provenance.get(path[:length], ()))
        return tuple(sorted(found, key=str))


@dataclass(frozen=True, slots=True)
class Resource(Node):
    """A Terraform resource."""


@dataclass(frozen=True, slots=True)
class Data(Node):
    """A Terraform data source, remote state included."""


@dataclass(frozen=True, slots=True)
class Ephemeral(Node):
    """A Terraform ephemeral resource: opened during a run, kept in no state and no plan."""


@dataclass(frozen=True, slots=True)
class ProviderConfig(Node):
    """A `provider` block of a stack. `alias` is in the attributes."""


@dataclass(frozen=True, slots=True)
class Output(Node):
    """A Terraform output: `attrs` holds `value` and `sensitive`."""


@dataclass(frozen=True, slots=True)
class Moved(Node):
    """A `moved` block: `attrs` holds `from` and `to` as Terraform addresses."""


@dataclass(frozen=True, slots=True)
class Import(Node):
    """An `import` block: `attrs` holds `to` (a Terraform address) and `id`. Its own id is `<id of the resource>/import`."""

    @property
    def resource(self) -> str:
        """The id of the resource that is imported."""
        return self.id.removesuffix("/import")


@dataclass(frozen=True, slots=True)
class Manifest(Node):
    """A Kubernetes object. `attrs` is the object."""

    @property
    def name(self) -> str:
        return str(self.attrs["metadata"]["name"])  # type: ignore[index,call-overload]

    @property
    def namespace(self) -> str | None:
        return self.attrs["metadata"].get("namespace")  # type: ignore[union-attr,return-value]
