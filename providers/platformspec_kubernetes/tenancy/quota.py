"""Quota algebra: what teams may hold, what pools can provide, and what models need at least, held against each other.

All numbers are GPUs, or shares of GPUs where a pool shares them. A model on a pool with alternatives may use any of their
accelerators, so needs are held against sets of accelerators.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from platformspec.sdk import (
    Address,
    AggregateContext,
    Code,
    GpuPoolExports,
    ModelSpec,
    Path,
    TeamSpec,
    gpus_per_replica,
    replicas_at_least,
    replicas_beside,
)

OVER_COMMITTED = Code(
    "PS512",
    "teams may hold more GPUs than the pools can provide",
    explain="A team's `gpu_quota` is a promise. The quotas of an accelerator add up to no more than its pools have at their largest; whoever comes last would otherwise wait for nodes that never come.",
)
POOL_TOO_SMALL = Code(
    "PS513",
    "a pool too small for its models",
    explain="All models of a pool run at least their smallest number of replicas, and those of a new version beside them. At its largest, the pool must have the GPUs for that.",
)
LIVES_ON_LOANS = Code(
    "PS514",
    "a team whose models need GPUs that it only borrows",
    explain="Borrowed GPUs go back, and pods on them are stopped, when their owner needs them. The smallest number of replicas should fit the team's own quota.",
)
NO_POOL = Code(
    "PS515",
    "a quota of GPUs that no pool has",
    explain="No pool of the platform has this accelerator, so the quota bounds nothing.",
)
QUOTA = Code(
    "PS568",
    "models that need more GPUs than their team may hold",
    explain="A team's `gpu_quota` bounds the GPUs of each accelerator; of one that it does not name the team may have none. The models that it owns need at least their smallest number of replicas, and what other teams can lend is what their own models leave.",
)

Accelerators = frozenset[str]


@dataclass(frozen=True, slots=True)
class Need:
    """GPUs that a model needs at least, and the accelerators that may serve it."""

    model: Address
    team: str | None
    pool: Address
    accelerators: Accelerators
    gpus: int


def check_quotas(ctx: AggregateContext) -> None:
    """Every cluster for itself: a pod cannot use another cluster's GPUs."""
    teams = ctx.platform.spec.teams
    everywhere: set[str] = set()
    for cluster in (address for address in ctx.graph.declarations if address.kind == "cluster"):
        pools = {a: e for a, e in ctx.all_exports(GpuPoolExports) if _cluster_of(ctx, a) == cluster}
        needs = list(_needs(ctx, pools))
        provided: dict[str, int] = {}
        for exports in pools.values():
            for accelerator, gpus in exports.gpus_by_accelerator.value.items():
                provided[accelerator] = provided.get(accelerator, 0) + gpus
        everywhere |= provided.keys()
        _over_commitment(ctx, teams, pools, provided)
        _pools(ctx, pools, needs)
        for name in teams:
            _minimum(ctx, name, teams, needs, provided)
    for name, spec in teams.items():
        for accelerator in spec.quota.keys() - everywhere if everywhere else ():
            ctx.warn(
                NO_POOL,
                f"team {name} may hold {spec.quota[accelerator]} {accelerator} GPUs, and no pool has any",
                at=("teams", name, "gpu_quota", accelerator),
                help="remove it, or add a pool",
            )


def shortfalls(
    needs: Mapping[Accelerators, int], available: Mapping[str, int]
) -> Iterator[tuple[Accelerators, int, int]]:
    """Sets of accelerators that must serve more than they have: `(accelerators, needed, available)`, smallest sets first.

    Needs can be met if and only if every union of their sets has enough for the needs inside it (Hall's theorem).
    """
    unions: set[Accelerators] = set()
    for one in needs:
        unions |= {one} | {one | other for other in unions}
    found: list[Accelerators] = []
    for union in sorted(unions, key=lambda union: (len(union), sorted(union))):
        needed = sum(gpus for one, gpus in needs.items() if one <= union)
        there = sum(available.get(accelerator, 0) for accelerator in union)
        if needed > there and not any(one <= union for one in found):
            found.append(union)
            yield union, needed, there


def _over_commitment(
    ctx: AggregateContext,
    teams: Mapping[str, TeamSpec],
    pools: Mapping[Address, GpuPoolExports],
    provided: Mapping[str, int],
) -> None:
    for accelerator, there in sorted(provided.items()):
        holders = [name for name, spec in teams.items() if spec.quota.get(accelerator)]
        total = sum(teams[name].quota[accelerator] for name in holders)
        if total <= there:
            continue
        where = [a.name for a, e in pools.items() if accelerator in e.gpus_by_accelerator.value]
        shares = ", ".join(f"{name} {teams[name].quota[accelerator]}" for name in holders)
        ctx.reject(
            OVER_COMMITTED,
            f"teams may hold {total} {accelerator} GPUs ({shares}), and {' and '.join(where)} {'have' if len(where) > 1 else 'has'} {there} at most: {total / there:.2f} times",
            at=("teams", holders[-1], "gpu_quota", accelerator),
            help=f"take {total - there} from the quotas, or raise `capacity.nodes.max` of {where[0]}",
            related=_places(("quota", ("teams", name, "gpu_quota", accelerator)) for name in holders[:-1]),
        )


def _pools(ctx: AggregateContext, pools: Mapping[Address, GpuPoolExports], needs: list[Need]) -> None:
    for address, exports in pools.items():
        own = [need for need in needs if need.pool == address]
        total, there = sum(need.gpus for need in own), exports.max_gpus.value
        if total > there:
            shares = ", ".join(f"{need.model.name} {need.gpus}" for need in own)
            ctx.reject(
                POOL_TOO_SMALL,
                f"models of {address} need at least {total} GPUs ({shares}), and it has {there} at most",
                at=(*ctx.graph.declarations[address].path, "capacity", "nodes"),
                help=f"raise `nodes.max` so that there are {total} GPUs, or lower `scale.min` of a model",
            )


def _minimum(
    ctx: AggregateContext,
    name: str,
    teams: Mapping[str, TeamSpec],
    needs: list[Need],
    provided: Mapping[str, int],
) -> None:
    spec = teams[name]
    if not spec.quota and not spec.may_borrow_from:
        return
    own = _by_accelerators(need for need in needs if need.team == name)
    lent = {accelerator: _spare(accelerator, spec, teams, needs) for accelerator in provided}
    with_loans = {one: spec.quota.get(one, 0) + lent.get(one, 0) for one in {*provided, *spec.quota}}
    hopeless = list(shortfalls(own, with_loans))
    for accelerators, needed, there in hopeless:
        words, quota = _words(accelerators), sum(spec.quota.get(one, 0) for one in accelerators)
        loans = f" and may borrow {there - quota} from {' and '.join(spec.may_borrow_from)}" if there > quota else ""
        one = next((one for one in sorted(accelerators) if one in spec.quota), sorted(accelerators)[0])
        ctx.reject(
            QUOTA,
            f"models of team {name} need at least {needed} {words} GPUs, and it has {quota}{loans}",
            at=("teams", name, "gpu_quota", one)
            if one in spec.quota
            else ("teams", name, "gpu_quota" if spec.quota else "may_borrow_from"),
            help=f"write `{one}: {spec.quota.get(one, 0) + needed - there}` or more, or lower `scale.min` of its models",
        )
    if hopeless:
        return
    for accelerators, needed, there in shortfalls(own, spec.quota):
        one = sorted(accelerators)[0]
        ctx.warn(
            LIVES_ON_LOANS,
            f"models of team {name} need at least {needed} {_words(accelerators)} GPUs, and {there} are its own: {needed - there} can be taken back at any time",
            at=("teams", name, "may_borrow_from"),
            help=f"write `{one}: {needed - there + spec.quota.get(one, 0)}` in its gpu_quota, or lower `scale.min` of its models",
        )
    _together(ctx, name, teams, needs)


def _together(ctx: AggregateContext, name: str, teams: Mapping[str, TeamSpec], needs: list[Need]) -> None:
    """What one borrower takes is gone for the next: a cohort's needs fit its quotas. Said once, at its first member that borrows."""
    members = ctx.platform.spec.cohorts.get(name, ())
    if not members or name != next(member for member in members if teams[member].may_borrow_from):
        return
    quotas: dict[str, int] = {}
    for member in members:
        for accelerator, gpus in teams[member].quota.items():
            quotas[accelerator] = quotas.get(accelerator, 0) + gpus
    for accelerators, needed, there in shortfalls(
        _by_accelerators(need for need in needs if need.team in members), quotas
    ):
        ctx.reject(
            QUOTA,
            f"models of the teams {', '.join(members)} need at least {needed} {_words(accelerators)} GPUs together, and their quotas add up to {there}",
            at=("teams", name, "may_borrow_from"),
            help="raise a quota, or lower `scale.min` of their models",
        )


def _spare(accelerator: str, spec: TeamSpec, teams: Mapping[str, TeamSpec], needs: list[Need]) -> int:
    """GPUs that lenders can lend while their own models run at their minimum."""
    total = 0
    for lender in spec.may_borrow_from:
        used = sum(n.gpus for n in needs if n.team == lender and n.accelerators == {accelerator})
        total += max(0, teams[lender].quota.get(accelerator, 0) - used)
    return total


def _needs(ctx: AggregateContext, pools: Mapping[Address, GpuPoolExports]) -> Iterator[Need]:
    for address, declaration in ctx.graph.declarations.items():
        spec = declaration.spec
        if not isinstance(spec, ModelSpec) or spec.external is not None:
            continue
        targets = {edge.relation: edge.target for edge in ctx.graph.edges_from(address)}
        pool = targets.get("runs_on")
        if pool is None or pool not in pools:
            continue
        team = targets.get("owned_by")
        yield Need(
            address,
            team.name if team is not None else None,
            pool,
            frozenset(pools[pool].accelerators.value),
            (replicas_at_least(spec) + replicas_beside(spec)) * gpus_per_replica(spec.serve, pools[pool].device),
        )


def _by_accelerators(needs: Iterable[Need]) -> dict[Accelerators, int]:
    total: dict[Accelerators, int] = {}
    for need in needs:
        total[need.accelerators] = total.get(need.accelerators, 0) + need.gpus
    return total


def _cluster_of(ctx: AggregateContext, pool: Address) -> Address | None:
    return next((e.target for e in ctx.graph.edges_from(pool) if e.relation == "placed_in"), None)


def _words(accelerators: Accelerators) -> str:
    return " or ".join(sorted(accelerators))


def _places(pairs: Iterable[tuple[str, Path]]) -> tuple[tuple[str, Path], ...]:
    return tuple(pairs)
