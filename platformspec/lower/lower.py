"""Lower a platform graph to a program, in four steps.

Some outputs need to know the users of a declaration, so one pass over declarations is not enough:

1. declarations: each -> its own resources and exports, users after what they use;
2. edges: each -> its grants, network openings and wiring;
3. capabilities: what was lowered says which controllers it needs; each is installed once, with its CRDs;
4. aggregates: documents that collect from many (roles from grants, namespaces, a gateway's configuration).
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping

from platformspec.address import Address
from platformspec.diagnostics import Code, Report
from platformspec.fit.estimate import Fitted
from platformspec.graph.edge import Edge
from platformspec.graph.platform_graph import PlatformGraph
from platformspec.graph.renames import former_addresses
from platformspec.ir.cost import CostItem
from platformspec.ir.program import Program
from platformspec.ir.requirement import Requirement
from platformspec.kinds.cluster import ClusterSpec
from platformspec.lower.context import (
    AggregateContext,
    CapabilityContext,
    DeclarationContext,
    EdgeContext,
    Lowering,
    Maker,
)
from platformspec.lower.contract import Capability, ProviderSet, Ready
from platformspec.lower.extend import apply_extensions
from platformspec.lower.imports import imports
from platformspec.lower.moves import moves

NOT_LOWERED = Code(
    "PS501",
    "no provider lowers this kind",
    explain="Every declaration must reach an output. The installed providers have no lowering for this kind: install the provider that has.",
)


@dataclasses.dataclass(frozen=True)
class Lowered:
    """The program, the physical names of stateful things for platform.lock, who made each node, and how models fit their GPUs."""

    program: Program
    names: dict[str, str]
    made_by: Mapping[str, Maker]
    fitted: Mapping[Address, Fitted]


def lower(
    graph: PlatformGraph, providers: ProviderSet, report: Report, *, edges: tuple[Edge, ...] | None = None
) -> Lowered | None:
    """All four steps. Returns None where something was rejected; the report says what.

    `edges` are those that step 2 turns into grants, openings and wiring; by default all of the graph's.
    """
    state = Lowering(graph, providers, report, {}, {}, [], {}, [], {}, {})
    _declarations(state)
    if not report.ok:
        return None
    _edges(state, graph.edges if edges is None else edges)
    _capabilities(state)
    _aggregates(state)
    if not report.ok:
        return None
    apply_extensions(state)
    taken = list(imports(state))
    if not report.ok:
        return None
    _wait_for_capabilities(state)
    former = former_addresses(graph.platform.spec)
    return Lowered(
        Program.of(
            graph.platform.name,
            graph.platform.environment,
            [*state.nodes.values(), *moves(state.nodes.values(), former), *taken],
            _costs(state),
            _requirements(state),
            former,
        ),
        dict(sorted(state.names.items())),
        state.made_by,
        {address: found for (address, _), found in state.exports.items() if isinstance(found, Fitted)},
    )


def _declarations(state: Lowering) -> None:
    rejected: set[Address] = set()
    for declaration in state.graph.in_order():
        address = declaration.address
        if address.kind == "policy":
            continue
        if any(edge.target.parent in rejected for edge in state.graph.edges_from(address)):
            # What it uses has no exports; a second message about it would help nobody.
            rejected.add(address)
            continue
        functions = [p.declarations[address.kind] for p in state.providers.providers if address.kind in p.declarations]
        if not functions:
            state.report.error(
                NOT_LOWERED,
                f"no installed provider knows {address.kind}",
                at=declaration.path,
                on_key=True,
                help=f"installed: {', '.join(p.name for p in state.providers.providers)}",
            )
        for function in functions:
            known = len(state.report.errors)
            state.maker = _maker("declaration", function)
            function(DeclarationContext(state, declaration))
            if len(state.report.errors) > known:
                rejected.add(address)
                break


def _edges(state: Lowering, edges: tuple[Edge, ...]) -> None:
    for edge in edges:
        for provider in state.providers.providers:
            for function in provider.edges.get(edge.relation, ()):
                state.maker = _maker("edge", function)
                function(EdgeContext(state, edge))


def _capabilities(state: Lowering) -> None:
    done: set[tuple[Address, Capability]] = set()
    # A controller may itself need another one (KEDA needs a metrics backend), so this runs until nothing new is asked for.
    while todo := sorted((key for key in state.needs if key not in done), key=lambda key: (str(key[0]), key[1])):
        for cluster, name in todo:
            done.add((cluster, name))
            spec = state.graph.declarations[cluster].spec
            if isinstance(spec, ClusterSpec) and spec.existing is not None:
                continue
            function = state.providers.capability(name)
            if function is None:
                raise LookupError(f"no provider installs the capability {name!r}")
            state.maker = _maker("capability", function)
            function(CapabilityContext(state, cluster, name, tuple(sorted(state.needs[(cluster, name)], key=str))))


def _aggregates(state: Lowering) -> None:
    for provider in state.providers.providers:
        for function in provider.aggregates:
            state.maker = _maker("aggregate", function)
            function(AggregateContext(state))


def _costs(state: Lowering) -> list[CostItem]:
    """After everything else, so that what `extend` patched is what is billed."""
    return [item for p in state.providers.providers if p.costs is not None for item in p.costs(AggregateContext(state))]


def _requirements(state: Lowering) -> list[Requirement]:
    found = (p.requirements(AggregateContext(state)) for p in state.providers.providers if p.requirements is not None)
    return [requirement for some in found for requirement in some]


def _maker(step: str, function: Callable[..., None]) -> Maker:
    return Maker(step, f"{function.__module__}.{function.__qualname__}")


def _wait_for_capabilities(state: Lowering) -> None:
    for node_id, cluster, capability in state.waiting:
        ready = state.exports.get((Address("capability", f"{cluster.name}-{capability}"), Ready))
        node = state.nodes.get(node_id)
        if ready is None or node is None:
            continue
        why = f"{capability} brings the definition of {node.type}"
        state.nodes[node_id] = dataclasses.replace(node, after=(*node.after, *((id, why) for id in ready.after)))
