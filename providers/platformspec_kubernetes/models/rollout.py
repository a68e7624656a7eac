"""A new version beside the present one, and whether there are GPUs for both at once.

Nothing in the cluster promotes a version: the file says who answers, and each step is a change of it that can be reviewed.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from platformspec.sdk import (
    Code,
    DeclarationContext,
    GpuPoolExports,
    GpuPoolSpec,
    ModelSpec,
    Parallelism,
    TeamSpec,
    gpus_per_replica,
    replicas_at_least,
    replicas_beside,
)
from platformspec_kubernetes.models.engines.engine import Engine, Launch
from platformspec_kubernetes.models.pod import template
from platformspec_kubernetes.models.weights import weights
from platformspec_kubernetes.models.workload import queue_labels

CANNOT = Code(
    "PS538",
    "a rollout that the model cannot have",
    explain="Two versions of a model are two Deployments between which gateways divide requests: `canary` or `blue_green`. It needs replicas of one pod each, without a topology, on plain Kubernetes, with an engine that takes its arguments from the command line.",
)
NO_ROOM = Code(
    "PS539",
    "a rollout for which there are no GPUs",
    explain="While two versions run, or replicas surge, a model needs more GPUs than its usual number. They must be there: within the pool's largest size, beside what other models hold, and within the team's quota. A reservation does not grow.",
)
ENDS_SOON = Code(
    "PS597",
    "a new version on capacity that is about to end",
    explain="A new version is watched for days before it is promoted. When a Capacity Block ends AWS takes its nodes, and with them both versions. `plan --at DATE` lists what a day takes away.",
)
# A canary is watched over a working week at least once: weekdays and weekends have different callers.
WATCHED_DAYS: Final = 7
ORIGINS = ("hugging_face", "bucket", "oci", "nim")


@dataclass(frozen=True, slots=True)
class Candidate:
    """The new version: the role that it plays, its replicas, and the per cent of requests that it answers."""

    role: str
    field: str
    version: str
    replicas: int
    percent: int


def candidate(spec: ModelSpec) -> Candidate | None:
    """What runs beside the present version."""
    canary, pair = spec.rollout.canary, spec.rollout.blue_green
    if canary is not None:
        return Candidate("canary", "rollout.canary", canary.version, replicas_beside(spec), canary.percent)
    if pair is not None:
        percent = 100 if pair.live == "green" else 0
        return Candidate("green", "rollout.blue_green", pair.version, replicas_beside(spec), percent)
    return None


def check(ctx: DeclarationContext, spec: ModelSpec, engine: Engine, pool: GpuPoolExports, replica: Parallelism) -> None:
    """Report a rollout that has no form, or no GPUs."""
    rollout = spec.rollout
    if rollout.canary is not None and rollout.blue_green is not None:
        ctx.reject(
            CANNOT,
            f"{ctx.address} has both canary and blue_green",
            at="rollout.blue_green",
            help="keep one of them",
        )
        return
    new = candidate(spec)
    obstacles = {
        f"a replica is {replica.pods} pods": replica.pods > 1,
        "it has a topology": spec.topology is not None,
        "it runs on KServe": spec.serve.backend == "kserve",
        "triton reads its arguments from a file": engine.name == "triton",
    }
    obstacle = next((why for why, there in obstacles.items() if there), None)
    if new is not None and obstacle is not None:
        ctx.reject(
            CANNOT,
            f"{ctx.address} cannot have {new.role} replicas: {obstacle}",
            at=new.field,
            help="change source instead; replicas are then replaced one after the other",
        )
        return
    if rollout.surge and (spec.topology is not None or spec.serve.backend == "kserve"):
        ctx.reject(
            CANNOT,
            f"{ctx.address} cannot surge: {obstacle or 'it has a topology'}",
            at="rollout.surge",
            help="remove `surge`; replicas are then replaced one after the other",
        )
        return
    if rollout.surge:
        _room(ctx, pool, "rollout.surge", "a surge", rollout.surge * replica.gpus)
    if new is not None:
        _room(ctx, pool, f"{new.field}.version", f"{new.role} beside the present version", new.replicas * replica.gpus)
        _lasts(ctx, pool, new, new.replicas * replica.gpus)


def _lasts(ctx: DeclarationContext, pool: GpuPoolExports, new: Candidate, gpus: int) -> None:
    """Warn where the nodes of both versions go before anybody could judge the new one."""
    if pool.ends is None:
        return
    left = (datetime.date.fromisoformat(pool.ends.value) - ctx.as_of).days
    if left >= WATCHED_DAYS:
        return
    own, cluster = ctx.target("runs_on"), ctx.cluster_address()
    stay = [
        address.name
        for address in ctx.graph.declarations
        if (other := ctx.exports_or_none(address, GpuPoolExports)) is not None
        and other.ends is None
        and address != own
        and any(e.relation == "placed_in" and e.target == cluster for e in ctx.graph.edges_from(address))
    ]
    instead = f", or move the model to {' or '.join(stay)}" if stay else ""
    ctx.warn(
        ENDS_SOON,
        f"{new.role} of {ctx.address} runs on {gpus} {'/'.join(pool.accelerators.value)} GPUs of {own}, which end on "
        f"{pool.ends.value}, {left} day{'s' if left != 1 else ''} from now",
        at=new.field,
        help=f"extend the Capacity Block, or name its successor, and write the day in `ends`{instead}",
        related=(("the block ends here", (*ctx.graph.declarations[own].path, "capacity", "block", "ends")),)
        if own is not None
        else (),
    )


def _room(ctx: DeclarationContext, pool: GpuPoolExports, at: str, what: str, extra: int) -> None:
    """`extra` GPUs on top of what all models hold at their minimum, and other models beside it."""
    accelerator = "/".join(pool.accelerators.value)
    address = ctx.target("runs_on")
    assert address is not None
    spec = ctx.graph.declarations[address].spec
    assert isinstance(spec, GpuPoolSpec)
    held = sum(gpus for _, gpus in _holders(ctx, "runs_on", address))
    spare = pool.max_gpus.value - held
    if extra > spare:
        until = f" until {spec.capacity.block.ends}, when its Capacity Block ends" if spec.capacity.block else ""
        fixes = [
            "`surge: 0`, which replaces replicas one after the other"
            if at.endswith("surge")
            else "the version in `source` instead, and replicas are replaced one after the other"
        ]
        if not spec.capacity.block:
            per_node = max(1, pool.gpus_per_node.value)
            nodes = -(-(held + extra) // per_node)
            size = f"max: {nodes}" if spec.fixed_because is None else f"min: {nodes}, max: {nodes}"
            fixes.insert(0, f"`nodes: {{{size}}}` for {address}")
        ctx.reject(
            NO_ROOM,
            f"{what} needs {extra} more {accelerator} GPUs, and {address} has {max(spare, 0)} of {pool.max_gpus.value} to spare{until}",
            at=at,
            help=f"write {', or '.join(fixes)}",
        )
        return
    team = ctx.target("owned_by")
    owner = ctx.graph.declarations[team].spec if team is not None else None
    if team is None or not isinstance(owner, TeamSpec):
        return
    quotas = [owner.quota[name] for name in pool.accelerators.value if name in owner.quota]
    if not quotas:
        return
    used = sum(
        gpus
        for model, gpus in _holders(ctx, "owned_by", team)
        if _accelerators(ctx, model) & set(pool.accelerators.value)
    )
    if used + extra > sum(quotas):
        ctx.reject(
            NO_ROOM,
            f"{what} needs {extra} more {accelerator} GPUs, and {team} holds {used} of its quota of {sum(quotas)}",
            at=at,
            help=f"write `{pool.accelerators.value[0]}: {used + extra}` in its gpu_quota, or fewer replicas",
        )


def _holders(ctx: DeclarationContext, relation: str, target: Any) -> Iterator[tuple[Any, int]]:
    for edge in ctx.graph.edges_to(target):
        model = ctx.graph.declarations[edge.source.parent].spec
        if edge.relation == relation and isinstance(model, ModelSpec) and model.external is None:
            own = edge.source.parent == ctx.address.parent
            count = replicas_at_least(model) + (0 if own else replicas_beside(model))
            pool = _pool(ctx, edge.source.parent)
            if pool is not None:
                yield edge.source, count * gpus_per_replica(model.serve, pool.device)


def _accelerators(ctx: DeclarationContext, model: Any) -> set[str]:
    pool = _pool(ctx, model)
    return {choice.accelerator for choice in pool.choices} if pool is not None else set()


def _pool(ctx: DeclarationContext, model: Any) -> GpuPoolSpec | None:
    """What the model runs on."""
    pool = next((edge.target for edge in ctx.graph.edges_from(model) if edge.relation == "runs_on"), None)
    spec = ctx.graph.declarations[pool].spec if pool is not None else None
    return spec if isinstance(spec, GpuPoolSpec) else None


def beside(launch: Launch, engine: Engine, new: Candidate, namespace: str, env: list[dict[str, Any]]) -> str:
    """The new version's Deployment and Service. Returns the Service's name."""
    ctx, spec = launch.ctx, launch.spec
    assert spec.source is not None
    origin = next(field for field in ORIGINS if getattr(spec.source, field) is not None)
    changed = "revision" if origin == "hugging_face" else origin
    other = spec.model_copy(update={"source": spec.source.model_copy(update={changed: new.version})})
    turned = replace(launch, spec=other, weights=weights(ctx, other))
    container = engine.container(turned)
    container = replace(container, args=container.args, image=ctx.src(_plain(container.image), new.field))
    name = f"{ctx.called}-{new.role}"
    labels = {"app.kubernetes.io/name": name, "app.kubernetes.io/component": "model-server"}
    body: dict[str, Any] = {
        "replicas": ctx.src(new.replicas, new.field, "scale.min"),
        "strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 0, "maxUnavailable": 1}},
        "progressDeadlineSeconds": ctx.src(spec.serve.startup_minutes * 60 + 600, "serve.startup_minutes"),
        "selector": {"matchLabels": labels},
        "template": ctx.src(template(turned, container, labels, env), f"{new.field}.version"),
    }
    because = (new.field,)
    ctx.manifest(
        "apps/v1", "Deployment", name, new.role, {"spec": body}, namespace=namespace, because=because,
        labels=queue_labels(launch), capability="kueue" if launch.queue is not None else None,
    )  # fmt: skip
    ports = [{"name": "http", "port": container.port, "targetPort": "http", "protocol": "TCP"}]
    service = {"type": "ClusterIP", "selector": labels, "ports": ports}
    ctx.manifest("v1", "Service", name, f"{new.role}-service", {"spec": service}, namespace=namespace, because=because)
    return name


def shared_labels(ctx: DeclarationContext) -> Mapping[str, Any]:
    """Labels that pods of both versions have, and no others."""
    return {
        "platformspec.dev/address": ctx.labels["platformspec.dev/address"],
        "app.kubernetes.io/component": "model-server",
    }


def _plain(value: Any) -> Any:
    return getattr(value, "value", value)
