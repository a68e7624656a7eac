"""What runs the replicas: a Deployment, or a LeaderWorkerSet where a replica is several pods."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from platformspec.sdk import DeclarationContext
from platformspec_kubernetes.models.engines.engine import Container, Group, Launch
from platformspec_kubernetes.models.pod import ROLE, template
from platformspec_kubernetes.network_policies import policy

QUEUE_LABEL: Final = "kueue.x-k8s.io/queue-name"
PARALLEL: Final = ("serve.tensor_parallel", "serve.pipeline_parallel", "serve.data_parallel", "pool")


def answering(launch: Launch, labels: Mapping[str, str]) -> dict[str, Any]:
    """Labels of the pods that answer requests."""
    return {**labels, ROLE: launch.ctx.src("leader", *PARALLEL)} if launch.parallelism.pods > 1 else dict(labels)


def queue_labels(launch: Launch) -> dict[str, Any]:
    """The queue in which the workload waits for its team's quota, where the team has one. Kueue hands it on to the pods."""
    return {QUEUE_LABEL: launch.queue} if launch.queue is not None else {}


def target(launch: Launch) -> dict[str, str]:
    """What an autoscaler scales."""
    kind = (
        ("leaderworkerset.x-k8s.io/v1", "LeaderWorkerSet") if launch.parallelism.pods > 1 else ("apps/v1", "Deployment")
    )
    return {"apiVersion": kind[0], "kind": kind[1], "name": launch.ctx.called}


def _pace(launch: Launch) -> dict[str, Any]:
    """GPUs are scarce: unless told otherwise, a new replica takes the place of an old one."""
    surge = launch.spec.rollout.surge
    return {
        "maxSurge": launch.ctx.src(surge, "rollout.surge"),
        "maxUnavailable": launch.ctx.src(0 if surge else 1, "rollout.surge"),
    }


def _replicas(launch: Launch) -> dict[str, Any]:
    """A number that an autoscaler owns is left to it: server-side apply would fight it for the field."""
    scale = launch.spec.scale
    return {} if scale.follows_load else {"replicas": launch.ctx.src(scale.min, "scale.min", "scale.max")}


def deployment(
    launch: Launch, container: Container, namespace: str, labels: Mapping[str, str], env: list[dict[str, Any]]
) -> None:
    """One pod for each replica."""
    ctx, spec = launch.ctx, launch.spec
    body = {
        **_replicas(launch),
        "strategy": {"type": "RollingUpdate", "rollingUpdate": _pace(launch)},
        "progressDeadlineSeconds": ctx.src(spec.serve.startup_minutes * 60 + 600, "serve.startup_minutes"),
        "selector": {"matchLabels": dict(labels)},
        "template": template(launch, container, labels, env),
    }
    ctx.manifest(
        "apps/v1", "Deployment", ctx.called, "deployment", {"spec": body}, namespace=namespace, because=PARALLEL,
        labels=queue_labels(launch), capability="kueue" if launch.queue is not None else None,
    )  # fmt: skip


def leader_worker_set(
    launch: Launch, container: Container, group: Group, namespace: str, labels: Mapping[str, str], env: list[dict[str, Any]]
) -> None:  # fmt: skip
    """Groups of pods that start together, and start again together where one of them fails."""
    ctx = launch.ctx
    leader = answering(launch, labels)
    pods = launch.parallelism.pods
    body = {
        **_replicas(launch),
        "rolloutStrategy": {
            "type": "RollingUpdate",
            "rollingUpdateConfiguration": _pace(launch),
        },
        "startupPolicy": "LeaderCreated",
        "leaderWorkerTemplate": {
            "size": ctx.src(pods, *PARALLEL, launch.pool.gpus_per_node),
            "restartPolicy": "RecreateGroupOnPodRestart",
            "leaderTemplate": template(launch, container, leader, env, args=_joined(ctx, container, group.leader)),
            "workerTemplate": template(
                launch,
                container,
                {**labels, ROLE: "worker"},
                env,
                args=_joined(ctx, container, group.worker),
                answers=False,
            ),
        },
    }
    ctx.manifest(
        "leaderworkerset.x-k8s.io/v1",
        "LeaderWorkerSet",
        ctx.called,
        "leader-worker-set",
        {"spec": body},
        namespace=namespace,
        because=PARALLEL,
        labels=queue_labels(launch),
        capability="leader-worker-set",
    )
    own = [{"podSelector": {"matchLabels": dict(labels)}}]
    policy(
        ctx, "group-policy", namespace, f"{ctx.called}-group", labels,
        ingress=[{"from": own}], egress=[{"to": own}], because=PARALLEL,
    )  # fmt: skip


def _joined(ctx: DeclarationContext, container: Container, arguments: tuple[str, ...]) -> list[Any]:
    return [*container.args, *(ctx.src(argument, *PARALLEL) for argument in arguments)]
