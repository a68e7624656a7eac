"""References -> edges: every name found, of the kind that its place takes, and no cycle."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from platformspec.address import Address
from platformspec.diagnostics import Code, Path, Report, dotted
from platformspec.diagnostics.suggest import closest
from platformspec.graph.edge import Edge
from platformspec.graph.platform import Declaration, Platform
from platformspec.graph.platform_graph import PlatformGraph
from platformspec.graph.renames import check_renames, heir
from platformspec.ir.program import CycleError, layered
from platformspec.kinds.base import DeclarationSpec, Ref, references
from platformspec.kinds.model import ModelSpec
from platformspec.kinds.platform import KINDS

UNKNOWN_NAME = Code(
    "PS301",
    "a reference names something that is not declared",
    explain="Names refer to declarations of this platform. Declare the name in its section, or write the name of one that exists.",
)
WRONG_KIND = Code(
    "PS302",
    "a reference names a declaration of another kind",
    explain="Each place takes one kind: `pool` takes a GPU pool, `targets` take models. The kind may be left out: `pool: l4`.",
)
CYCLE = Code(
    "PS303",
    "declarations need each other in a circle",
    explain="A platform is created in the order of its references, so they may not go round in a circle. Remove one of the references on the printed path.",
)
AMBIGUOUS = Code(
    "PS304",
    "a reference was left out and there is more than one choice",
    explain="Where there is exactly one cluster or GPU pool nothing needs to name it. With more than one, write which.",
)
NOTHING_TO_REFER_TO = Code(
    "PS305",
    "a declaration needs another one that does not exist",
    explain="A self-hosted model needs a GPU pool. Declare one, or make the model external.",
)
SAME_TARGET_TWICE = Code(
    "PS306",
    "the same reference stands twice",
    explain="A route lists each model once, as a target or as a fallback; a model that stands twice gets no double share.",
)

NETWORK = Address("network", "main")
MODEL_BUCKET = Address("bucket", "models")

DEFAULT_TARGETS: Mapping[str, tuple[tuple[str, str], ...]] = {
    "gpu_pool": (("placed_in", "cluster"),),
    "model": (("runs_on", "gpu_pool"),),
    "gateway": (("placed_in", "cluster"),),
    "vector_store": (("placed_in", "cluster"),),
}
"""Kind -> references that are filled in where the platform has exactly one target."""

ANSWERS = ("routes_to", "falls_back_to")
ONE_OF: Mapping[str, tuple[str, ...]] = dict.fromkeys(ANSWERS, ANSWERS)
"""Relation -> relations of which two declarations have one at most: a model is no fallback of itself."""

IN_NETWORK = ("cluster", "database", "cache", "vector_store")


def resolve(platform: Platform, report: Report) -> PlatformGraph | None:
    """All references, those left out included. Returns None where one is wrong; all wrong ones are reported."""
    declarations = dict(sorted(((d.address, d) for d in _declarations(platform)), key=lambda pair: str(pair[0])))
    edges: dict[tuple[Address, str, Address], Edge] = {}
    said: set[tuple[Address, str]] = set()
    for declaration in declarations.values():
        for path, ref in references(declaration.spec, declaration.path):
            # A wrong reference is not a missing one: it counts as said.
            said.add((declaration.address, ref.relation))
            edge = _edge(platform, declaration, declarations, path, ref, report)
            if edge is None:
                continue
            rivals = ONE_OF.get(edge.relation, (edge.relation,))
            keys = ((edge.source, relation, edge.target) for relation in rivals)
            earlier = next((edges[key] for key in keys if key in edges), None)
            if earlier is not None:
                report.error(
                    SAME_TARGET_TWICE,
                    f"{edge.source} names {edge.target} twice",
                    at=path,
                    help="remove one of them",
                    related=((f"{edge.target} stands here already", earlier.path),),
                )
            edges.setdefault((edge.source, edge.relation, edge.target), edge)
    for position, waiver in enumerate(platform.spec.waivers):
        _find(platform, waiver.policy, ("waivers", position, "policy"), declarations, report)
    check_renames(platform, report)
    for edge in _implied(platform, declarations, said, report):
        edges.setdefault((edge.source, edge.relation, edge.target), edge)
    if not report.ok:
        return None
    ordered = tuple(sorted(edges.values(), key=lambda edge: edge.id))
    if not _acyclic(ordered, declarations, report):
        return None
    return PlatformGraph(platform, declarations, ordered)


def _declarations(platform: Platform) -> Iterator[Declaration]:
    for kind in KINDS:
        for name, spec in getattr(platform.spec, kind.section).items():
            yield Declaration(Address(kind.name, name), spec, (kind.section, name))
    yield Declaration(NETWORK, platform.spec.cloud.network, ("cloud", "network"))
    if any(model.bucket_folders for model in platform.spec.models.values()):
        yield Declaration(MODEL_BUCKET, platform.spec.cloud.model_bucket, ("cloud", "model_bucket"))


def _edge(
    platform: Platform,
    declaration: Declaration,
    declarations: Mapping[Address, Declaration],
    path: Path,
    ref: Ref,
    report: Report,
) -> Edge | None:
    target = _find(platform, ref, path, declarations, report)
    if target is None:
        return None
    source = declaration.address
    spec = declaration.spec
    inside = path[len(declaration.path) :]
    if isinstance(spec, DeclarationSpec) and len(inside) > 1 and inside[0] == spec.children_field:
        source = Address(source.kind, source.name, str(inside[1]))
    return Edge(source, ref.relation, target, path)


def _find(
    platform: Platform, ref: Ref, path: Path, declarations: Mapping[Address, Declaration], report: Report
) -> Address | None:
    address = ref.address
    if ref.written_kind != ref.kind:
        report.error(
            WRONG_KIND,
            f"{dotted(path)} takes a {_words(ref.kind)}, and {ref.text} is a {_words(ref.written_kind)}",
            at=path,
            help=f"write the name of a {_words(ref.kind)}: {_names(declarations, ref.kind)}",
        )
        return None
    if address.parent in declarations:
        return address
    others = [d.address for d in declarations.values() if d.address.name == address.name and d.address.kind != ref.kind]
    names = [a.name for a in declarations if a.kind == ref.kind]
    near = closest(address.name, names)
    new = heir(platform, address)
    if new is not None:
        report.error(
            UNKNOWN_NAME,
            f"there is no {_words(ref.kind)} called {address.name} any more",
            at=path,
            help=f"write {new.name}, which was {address.name}",
            related=((f"{new} says so here", (*declarations[new].path, "was")),),
        )
        return None
    if others and near is None:
        report.error(
            WRONG_KIND,
            f"{dotted(path)} takes a {_words(ref.kind)}, and {address.name} is a {_words(others[0].kind)}",
            at=path,
            help=f"write the name of a {_words(ref.kind)}: {_names(declarations, ref.kind)}",
            related=((f"{others[0]} is declared here", declarations[others[0]].path),),
        )
        return None
    report.error(
        UNKNOWN_NAME,
        f"there is no {_words(ref.kind)} called {address.name}",
        at=path,
        help=f"did you mean {near}?" if near else f"declared: {_names(declarations, ref.kind)}",
    )
    return None


def _implied(
    platform: Platform, declarations: Mapping[Address, Declaration], said: set[tuple[Address, str]], report: Report
) -> Iterator[Edge]:
    for address, declaration in declarations.items():
        for relation, kind in DEFAULT_TARGETS.get(address.kind, ()):
            if (address, relation) in said or (
                isinstance(declaration.spec, ModelSpec) and declaration.spec.external is not None
            ):
                continue
            choices = [other for other in declarations if other.kind == kind]
            if len(choices) == 1:
                yield Edge(address, relation, choices[0], declaration.path)
            elif choices:
                field = {"placed_in": "cluster", "runs_on": "pool"}[relation]
                report.error(
                    AMBIGUOUS,
                    f"{address} does not say its {_words(kind)}, and there are {len(choices)}",
                    at=declaration.path,
                    on_key=True,
                    help=f"add `{field}: {choices[0].name}`, or {' or '.join(choice.name for choice in choices[1:])}",
                )
            else:
                report.error(
                    NOTHING_TO_REFER_TO,
                    f"{address} needs a {_words(kind)}, and none is declared",
                    at=declaration.path,
                    on_key=True,
                    help="declare one under gpu_pools, such as `l4: {accelerator: l4}`, or make the model external",
                )
        if address.kind in IN_NETWORK:
            yield Edge(address, "in_network", NETWORK, declaration.path)
        if address.kind == "team":
            for cluster in declarations:
                if cluster.kind == "cluster":
                    yield Edge(address, "placed_in", cluster, declaration.path)
        if isinstance(declaration.spec, ModelSpec) and declaration.spec.bucket_folders:
            field = min(declaration.spec.bucket_folders)
            yield Edge(address, "reads_from", MODEL_BUCKET, (*declaration.path, *field.split(".")))
        if address.kind == "gateway" and (address, "serves") not in said:
            for team in declarations:
                if team.kind == "team":
                    yield Edge(address, "serves", team, declaration.path)


def _acyclic(edges: tuple[Edge, ...], declarations: Mapping[Address, Declaration], report: Report) -> bool:
    needs: dict[str, set[str]] = {str(address): set() for address in declarations}
    for edge in edges:
        needs[str(edge.source.parent)].add(str(edge.target.parent))
    try:
        layered(needs)
    except CycleError as cycle:
        steps = list(zip(cycle.path, cycle.path[1:], strict=False))
        chosen = [next(e for e in edges if (str(e.source.parent), str(e.target.parent)) == step) for step in steps]
        report.error(
            CYCLE,
            "these need each other: " + " -> ".join(cycle.path),
            at=chosen[0].path,
            help="remove one of these references",
            related=tuple(
                (f"{edge.source} {edge.relation.replace('_', ' ')} {edge.target}", edge.path) for edge in chosen[1:]
            ),
        )
        return False
    return True


def _words(kind: str) -> str:
    return kind.replace("gpu_pool", "GPU pool").replace("_", " ")


def _names(declarations: Mapping[Address, Declaration], kind: str) -> str:
    return ", ".join(sorted(address.name for address in declarations if address.kind == kind)) or "none yet"
