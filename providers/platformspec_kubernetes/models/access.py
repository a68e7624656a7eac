"""Edges from gateways to models, and the namespace of models without an owner."""

from __future__ import annotations

from platformspec.sdk import Address, AggregateContext, EdgeContext, ModelSpec, Workload
from platformspec_kubernetes.models.model import SHARED_NAMESPACE
from platformspec_kubernetes.namespaces import namespace
from platformspec_kubernetes.network_policies import open_between, open_out, to_internet


def open_route(ctx: EdgeContext) -> None:
    """The gateway's pods reach the model's; or, for an external model, the cloud's API."""
    gateway = ctx.exports(ctx.edge.source, Workload)
    model = ctx.graph.declarations[ctx.edge.target].spec
    if isinstance(model, ModelSpec) and model.external is not None:
        open_cloud(ctx, gateway)
    else:
        open_between(ctx, gateway, ctx.exports(ctx.edge.target, Workload))


def open_cloud(ctx: EdgeContext, source: Workload) -> None:
    """The source's pods reach the cloud's API: over the internet, or through an endpoint in the network."""
    rules = [
        to_internet(),
        {"to": [{"ipBlock": {"cidr": ctx.network.cidr}}], "ports": [{"protocol": "TCP", "port": 443}]},
    ]
    open_out(ctx, source, rules)


def shared_namespace(ctx: AggregateContext) -> None:
    """One namespace on each cluster for the models that no team owns."""
    clusters: dict[Address, Address] = {}
    for address, workload in ctx.all_exports(Workload):
        if address.kind == "model" and workload.namespace == SHARED_NAMESPACE:
            clusters.setdefault(workload.cluster, address)
    for cluster in sorted(clusters):
        namespace(ctx.about(cluster), SHARED_NAMESPACE, cluster=cluster, role="models-namespace")
