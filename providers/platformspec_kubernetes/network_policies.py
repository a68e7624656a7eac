"""NetworkPolicy objects. An opening has two sides: out of the source, and into the target."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from platformspec.sdk import Address, Context, EdgeContext, Manifest, Sourced, Workload, label_value

PRIVATE_RANGES = ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "169.254.0.0/16", "100.64.0.0/10")


def policy(
    ctx: Context, role: str, namespace: str, name: str, pods: Mapping[str, str], *, ingress: Sequence[Any] = (), egress: Sequence[Any] = (),
    types: Iterable[str] = (), cluster: Address | None = None, because: Iterable[str | Sourced[Any]] = (),
) -> Manifest:  # fmt: skip
    """One policy for the pods with these labels (none: all pods of the namespace)."""
    kinds = tuple(types) or tuple(kind for kind, rules in (("Ingress", ingress), ("Egress", egress)) if rules)
    spec: dict[str, Any] = {"podSelector": {"matchLabels": dict(pods)} if pods else {}, "policyTypes": list(kinds)}
    if ingress:
        spec["ingress"] = list(ingress)
    if egress:
        spec["egress"] = list(egress)
    return ctx.manifest(
        "networking.k8s.io/v1",
        "NetworkPolicy",
        name,
        role,
        {"spec": spec},
        namespace=namespace,
        cluster=cluster,
        because=because,
    )


def open_between(ctx: EdgeContext, source: Workload, target: Workload) -> None:
    """Let the source's pods connect to the target's port, for as long as the edge is there."""
    port = [{"protocol": "TCP", "port": target.port}]
    open_out(ctx, source, [{"to": [peer(target)], "ports": port}])
    policy(
        ctx,
        "ingress",
        target.namespace,
        f"{edge_name(ctx)}-in",
        target.pod_labels,
        ingress=[{"from": [peer(source)], "ports": port}],
        cluster=target.cluster,
    )


def open_to_range(ctx: EdgeContext, source: Workload, cidr: Any, port: Any) -> None:
    """Let the source's pods connect to a port in a range of the network."""
    open_out(ctx, source, [{"to": [{"ipBlock": {"cidr": cidr}}], "ports": [{"protocol": "TCP", "port": port}]}])


def open_out(ctx: EdgeContext, source: Workload, rules: Sequence[Mapping[str, Any]]) -> None:
    """Let the source's pods out by these rules, for as long as the edge is there."""
    policy(
        ctx,
        "egress",
        source.namespace,
        f"{edge_name(ctx)}-out",
        source.pod_labels,
        egress=rules,
        cluster=source.cluster,
    )


def scraped_by_prometheus(port: int) -> dict[str, Any]:
    """A rule that lets the cluster's Prometheus read metrics."""
    scraper = {
        "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "monitoring"}},
        "podSelector": {"matchLabels": {"app.kubernetes.io/name": "prometheus"}},
    }
    return {"from": [scraper], "ports": [{"protocol": "TCP", "port": port}]}


def to_internet(port: int = 443) -> dict[str, Any]:
    """A rule for addresses outside of private networks."""
    return {
        "to": [{"ipBlock": {"cidr": "0.0.0.0/0", "except": list(PRIVATE_RANGES)}}],
        "ports": [{"protocol": "TCP", "port": port}],
    }


def peer(workload: Workload) -> dict[str, Any]:
    """The pods of a workload, in their namespace."""
    selector: dict[str, Any] = {
        "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": workload.namespace}}
    }
    if workload.pod_labels:
        selector["podSelector"] = {"matchLabels": dict(workload.pod_labels)}
    return selector


def edge_name(ctx: EdgeContext) -> str:
    """A name for objects of an edge: `gateway-main.chat-routes-to-model-chat`. The dot keeps a route of `main` apart from `main-chat`."""
    return label_value(ctx.platform.id_outside(ctx.edge.id).replace(".", "-").replace("_", "-").replace("/", "."))
