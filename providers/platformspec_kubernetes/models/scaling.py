"""Replicas that follow the server's own metrics, its callers and the calendar, through KEDA."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from platformspec.sdk import ClusterExports
from platformspec_kubernetes.models import signals
from platformspec_kubernetes.models.engines.engine import Container, Engine, Launch
from platformspec_kubernetes.models.sleep import routes_to
from platformspec_kubernetes.models.workload import target as scale_target
from platformspec_kubernetes.network_policies import policy, scraped_by_prometheus

POLL_SECONDS: Final = 15
COOLDOWN_SECONDS: Final = 300
REASONS: Final = ("scale.max", "scale.min", "scale.schedule")


def scale(launch: Launch, engine: Engine, container: Container, namespace: str, labels: Mapping[str, str]) -> None:
    """A ScaledObject, and the scraping that it asks for; nothing where the number of replicas is fixed."""
    ctx, spec = launch.ctx, launch.spec.scale
    if not spec.follows_load:
        return
    name = ctx.called
    cluster = ctx.cluster_address()
    assert cluster is not None
    server = ctx.exports(cluster, ClusterExports).metrics_url
    load = signals.load(launch, engine, namespace, server)
    if load is None:
        return
    triggers = [load, *signals.calendar(launch)]
    routes = routes_to(ctx)
    if spec.min == 0 and routes:
        triggers.append(signals.wake(launch, routes, server))
    # A model that has just been woken is not sent to sleep before it can have answered.
    cooldown = ctx.src(max(COOLDOWN_SECONDS, spec.cold_start_seconds or 0), "scale.cold_start_seconds")
    body: dict[str, Any] = {
        "scaleTargetRef": scale_target(launch),
        "minReplicaCount": ctx.src(spec.min, "scale.min"),
        "maxReplicaCount": ctx.src(spec.max, "scale.max"),
        "pollingInterval": POLL_SECONDS,
        "cooldownPeriod": cooldown,
        # Where metrics are lost nobody knows whether requests wait, so a sleeping model is woken.
        "fallback": {"failureThreshold": 4, "replicas": ctx.src(max(spec.min, 1), "scale.min"), "behavior": "currentReplicasIfHigher"},
        "advanced": {"horizontalPodAutoscalerConfig": {"behavior": {"scaleDown": {"stabilizationWindowSeconds": COOLDOWN_SECONDS}}}},
        "triggers": ctx.src(triggers, "scale.min", "scale.schedule"),
    }  # fmt: skip
    ctx.manifest(
        "keda.sh/v1alpha1", "ScaledObject", name, "scaled-object", {"spec": body}, namespace=namespace, because=REASONS, capability="keda"
    )  # fmt: skip
    monitor = {
        "selector": {"matchLabels": dict(labels)},
        "podMetricsEndpoints": [{"port": "http", "path": engine.metrics_path, "interval": "15s"}],
    }
    ctx.manifest(
        "monitoring.coreos.com/v1", "PodMonitor", name, "pod-monitor", {"spec": monitor}, namespace=namespace, because=REASONS, capability="prometheus"
    )  # fmt: skip
    rule = scraped_by_prometheus(container.port)
    policy(ctx, "metrics-policy", namespace, f"{name}-metrics", labels, ingress=[rule], because=REASONS)
