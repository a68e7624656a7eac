"""Workloads that are restarted with nothing left to answer meanwhile."""

from __future__ import annotations

from collections.abc import Iterator

from platformspec.address import Address
from platformspec.diagnostics import Code
from platformspec.kinds.gpu_pool import GpuPoolSpec
from platformspec.kinds.model import ModelSpec
from platformspec.review.dangers.danger import Danger, Situation, address_of
from platformspec.review.restarts import replaces_nodes, restarts
from platformspec.review.wording import title

CANNOT_SURGE = Code(
    "PS624",
    "a restart leaves nothing to answer",
    explain="The pods of a workload change, there is no room or no permission to start a new one beside the old, and no other replica answers meanwhile. From the "
    "end of the old pod to the readiness of the new one callers get errors.",
)


def unanswered(s: Situation) -> Iterator[Danger]:
    """Restarts and moves to other nodes during which no replica is left."""
    assert s.base.program is not None
    assert s.head.program is not None
    told: set[Address] = set()
    for restart in restarts(s.plan, s.base.program, s.head.program):
        if restart.left > 0 or restart.replicas == 0 or restart.per_node:
            continue
        address = address_of(restart.change.node)
        told.add(address)
        yield s.danger(
            CANNOT_SURGE,
            address,
            f"{title(address)} restarts {_which(restart.replicas)} ready: it does not answer {_wait(_spec(s, address))}",
            "raise the number of replicas first, or merge when nobody needs it",
            path=s.cause(restart.change),
        )
    yield from _moved(s, told)


def _moved(s: Situation, told: set[Address]) -> Iterator[Danger]:
    """Models with one replica, or on one node, that is replaced; a model that restarts is told of already."""
    assert s.head.graph is not None
    for change in s.plan.changes:
        if not replaces_nodes(change):
            continue
        pool = address_of(change.node)
        for edge in s.head.graph.edges_to(pool):
            spec = _spec(s, edge.source)
            if edge.relation != "runs_on" or edge.source in told or not isinstance(spec, ModelSpec):
                continue
            only = _only(spec, _spec(s, pool), title(pool))
            if only is not None:
                told.add(edge.source)
                yield s.danger(
                    CANNOT_SURGE,
                    edge.source,
                    f"{title(edge.source)} {only}: it does not answer {_wait(spec)}",
                    "raise the number of replicas first, or merge when nobody needs it",
                    path=s.cause(change),
                )


def _only(model: ModelSpec, pool: object, name: str) -> str | None:
    """Why nothing of the model is left while a node is replaced; None where something is, or nothing runs all the time."""
    if isinstance(pool, GpuPoolSpec) and pool.capacity.nodes.max == 1 and model.scale.min:
        return f"stands on the only node of {name}, which is replaced"
    return f"has one replica, and the nodes of {name} are replaced" if model.scale.min == 1 else None


def _wait(spec: object) -> str:
    if isinstance(spec, ModelSpec):
        return f"for up to {spec.serve.startup_minutes} minutes"
    return "until a new pod is ready"


def _which(replicas: int) -> str:
    return (
        "its only replica before the new one is"
        if replicas == 1
        else f"all {replicas} replicas at once, before the new ones are"
    )


def _spec(s: Situation, address: object) -> object:
    graph = s.head.graph
    declaration = graph.declarations.get(address) if graph is not None else None  # type: ignore[call-overload]
    return declaration.spec if declaration is not None else None
