"""pgvector: an extension, a table and an index for each collection."""

from __future__ import annotations

from typing import Any, Final

from platformspec.sdk import ClusterExports, DatabaseExports, DeclarationContext, VectorStoreSpec
from platformspec_kubernetes import images
from platformspec_kubernetes.jobs import job
from platformspec_kubernetes.pods import external_secret, from_config, from_secret
from platformspec_kubernetes.vector_stores.collections import Collection

POSTGRES_USER: Final = 70
# Up to here an index holds 4-byte numbers, above it 2-byte ones. Source: pgvector 0.8.
LONGEST_VECTOR: Final = 2000
OPERATORS: Final = {"cosine": "cosine_ops", "euclidean": "l2_ops", "dot": "ip_ops"}


def lower_pgvector(
    ctx: DeclarationContext, spec: VectorStoreSpec, collections: list[Collection], namespace: str
) -> None:
    """A Job that runs idempotent SQL with the database's own password."""
    target, cluster = ctx.target("stores_in"), ctx.cluster_address()
    assert target is not None
    assert cluster is not None
    database = ctx.exports(target, DatabaseExports)
    name = ctx.called
    data = {
        "PGHOST": ctx.src(database.host, "database"),
        "PGPORT": ctx.src(str(database.port.value), database.port, "database"),
        "PGDATABASE": ctx.src(database.database, "database"),
        "PGSSLMODE": "require",
    }
    ctx.manifest("v1", "ConfigMap", f"{name}-endpoints", "endpoints", {"data": data}, namespace=namespace)
    keys = {key: {"key": ctx.src(database.secret, "database"), "property": key} for key in ("username", "password")}
    external_secret(
        ctx, "database-secret", namespace, f"{name}-endpoints", ctx.exports(cluster, ClusterExports).secret_store, keys
    )
    env: list[dict[str, Any]] = [{"name": key, "valueFrom": from_config(f"{name}-endpoints", key)} for key in data]
    env += [
        {"name": key, "valueFrom": from_secret(f"{name}-endpoints", entry)}
        for key, entry in (("PGUSER", "username"), ("PGPASSWORD", "password"))
    ]
    files = {f"{c.name}.sql": ctx.src(sql(name, c), c.dimensions, c.metric) for c in collections}
    job(
        ctx, namespace, "collections", image=images.POSTGRES_CLIENT, user=POSTGRES_USER, files=files,
        command=["/bin/sh", "-c", "set -eu\nfor file in /collections/*.sql; do psql -v ON_ERROR_STOP=1 -f \"$file\"; done\n"],
        env=env,
        egress=[{"to": [{"ipBlock": {"cidr": ctx.network.cidr}}], "ports": [{"protocol": "TCP", "port": database.port}]}],
    )  # fmt: skip


def sql(store: str, collection: Collection) -> str:
    """Statements that may run any number of times. Names are quoted: they have dashes."""
    size = collection.dimensions.value
    kind = "vector" if size <= LONGEST_VECTOR else "halfvec"
    table = f'"{store}"."{collection.name}"'
    return (
        "CREATE EXTENSION IF NOT EXISTS vector;\n"
        f'CREATE SCHEMA IF NOT EXISTS "{store}";\n'
        f"CREATE TABLE IF NOT EXISTS {table} (\n"
        "  id text PRIMARY KEY,\n"
        f"  embedding {kind}({size}) NOT NULL,\n"
        "  content text,\n"
        "  metadata jsonb NOT NULL DEFAULT '{}'::jsonb,\n"
        "  created_at timestamptz NOT NULL DEFAULT now()\n"
        ");\n"
        f'CREATE INDEX IF NOT EXISTS "{collection.name}-embedding" ON {table} USING hnsw (embedding {kind}_{OPERATORS[collection.metric.value]});\n'
        f'CREATE INDEX IF NOT EXISTS "{collection.name}-metadata" ON {table} USING gin (metadata);\n'
    )
