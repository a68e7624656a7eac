"""What people notice of a change: restarts, new nodes, what comes and goes, and who is affected."""

from __future__ import annotations

from collections.abc import Iterator

from platformspec.address import Address
from platformspec.kinds.gpu_pool import GpuPoolSpec
from platformspec.kinds.model import ModelSpec
from platformspec.kinds.parallelism import gpus_per_replica
from platformspec.plan.change import Plan
from platformspec.plan.words import plural
from platformspec.review.blast_radius import BlastRadius
from platformspec.review.dangers.danger import Situation, address_of
from platformspec.review.headroom import headroom
from platformspec.review.restarts import replaces_nodes, restarts
from platformspec.review.wording import listed, title

# With more than this a number says more than names.
MOST_NAMES = 6


def effects(s: Situation, radius: BlastRadius) -> tuple[str, ...]:
    """Sentences, the most noticeable first."""
    return tuple(dict.fromkeys([*_restarts(s), *_nodes(s.plan), *_gpus(s), *headroom(s), *affected(radius)]))


def affected(radius: BlastRadius) -> Iterator[str]:
    """Who is affected, in one sentence; none where nothing depends on what changes."""
    parts = []
    for kinds, word in (
        (("gateway",), "route"),
        (("model",), "model"),
        (("vector_store",), "collection"),
        (("agent", "pipeline"), "agent or pipeline"),
    ):
        found = [
            a for a in radius.of_kind(*kinds) if kinds not in (("gateway",), ("vector_store",)) or a.child is not None
        ]
        if found:
            parts.append(_names([_short(a) for a in found], word))
    if radius.teams:
        parts.append(_names(list(radius.teams), "team"))
    if parts:
        yield f"affects {listed(parts)}"


def _names(names: list[str], word: str) -> str:
    if len(names) > MOST_NAMES:
        return plural(len(names), word)
    return f"{word} {names[0]}" if len(names) == 1 else f"{plural(2, word).removeprefix('2 ')} {listed(names)}"


def _short(address: Address) -> str:
    return f"{address.name}/{address.child}" if address.child else address.name


def _restarts(s: Situation) -> Iterator[str]:
    assert s.base.program is not None
    assert s.head.program is not None
    for restart in restarts(s.plan, s.base.program, s.head.program):
        name = title(address_of(restart.change.node))
        what = restart.change.node.id.rsplit("/", 1)[-1]
        if restart.per_node:
            yield f"restarts {what} of {name} on every node"
        elif restart.replicas:
            meanwhile = (
                "" if restart.left >= restart.replicas else f", {restart.left} of {restart.replicas} answer meanwhile"
            )
            yield f"restarts {plural(restart.replicas, 'replica')} of {name}{meanwhile}"


def _nodes(plan: Plan) -> Iterator[str]:
    for change in plan.changes:
        name = title(address_of(change.node))
        if replaces_nodes(change):
            yield f"replaces the nodes of {name}, and moves the pods on them"
        elif change.node.type == "aws_eks_node_group" and any(
            attribute.path[:1] == ("scaling_config",) for attribute in change.attributes
        ):
            yield f"changes the number of nodes of {name}"


def _gpus(s: Situation) -> Iterator[str]:
    """GPUs that the replicas of a pool need at least, where that changes."""
    before, after = _demand(s, False), _demand(s, True)
    for pool in sorted({*before, *after}, key=str):
        if before.get(pool, 0) != after.get(pool, 0):
            yield f"models need at least {after.get(pool, 0)} GPUs of {pool.name}, {before.get(pool, 0)} before"


def _demand(s: Situation, of_head: bool) -> dict[Address, int]:
    graph = (s.head if of_head else s.base).graph
    assert graph is not None
    found: dict[Address, int] = {}
    for edge in graph.edges:
        if edge.relation != "runs_on":
            continue
        model, pool = graph.declarations[edge.source].spec, graph.declarations[edge.target].spec
        if isinstance(model, ModelSpec) and isinstance(pool, GpuPoolSpec) and model.source is not None:
            found[edge.target] = (
                found.get(edge.target, 0) + gpus_per_replica(model.serve, pool.device) * model.scale.min
            )
    return found
