"""Edges of gateways: to their database and cache, and from the teams that they serve."""

from __future__ import annotations

from platformspec.sdk import CacheExports, DatabaseExports, EdgeContext, Workload
from platformspec_kubernetes.network_policies import edge_name, open_to_range, policy


def open_database(ctx: EdgeContext) -> None:
    """The gateway's pods reach the database's port in the network."""
    open_to_range(
        ctx,
        ctx.exports(ctx.edge.source, Workload),
        ctx.network.cidr,
        ctx.exports(ctx.edge.target, DatabaseExports).port,
    )


def open_cache(ctx: EdgeContext) -> None:
    """The gateway's pods reach the cache's port in the network."""
    open_to_range(
        ctx, ctx.exports(ctx.edge.source, Workload), ctx.network.cidr, ctx.exports(ctx.edge.target, CacheExports).port
    )


def serve_team(ctx: EdgeContext) -> None:
    """All pods of the team's namespace may call the gateway."""
    gateway, team = ctx.exports(ctx.edge.source, Workload), ctx.exports(ctx.edge.target, Workload)
    ports = [{"protocol": "TCP", "port": gateway.port}]
    team_pods = {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": team.namespace}}}
    gateway_pods = {
        "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": gateway.namespace}},
        "podSelector": {"matchLabels": dict(gateway.pod_labels)},
    }
    policy(
        ctx,
        "ingress",
        gateway.namespace,
        f"{edge_name(ctx)}-in",
        gateway.pod_labels,
        ingress=[{"from": [team_pods], "ports": ports}],
        cluster=gateway.cluster,
    )
    policy(
        ctx,
        "egress",
        team.namespace,
        f"{edge_name(ctx)}-out",
        {},
        egress=[{"to": [gateway_pods], "ports": ports}],
        cluster=gateway.cluster,
    )
