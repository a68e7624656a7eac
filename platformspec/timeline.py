"""What ends until a day, and who loses by it: `platformspec plan --at`."""

from __future__ import annotations

import datetime
from collections.abc import Iterator

from platformspec.address import Address
from platformspec.graph.platform_graph import PlatformGraph
from platformspec.kinds.gpu_pool import GpuPoolSpec
from platformspec.kinds.model import ModelSpec
from platformspec.kinds.parallelism import gpus_per_replica, replicas_beside
from platformspec.plan.notes import Ending, Rollout

ROUTES = ("routes_to", "falls_back_to")


def endings(graph: PlatformGraph, until: datetime.date) -> tuple[Ending, ...]:
    """Ends of reserved capacity from the compilation's day to `until`, both included, in the order of days."""
    found = [one for one in _all(graph) if graph.platform.as_of <= datetime.date.fromisoformat(one.day) <= until]
    return tuple(sorted(found, key=lambda one: (one.day, one.pool)))


def _all(graph: PlatformGraph) -> Iterator[Ending]:
    for address, declaration in graph.declarations.items():
        spec = declaration.spec
        if not isinstance(spec, GpuPoolSpec):
            continue
        block, reservation = spec.capacity.block, spec.capacity.reservation
        if block is not None:
            models = tuple(edge.source for edge in graph.edges_to(address) if edge.relation == "runs_on")
            yield Ending(
                block.ends,
                str(address),
                f"Capacity Block {block.reservation}",
                True,
                tuple(sorted(map(str, models))),
                _dependents(graph, models, block.ends),
                _rollouts(graph, address),
            )
        elif reservation is not None and reservation.ends is not None:
            yield Ending(
                reservation.ends,
                str(address),
                f"reservation {reservation.id}",
                False,
                (),
                (),
                _rollouts(graph, address),
            )


def _rollouts(graph: PlatformGraph, pool: Address) -> tuple[Rollout, ...]:
    """New versions and surges of the pool's models, and the GPUs that they need beside the usual ones."""
    found: list[Rollout] = []
    own = graph.declarations[pool].spec
    assert isinstance(own, GpuPoolSpec)
    for edge in graph.edges_to(pool):
        spec = graph.declarations[edge.source.parent].spec
        if edge.relation != "runs_on" or not isinstance(spec, ModelSpec):
            continue
        gpus, model = gpus_per_replica(spec.serve, own.device), str(edge.source.parent)
        if beside := replicas_beside(spec):
            found.append(Rollout(model, "canary" if spec.rollout.canary is not None else "green", beside * gpus))
        if spec.rollout.surge:
            found.append(Rollout(model, "surge", spec.rollout.surge * gpus))
    return tuple(sorted(found, key=lambda one: (one.model, one.what)))


def _dependents(graph: PlatformGraph, models: tuple[Address, ...], day: str) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """Routes and collections that use the models -> the models of each that are left on that day."""
    gone = {model for model in graph.declarations if _ended(graph, model, day)}
    found: dict[str, tuple[str, ...]] = {}
    for model in models:
        for edge in graph.edges_to(model):
            if edge.relation in (*ROUTES, "embeds_with"):
                targets = [e.target for e in graph.edges_from(edge.source) if e.relation in ROUTES]
                found[str(edge.source)] = tuple(sorted({str(target) for target in targets if target not in gone}))
    return tuple(sorted(found.items()))


def _ended(graph: PlatformGraph, model: Address, day: str) -> bool:
    for edge in graph.edges_from(model):
        pool = graph.declarations[edge.target].spec if edge.relation == "runs_on" else None
        if isinstance(pool, GpuPoolSpec) and pool.capacity.block is not None and pool.capacity.block.ends <= day:
            return True
    return False
