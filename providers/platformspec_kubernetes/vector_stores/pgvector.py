"""pgvector: an extension, a table and an index for each collection."""

from __future__ import annotations

from typing import Any, Final

from platformspec.sdk import ClusterExports, DatabaseExports, DeclarationContext, VectorStoreSpec, database_user
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
    files = {}
    for collection in collections:
        statements = sql(name, collection)
        if database.identity is not None:
            owner = spec.collections[collection.name].owner
            user = None if owner is None else database_user(ctx.platform.address_outside(owner.address))
            statements += grants(name, collection.name, user)
        at = (f"collections.{collection.name}.owner", "database")
        files[f"{collection.name}.sql"] = ctx.src(statements, collection.dimensions, collection.metric, *at)
    job(
        ctx, namespace, "collections", image=images.POSTGRES_CLIENT, user=POSTGRES_USER, files=files,
        command=["/bin/sh", "-c", "set -eu\nfor file in /collections/*.sql; do psql -v ON_ERROR_STOP=1 -f \"$file\"; done\n"],
        env=env,
        egress=[{"to": [{"ipBlock": {"cidr": ctx.network.cidr}}], "ports": [{"protocol": "TCP", "port": database.port}]}],
    )  # fmt: skip


def table(store: str, collection: str) -> str:
    """The table of a collection as SQL writes it.

    >>> table("knowledge", "team-notes")
    '"knowledge"."team-notes"'
    """
    return f'"{store}"."{collection}"'


def sql(store: str, collection: Collection) -> str:
    """Statements that may run any number of times. Names are quoted: they have dashes."""
    size = collection.dimensions.value
    kind = "vector" if size <= LONGEST_VECTOR else "halfvec"
    name = table(store, collection.name)
    return (
        "CREATE EXTENSION IF NOT EXISTS vector;\n"
        f'CREATE SCHEMA IF NOT EXISTS "{store}";\n'
        f"CREATE TABLE IF NOT EXISTS {name} (\n"
        "  id text PRIMARY KEY,\n"
        f"  embedding {kind}({size}) NOT NULL,\n"
        "  content text,\n"
        "  metadata jsonb NOT NULL DEFAULT '{}'::jsonb,\n"
        "  created_at timestamptz NOT NULL DEFAULT now()\n"
        ");\n"
        f'CREATE INDEX IF NOT EXISTS "{collection.name}-embedding" ON {name} USING hnsw (embedding {kind}_{OPERATORS[collection.metric.value]});\n'
        f'CREATE INDEX IF NOT EXISTS "{collection.name}-metadata" ON {name} USING gin (metadata);\n'
    )


def grants(store: str, collection: str, owner: str | None) -> str:
    """Statements after which the owner, and no other team, may read and write the table. They may run any number of times.

    The user logs in with its cloud identity, as a gateway's does.
    """
    name = table(store, collection)
    revoke = (
        f"SELECT DISTINCT format('REVOKE ALL ON {name} FROM %I', grantee) FROM information_schema.role_table_grants"
        f" WHERE table_schema = '{store}' AND table_name = '{collection}' AND grantee LIKE 'team\\_%'"
    )
    if owner is None:
        return f"{revoke} \\gexec\n"
    return (
        f"{revoke} AND grantee <> '{owner}' \\gexec\n"
        f"SELECT 'CREATE ROLE {owner} LOGIN' WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '{owner}') \\gexec\n"
        f"GRANT rds_iam TO {owner};\n"
        f'GRANT USAGE ON SCHEMA "{store}" TO {owner};\n'
        f"GRANT SELECT, INSERT, UPDATE, DELETE ON {name} TO {owner};\n"
    )
