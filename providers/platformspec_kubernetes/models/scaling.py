"""Replicas that follow the server's own metrics, through KEDA."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from platformspec.sdk import ClusterExports, Code
from platformspec_kubernetes.models.engines.engine import Container, Engine, Launch
from platformspec_kubernetes.models.workload import target as scale_target
from platformspec_kubernetes.network_policies import policy

POLL_SECONDS: Final = 15
COOLDOWN_SECONDS: Final = 300
RATE_WINDOW: Final = "2m"
TARGETS: Final = {"queue_depth": 5.0, "kv_cache": 0.8}
NO_TARGET = Code(
    "PS528",
    "scaling on tokens without a target",
    explain="How many tokens a replica generates in a second depends on model, GPU and load, so there is no usual value. Measure one replica under load and write what it holds.",
)


def scale(launch: Launch, engine: Engine, container: Container, namespace: str, labels: Mapping[str, str]) -> None:
    """A ScaledObject, and the scraping that it asks for; nothing where the number of replicas is fixed."""
    ctx, spec = launch.ctx, launch.spec
    largest = spec.scale.max
    if largest is None or largest <= spec.scale.min:
        return
    name, reasons = ctx.address.name, ("scale.max", "scale.min")
    cluster = ctx.cluster_address()
    assert cluster is not None
    target = spec.scale.target if spec.scale.target is not None else TARGETS.get(spec.scale.on)
    if target is None:
        ctx.reject(
            NO_TARGET,
            f"{ctx.address} scales on tokens, and does not say how many a replica shall generate",
            at="scale.on",
            help="add `target`, in tokens per second and replica",
        )
        return
    series = f'{engine.metrics[spec.scale.on]}{{namespace="{namespace}",pod=~"{name}-.*"}}'
    text = {
        "queue_depth": f"sum({series})",
        "kv_cache": f"avg({series})",
        "tokens": f"sum(rate({series}[{RATE_WINDOW}]))",
    }
    query = ctx.src(text[spec.scale.on], "scale.on", "serve.engine", "team")
    trigger: dict[str, Any] = {
        "type": "prometheus",
        # Queue and tokens are those of all replicas, so they are divided by their number; a share is a share.
        "metricType": ctx.src("Value" if spec.scale.on == "kv_cache" else "AverageValue", "scale.on"),
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
