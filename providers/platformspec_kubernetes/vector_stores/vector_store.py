"""Lower vector stores: what runs in the cluster, whichever engine holds the vectors."""

from __future__ import annotations

from platformspec.sdk import DeclarationContext, EdgeContext, VectorStoreSpec, Workload
from platformspec_kubernetes.namespaces import namespace
from platformspec_kubernetes.network_policies import edge_name, open_between, policy
from platformspec_kubernetes.vector_stores.collections import collections
from platformspec_kubernetes.vector_stores.opensearch import lower_opensearch
from platformspec_kubernetes.vector_stores.pgvector import lower_pgvector
from platformspec_kubernetes.vector_stores.qdrant import lower_qdrant

ENGINES = {"qdrant": lower_qdrant, "pgvector": lower_pgvector, "opensearch_serverless": lower_opensearch}


def lower_vector_store(ctx: DeclarationContext) -> None:
    """A namespace, and what the engine needs in it."""
    spec: VectorStoreSpec = ctx.spec
    found = collections(ctx, spec)
    if found is None:
        return
    name = f"store-{ctx.called}"
    namespace(ctx, name)
    ENGINES[spec.engine](ctx, spec, found, name)


def open_collection(ctx: EdgeContext) -> None:
    """The owner's pods reach the store: its pods where it runs in the cluster, else its port in the network."""
    store = ctx.graph.declarations[ctx.edge.source.parent].spec
    if not isinstance(store, VectorStoreSpec):
        return
    team = ctx.exports(ctx.edge.target, Workload)
    if store.engine == "qdrant":
        open_between(ctx, team, ctx.exports(ctx.edge.source, Workload))
        return
    port = 443 if store.engine == "opensearch_serverless" else 5432
    rule = {"to": [{"ipBlock": {"cidr": ctx.network.cidr}}], "ports": [{"protocol": "TCP", "port": port}]}
    policy(ctx, "egress", team.namespace, f"{edge_name(ctx)}-out", team.pod_labels, egress=[rule], cluster=team.cluster)
