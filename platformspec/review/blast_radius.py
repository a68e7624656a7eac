"""Who and what depends on the declarations that a change is about, by the edges of both graphs."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from platformspec.address import Address
from platformspec.driver import Compilation
from platformspec.graph.edge import Edge
from platformspec.kinds.model import ModelSpec
from platformspec.review.wording import title

# A team does not change because what it owns does: it is affected, and nothing is downstream of it through ownership.
_OWNERSHIP = ("owned_by", "serves")


@dataclass(frozen=True, slots=True)
class BlastRadius:
    """`changed` are the declarations that the change is about; `affected` all that depends on them. All sorted."""

    changed: tuple[Address, ...]
    affected: tuple[Address, ...]
    teams: tuple[str, ...]
    edges: tuple[Edge, ...]
    """Edges among these, for a picture."""

    def of_kind(self, *kinds: str) -> tuple[Address, ...]:
        """The affected declarations of these kinds; for a gateway its routes."""
        return tuple(a for a in self.affected if a.kind in kinds)


def blast_radius(base: Compilation | None, head: Compilation | None, changed: Iterable[Address]) -> BlastRadius:
    """Everything downstream of `changed` in either revision, with the teams that own or call it."""
    edges: set[Edge] = set()
    for side in (base, head):
        if side is not None and side.graph is not None:
            edges.update(side.graph.edges)
    users: dict[Address, set[Address]] = defaultdict(set)
    for edge in edges:
        if edge.relation not in _OWNERSHIP:
            users[edge.target].add(edge.source)
            if edge.target.child is not None:
                users[edge.target.parent].add(edge.source)
    for edge in edges:
        # A change of a whole gateway is one of all its routes.
        if edge.source.child is not None:
            users[edge.source.parent].add(edge.source)
    seeds = {address for address in changed if address.kind not in ("platform", "observability")}
    reached: set[Address] = set()
    todo = sorted(seeds, key=str)
    while todo:
        for user in users.get(todo.pop(), ()):
            if user not in reached and user not in seeds:
                reached.add(user)
                todo.append(user)
    involved = seeds | reached
    return BlastRadius(
        tuple(sorted(seeds, key=str)),
        tuple(sorted(reached, key=str)),
        tuple(sorted(_teams(edges, involved))),
        tuple(
            sorted(
                (e for e in edges if _among(e.source, involved) and _among(e.target, involved)),
                key=lambda edge: edge.id,
            )
        ),
    )


def owners(base: Compilation | None, head: Compilation | None, changed: Iterable[Address]) -> dict[str, list[str]]:
    """Owner -> what of the change belongs to it: the owning team, or the platform's owner."""
    found: dict[str, list[str]] = defaultdict(list)
    for address in sorted(set(changed), key=str):
        teams: set[str] = set()
        platform_owner = None
        for side in (head, base):
            if side is None or side.graph is None:
                continue
            platform_owner = platform_owner or side.graph.platform.spec.metadata.owner
            teams.update(_owning(side.graph.edges, address))
        if address.kind == "team":
            teams.add(address.name)
        for owner in sorted(teams) or ([platform_owner] if platform_owner else []):
            found[owner].append(title(address))
    return dict(sorted(found.items()))


def _owning(edges: Iterable[Edge], address: Address) -> set[str]:
    exact = {e.target.name for e in edges if e.relation == "owned_by" and e.source == address}
    return exact or {
        e.target.name for e in edges if e.relation == "owned_by" and e.source == address.parent and address.child
    }


def _teams(edges: Iterable[Edge], involved: set[Address]) -> set[str]:
    teams = {address.name for address in involved if address.kind == "team"}
    for edge in edges:
        owned = edge.relation == "owned_by" and edge.source in involved
        # A gateway's teams call its routes.
        served = edge.relation == "serves" and any(a.parent == edge.source for a in involved)
        if owned or served:
            teams.add(edge.target.name)
    return teams


def _among(address: Address, involved: set[Address]) -> bool:
    return address in involved or (address.child is None and any(a.parent == address for a in involved))


def is_external(side: Compilation, address: Address) -> bool:
    """Whether the address is a model that somebody else serves."""
    declaration = side.graph.declarations.get(address.parent) if side.graph is not None else None
    return declaration is not None and isinstance(declaration.spec, ModelSpec) and declaration.spec.external is not None
