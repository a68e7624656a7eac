"""Metrics of a gateway, where models that sleep wait for its requests."""

from __future__ import annotations

from platformspec.sdk import DeclarationContext
from platformspec_kubernetes.models.sleep import sleeps
from platformspec_kubernetes.network_policies import policy, scraped_by_prometheus


def scrape(ctx: DeclarationContext, space: str, labels: dict[str, str], port: int) -> None:
    """Prometheus reads the gateway's counters where one of its targets may have no replica."""
    edges = [
        edge
        for edge in ctx.graph.edges
        if edge.source.parent == ctx.address
        and edge.relation == "routes_to"
        and sleeps(ctx.graph.declarations[edge.target.parent].spec)
    ]
    because = tuple(ctx.at(None, *path) for edge in edges for path in (edge.path, _minimum(ctx, edge.target.name)))
    if not edges:
        return
    monitor = {
        "selector": {"matchLabels": labels},
        "podMetricsEndpoints": [{"port": "http", "path": "/metrics", "interval": "15s"}],
    }
    ctx.manifest(
        "monitoring.coreos.com/v1", "PodMonitor", ctx.called, "pod-monitor", {"spec": monitor}, namespace=space, because=because, capability="prometheus"
    )  # fmt: skip
    rule = scraped_by_prometheus(port)
    policy(ctx, "metrics-policy", space, f"{ctx.called}-metrics", labels, ingress=[rule], because=because)


def _minimum(ctx: DeclarationContext, model: str) -> tuple[str, ...]:
    return ("models", model, "scale", "min")
