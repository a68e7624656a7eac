"""KEDA, and the Prometheus that it asks."""

from __future__ import annotations

from typing import Any

from platformspec.sdk import CapabilityContext, concat
from platformspec_aws.addons.release import SYSTEM_NODES, allow, controller_role, release
from platformspec_aws.stacks import stack_of

PROMETHEUS_VOLUME = "50Gi"


def install_keda(ctx: CapabilityContext) -> None:
    """KEDA with two operators; its chart carries its CRDs as templates, so it upgrades them."""
    ctx.need("prometheus", cluster=ctx.address)
    node = release(
        ctx, "release", "keda", "keda",
        {
            "operator": {"replicaCount": 2},
            "metricsServer": {"replicaCount": 2},
            "webhooks": {"replicaCount": 2},
            "nodeSelector": SYSTEM_NODES,
            "podDisruptionBudget": {part: {"maxUnavailable": 1} for part in ("operator", "metricServer", "webhooks")},
        },
    )  # fmt: skip
    ctx.ready(node)


def install_prometheus(ctx: CapabilityContext) -> None:
    """The Prometheus operator and one Prometheus for scaling and alerts; long-term metrics go to the managed workspace if there is one."""
    ctx.need("block-storage", cluster=ctx.address)
    observability = ctx.platform.spec.observability
    crds = release(ctx, "crds", "prometheus-operator-crds", "monitoring", {})
    spec: dict[str, Any] = {
        "replicas": 2,
        "retention": ctx.at(f"{observability.retention_days}d", "observability", "retention_days"),
        "nodeSelector": SYSTEM_NODES,
        # Monitors of all namespaces count, not only those with this release's label.
        **{
            f"{kind}SelectorNilUsesHelmValues": False
            for kind in ("serviceMonitor", "podMonitor", "rule", "probe", "scrapeConfig")
        },
        "storageSpec": {
            "volumeClaimTemplate": {
                "spec": {
                    "storageClassName": "gp3",
                    "accessModes": ["ReadWriteOnce"],
                    "resources": {"requests": {"storage": PROMETHEUS_VOLUME}},
                }
            }
        },
    }
    after: list[tuple[str, str]] = [
        (crds.id, "the operator watches its custom resources"),
        (f"{ctx.address}/block-storage/addon-aws-ebs-csi-driver", "its volumes need a driver"),
    ]
    if observability.metrics == "amazon_managed_prometheus":
        spec["remoteWrite"], wait = _managed_workspace(ctx)
        after += wait
    node = release(
        ctx, "release", "kube-prometheus-stack", "monitoring",
        {
            "crds": {"enabled": False},
            "grafana": {"enabled": False},
            "alertmanager": {"enabled": False},
            "nodeExporter": {"enabled": False},
            "prometheusOperator": {"nodeSelector": SYSTEM_NODES},
            "kube-state-metrics": {"nodeSelector": SYSTEM_NODES},
            "prometheus": {"prometheusSpec": spec, "serviceAccount": {"name": "prometheus"}},
        },
        after=after,
    )  # fmt: skip
    ctx.ready(node)


def _managed_workspace(ctx: CapabilityContext) -> tuple[Any, list[tuple[str, str]]]:
    stack = stack_of("addons", ctx.address)
    because = ctx.at("amazon_managed_prometheus", "observability", "metrics")
    name = ctx.name(ctx.called, limit=100)
    workspace = ctx.resource("aws_prometheus_workspace", "workspace", {"alias": name}, stack=stack, because=(because,))
    policy, association = controller_role(
        ctx, "monitoring", "prometheus", allow(("aps:RemoteWrite",), [workspace.attr("arn")]), because=(because,)
    )
    url = concat(workspace.attr("prometheus_endpoint"), "api/v1/remote_write")
    write = ctx.src([{"url": url, "sigv4": {"region": ctx.region}}], because)
    return write, [
        (policy.id, "it may write to the workspace"),
        (association.id, "its pods have the role from their start"),
    ]
