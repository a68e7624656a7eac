"""Whether the pods of a pool's models can stand on its nodes: enough GPUs in sum may still be too few in each node."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from platformspec.sdk import (
    Address,
    AggregateContext,
    Code,
    GpuPoolExports,
    GpuPoolSpec,
    ModelSpec,
    TeamSpec,
    borrowable,
    gpus_per_replica,
    parallelism,
    replicas_at_least,
    replicas_at_most,
    replicas_beside,
)

NO_PLACE = Code(
    "PS599",
    "GPUs that are enough in sum, and not in one node",
    explain="A pod has its GPUs in one node. The pods of all models of a pool, at their smallest number of replicas, must have an order in which its nodes hold them; what is left over on each node may be too little for the next pod.",
)
NEVER_STARTS = Code(
    "PS549",
    "a model of which no replica can ever start",
    explain="A model that may have no replica needs GPUs when it wakes. One replica must fit the pool at its largest, and what its team may hold and borrow.",
)
NEVER_REACHED = Code(
    "PS598",
    "more replicas than there can be GPUs for",
    explain="`scale.max` is a promise to callers: load up to it is answered. Replicas beyond what the pool has at its largest, or beyond what the team may hold and borrow, stay pending forever.",
)
IDLE = Code(
    "PS497",
    "nodes that are paid for and that no model can use",
    explain="Nodes of `nodes.min` are there day and night. Where all models of the pool together, at their largest and with new versions beside them, hold fewer GPUs than those nodes have, whole nodes stay empty. Teams with a quota of the accelerator may use them for pods of their own, so of such pools nothing is said.",
)
# Sorting pods by size and trying every node that differs ends soon for real platforms; where it does not, nothing is claimed.
TRIES: Final = 20_000


def check_placement(ctx: AggregateContext) -> None:
    """Every pool for itself: its models' pods against its nodes, and each model's largest size against what it may get."""
    teams = ctx.platform.spec.teams
    for address, pool in ctx.all_exports(GpuPoolExports):
        models = dict(_models(ctx, address))
        for model, spec in models.items():
            _reach(ctx, model, spec, address, pool, teams)
        _pack(ctx, address, pool, models)
        if not any(teams[name].quota.keys() & set(pool.accelerators.value) for name in teams):
            _idle(ctx, address, pool, models)


def places(nodes: Mapping[int, int], pods: list[int]) -> bool | None:
    """Whether `pods` (GPUs of each) fit on `nodes` (GPUs of a node -> nodes of that size). None where trying took too long."""
    start = tuple(sorted((size for size, count in nodes.items() for _ in range(min(count, len(pods)))), reverse=True))
    order = sorted(pods, reverse=True)
    seen: set[tuple[int, tuple[int, ...]]] = set()
    stack = [(0, start)]
    while stack:
        position, free = stack.pop()
        if position == len(order):
            return True
        if (position, free) in seen:
            continue
        if len(seen) >= TRIES:
            return None
        seen.add((position, free))
        size = order[position]
        # The fullest node that still holds it is tried first: it comes off the stack first.
        for room in sorted({room for room in free if room >= size}, reverse=True):
            left = list(free)
            left.remove(room)
            stack.append((position + 1, tuple(sorted((*left, room - size), reverse=True))))
    return False


def _pack(ctx: AggregateContext, address: Address, pool: GpuPoolExports, models: Mapping[Address, ModelSpec]) -> None:
    pods: list[int] = []
    words: list[str] = []
    for model, spec in models.items():
        replica = parallelism(spec.serve, pool.gpus_per_node.value, pool.device)
        if replica is None:
            return
        count = (replicas_at_least(spec) + replicas_beside(spec)) * replica.pods
        if count:
            pods += [replica.gpus_per_pod] * count
            words.append(f"{count} of {replica.gpus_per_pod} for {model.name}")
    nodes = pool.nodes.value
    if sum(pods) > pool.max_gpus.value or places(nodes, pods) is not False:
        return
    size = max(nodes)
    more = next(n for n in range(1, len(pods) + 1) if places({**nodes, size: nodes[size] + n}, pods))
    ctx.reject(
        NO_PLACE,
        f"no order puts the pods of {address} on its {_nodes(nodes)} GPUs: {', '.join(words)}",
        at=(*ctx.graph.declarations[address].path, "capacity", "nodes"),
        help=f"raise `nodes.max` of {address} by {more}, or give replicas sizes that divide {size}",
    )


def _reach(
    ctx: AggregateContext,
    model: Address,
    spec: ModelSpec,
    address: Address,
    pool: GpuPoolExports,
    teams: Mapping[str, TeamSpec],
) -> None:
    each, most = gpus_per_replica(spec.serve, pool.device), replicas_at_most(spec)
    bounds = [(pool.max_gpus.value, f"{address} has {{}} at most", f"raise `nodes.max` of {address}")]
    owner = next((e.target.name for e in ctx.graph.edges_from(model) if e.relation == "owned_by"), None)
    if owner is not None and (teams[owner].quota or teams[owner].may_borrow_from):
        loans = borrowable(owner, teams)
        may = sum(teams[owner].quota.get(one, 0) + loans.get(one, 0) for one in pool.accelerators.value)
        bounds.append((may, f"team {owner} may have {{}}", f"raise `gpu_quota` of {owner}"))
    there, who, more = min(bounds, key=lambda bound: bound[0])
    path = (*ctx.graph.declarations[model].path, "scale")
    words = "/".join(pool.accelerators.value)
    if replicas_at_least(spec) == 0 and each > there:
        ctx.reject(
            NEVER_STARTS,
            f"a replica of {model} has {each} {words} GPUs, and {who.format(there)}",
            at=path,
            help=f"{more}, so that it has {each}, or take a smaller replica",
        )
    elif spec.scale.follows_load and most * each > there >= max(replicas_at_least(spec), 1) * each:
        ctx.warn(
            NEVER_REACHED,
            f"{model} may have {most} replicas with {most * each} {words} GPUs, and {who.format(there)}: enough for {there // each}",
            at=(*path, "max"),
            help=f"write `max: {there // each}`, or {more}",
        )


def _idle(ctx: AggregateContext, address: Address, pool: GpuPoolExports, models: Mapping[Address, ModelSpec]) -> None:
    spec = ctx.graph.declarations[address].spec
    assert isinstance(spec, GpuPoolSpec)
    size, always = min(pool.nodes.value), spec.capacity.nodes.min
    used = sum(
        (replicas_at_most(model) + replicas_beside(model) + model.rollout.surge)
        * gpus_per_replica(model.serve, pool.device)
        for model in models.values()
    )
    idle = always - -(-used // size)
    if idle > 0:
        held = f"its models hold {used} at their largest" if models else "no model runs on it"
        ctx.warn(
            IDLE,
            f"{address} always has {_nodes({size: always})} GPUs, and {held}: {idle} of the nodes can never be used",
            at=(*ctx.graph.declarations[address].path, "capacity", "nodes"),
            help=f"write `min: {always - idle}`"
            if spec.fixed_because is None
            else f"write `nodes: {{min: {always - idle}, max: {always - idle}}}`"
            if always > idle
            else "remove the pool, or say which model runs on it",
        )


def _models(ctx: AggregateContext, pool: Address) -> Iterator[tuple[Address, ModelSpec]]:
    for edge in ctx.graph.edges_to(pool):
        spec = ctx.graph.declarations[edge.source.parent].spec
        if edge.relation == "runs_on" and isinstance(spec, ModelSpec):
            yield edge.source.parent, spec


def _nodes(nodes: Mapping[int, int]) -> str:
    return " and ".join(
        f"{count} node{'s' if count != 1 else ''} of {size}" for size, count in sorted(nodes.items(), reverse=True)
    )
