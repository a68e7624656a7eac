"""A new version beside the present one, and whether there are GPUs for both at once.

Nothing in the cluster promotes a version: the file says who answers, and each step is a change of it that can be reviewed.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

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
            "`surge: 0`, which replaces replicas one after the other" if at.endswith("surge") else "fewer replicas"
        ]
        if not spec.capacity.block:
            per_node = max(1, pool.gpus_per_node.value)
            nodes = -(-(held + extra) // per_node)
            fixes.insert(0, f"`nodes: {{max: {nodes}}}` for {address}")
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
            yield edge.source, count * gpus_per_replica(model.serve)


def _accelerators(ctx: DeclarationContext, model: Any) -> set[str]:
    pool = next((edge.target for edge in ctx.graph.edges_from(model) if edge.relation == "runs_on"), None)
    spec = ctx.graph.declarations[pool].spec if pool is not None else None
    return {choice.accelerator for choice in spec.choices} if isinstance(spec, GpuPoolSpec) else set()


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
