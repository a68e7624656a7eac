"""Owners of collections: the way to the store, and what an application needs to know to use the collection.

It stands in the team's namespace in `<store>.<collection>-endpoints`, for `envFrom`. The dot keeps the collection `b-c` of `a` apart
from `c` of `a-b`.
"""

from __future__ import annotations

from typing import Any

from platformspec.sdk import (
    Address,
    ClusterExports,
    DatabaseExports,
    EdgeContext,
    VectorStoreExports,
    VectorStoreSpec,
    Workload,
    database_user,
)
from platformspec_kubernetes.network_policies import edge_name, open_between, policy
from platformspec_kubernetes.pods import external_secret
from platformspec_kubernetes.vector_stores.pgvector import table
from platformspec_kubernetes.vector_stores.qdrant import api_key


def open_collection(ctx: EdgeContext) -> None:
    """The owner's pods reach the store: its pods where it runs in the cluster, else its port in the network."""
    store = _store(ctx)
    if store is None:
        return
    team = ctx.exports(ctx.edge.target, Workload)
    if store.engine == "qdrant":
        open_between(ctx, team, ctx.exports(ctx.edge.source, Workload))
        return
    port = 443 if store.database is None else ctx.exports(store.database.address, DatabaseExports).port
    rule = {"to": [{"ipBlock": {"cidr": ctx.network.cidr}}], "ports": [{"protocol": "TCP", "port": port}]}
    policy(ctx, "egress", team.namespace, f"{edge_name(ctx)}-out", team.pod_labels, egress=[rule], cluster=team.cluster)


def tell_owner(ctx: EdgeContext) -> None:
    """A ConfigMap with address and name of the collection, and for Qdrant a Secret with the store's key.

    To pgvector the team's applications connect as a user of their own with tokens of their Pod Identity; OpenSearch knows the role
    itself. Users of a database that is adopted are not ours to make, so none is named.
    """
    store = _store(ctx)
    if store is None:
        return
    team = ctx.exports(ctx.edge.target, Workload)
    name = f"{ctx.called}.{ctx.edge.source.child}-endpoints"
    ctx.manifest(
        "v1",
        "ConfigMap",
        name,
        "endpoints",
        {"data": _settings(ctx, store)},
        namespace=team.namespace,
        cluster=team.cluster,
    )
    if store.engine != "qdrant":
        return
    secret_store = ctx.exports(team.cluster, ClusterExports).secret_store
    external_secret(
        ctx, "key", team.namespace, name, secret_store, {"QDRANT_API_KEY": {"key": api_key(ctx, ctx.called)}}
    )


def _settings(ctx: EdgeContext, store: VectorStoreSpec) -> dict[str, Any]:
    address = ctx.edge.source
    assert address.child is not None
    if store.database is not None:
        database = ctx.exports(store.database.address, DatabaseExports)
        user = (
            {}
            if database.identity is None
            else {"PGUSER": database_user(ctx.platform.address_outside(ctx.edge.target))}
        )
        return {
            "PGHOST": database.host,
            "PGPORT": ctx.src(str(database.port.value), database.port),
            "PGDATABASE": database.database,
            "PGSSLMODE": "require",
            **user,
            "TABLE": table(ctx.called, address.child),
        }
    exports = ctx.exports(address, VectorStoreExports)
    if store.engine == "qdrant":
        return {"QDRANT_URL": f"http://{exports.host}:{exports.port}", "COLLECTION": address.child}
    return {"ENDPOINT": exports.host, "AWS_REGION": ctx.region, "INDEX": address.child}


def _store(ctx: EdgeContext) -> VectorStoreSpec | None:
    spec = ctx.graph.declarations[Address(ctx.edge.source.kind, ctx.edge.source.name)].spec
    return spec if isinstance(spec, VectorStoreSpec) else None
