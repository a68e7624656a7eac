"""Replicas that follow the server's own metrics, through KEDA."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from platformspec.sdk import ClusterExports
from platformspec_kubernetes.models.engines.engine import Container, Engine, Launch
from platformspec_kubernetes.models.workload import target as scale_target
from platformspec_kubernetes.network_policies import policy

POLL_SECONDS: Final = 15
COOLDOWN_SECONDS: Final = 300
TARGETS: Final = {"queue_depth": 5.0, "kv_cache": 0.8}


def scale(launch: Launch, engine: Engine, container: Container, namespace: str, labels: Mapping[str, str]) -> None:
    """A ScaledObject, and the scraping that it asks for; nothing where the number of replicas is fixed."""
    ctx, spec = launch.ctx, launch.spec
    largest = spec.scale.max
    if largest is None or largest <= spec.scale.min:
        return
    name, reasons = ctx.address.name, ("scale.max", "scale.min")
    cluster = ctx.cluster_address()
    assert cluster is not None
    target = spec.scale.target if spec.scale.target is not None else TARGETS[spec.scale.on]
    metric = engine.metrics[spec.scale.on]
    combine = "sum" if spec.scale.on == "queue_depth" else "avg"
    # The operator calls the job of a PodMonitor like it, so another model's pods, whatever their names, do not count.
    query = ctx.src(f'{combine}({metric}{{job="{namespace}/{name}"}})', "scale.on", "serve.engine", "team")
    trigger: dict[str, Any] = {
        "type": "prometheus",
        # A queue is shared by all replicas, so its length is divided by their number; a share is a share.
        "metricType": ctx.src("AverageValue" if spec.scale.on == "queue_depth" else "Value", "scale.on"),
        "metadata": {
            "serverAddress": ctx.exports(cluster, ClusterExports).metrics_url,
            "query": query,
            "threshold": ctx.src(f"{target:g}", "scale.target", "scale.on"),
            # A lost metric must not read as an empty queue; the fallback below then holds.
            "ignoreNullValues": "false",
        },
    }
    ctx.manifest(
        "keda.sh/v1alpha1", "ScaledObject", name, "scaled-object",
        {
            "spec": {
                "scaleTargetRef": scale_target(launch),
                "minReplicaCount": ctx.src(spec.scale.min, "scale.min"),
                "maxReplicaCount": ctx.src(largest, "scale.max"),
                "pollingInterval": POLL_SECONDS,
                "cooldownPeriod": COOLDOWN_SECONDS,
                "fallback": {"failureThreshold": 4, "replicas": ctx.src(spec.scale.min, "scale.min"), "behavior": "currentReplicasIfHigher"},
                "advanced": {"horizontalPodAutoscalerConfig": {"behavior": {"scaleDown": {"stabilizationWindowSeconds": COOLDOWN_SECONDS}}}},
                "triggers": [trigger],
            }
        },
        namespace=namespace,
        because=reasons,
        capability="keda",
    )  # fmt: skip
    ctx.manifest(
        "monitoring.coreos.com/v1", "PodMonitor", name, "pod-monitor",
        {"spec": {"selector": {"matchLabels": dict(labels)}, "podMetricsEndpoints": [{"port": "http", "path": engine.metrics_path, "interval": "15s"}]}},
        namespace=namespace,
        because=reasons,
        capability="prometheus",
    )  # fmt: skip
    scraper = {
        "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "monitoring"}},
        "podSelector": {"matchLabels": {"app.kubernetes.io/name": "prometheus"}},
    }
    rule = {"from": [scraper], "ports": [{"protocol": "TCP", "port": container.port}]}
    policy(ctx, "metrics-policy", namespace, f"{name}-metrics", labels, ingress=[rule], because=reasons)
