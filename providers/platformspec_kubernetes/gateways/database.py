"""A gateway's state: a database of its own with an owner of its own, or the one that it is told to use.

AWS rotates the administrator's password every week, and a server reads its environment once; so the gateway's own user has no
password at all: it connects with its cloud identity. What exists already is used as it is, with the password that comes with it.
"""

from __future__ import annotations

from typing import Any, Final

from platformspec.sdk import Context, DatabaseExports, DeclarationContext, GatewaySpec, database_user
from platformspec_kubernetes import images
from platformspec_kubernetes.jobs import job
from platformspec_kubernetes.pods import external_secret, from_config, from_secret

POSTGRES_USER: Final = 70
BECAUSE: Final = ("database",)


def prepare_database(
    ctx: DeclarationContext, spec: GatewaySpec, database: DatabaseExports, space: str, store: str
) -> dict[str, Any]:
    """What the gateway's ConfigMap says of the database; and the Job that makes user and database, where they are ours to make."""
    assert spec.database is not None
    own = database.identity is not None
    keys = {key: {"key": ctx.src(database.secret, "database"), "property": key} for key in ("username", "password")}
    secret = f"{ctx.platform.name_outside(spec.database.address)}-{'administrator' if own else 'endpoints'}"
    external_secret(ctx, "database-secret", space, secret, store, keys, because=BECAUSE)
    host = {
        "DATABASE_HOST": ctx.src(database.host, "database"),
        "DATABASE_PORT": ctx.src(str(database.port.value), database.port, "database"),
    }
    if not own:
        return {**host, "DATABASE_NAME": ctx.src(database.database, "database")}
    user = database_user(ctx.address_called)
    config = f"{ctx.called}-endpoints"
    env: list[dict[str, Any]] = [
        {"name": "PGHOST", "valueFrom": from_config(config, "DATABASE_HOST")},
        {"name": "PGPORT", "valueFrom": from_config(config, "DATABASE_PORT")},
        {"name": "PGDATABASE", "value": ctx.src(database.database, "database")},
        {"name": "PGSSLMODE", "value": "require"},
        {"name": "PGUSER", "valueFrom": from_secret(secret, "username")},
        {"name": "PGPASSWORD", "valueFrom": from_secret(secret, "password")},
    ]
    job(
        ctx, space, "database", image=images.POSTGRES_CLIENT, user=POSTGRES_USER,
        files={"owner.sql": ctx.src(sql(user))},
        command=["/bin/sh", "-c", "psql -v ON_ERROR_STOP=1 -f /database/owner.sql"],
        env=env,
        egress=[{"to": [{"ipBlock": {"cidr": ctx.network.cidr}}], "ports": [{"protocol": "TCP", "port": database.port}]}],
        because=BECAUSE,
    )  # fmt: skip
    return {**host, "DATABASE_NAME": ctx.src(user, "database")}


def environment(ctx: Context, spec: GatewaySpec) -> list[dict[str, Any]]:
    """LiteLLM's variables for its database."""
    assert spec.database is not None
    config, name = f"{ctx.called}-endpoints", ctx.platform.name_outside(spec.database.address)
    own = ctx.exports(spec.database.address, DatabaseExports).identity is not None

    def setting(variable: str, key: str) -> dict[str, Any]:
        return {"name": variable, "valueFrom": ctx.src(from_config(config, key), "database")}

    def value(variable: str, text: str) -> dict[str, Any]:
        return {"name": variable, "value": ctx.src(text, "database")}

    port = setting("DATABASE_PORT", "DATABASE_PORT")
    access = (
        [
            setting("DATABASE_HOST", "DATABASE_HOST"),
            port,
            value("DATABASE_USERNAME", database_user(ctx.address_called)),
            value("IAM_TOKEN_DB_AUTH", "True"),
        ]
        if own
        else [
            setting("DATABASE_ENDPOINT", "DATABASE_HOST"),
            port,
            # With a password, LiteLLM takes the port as part of the host.
            value("DATABASE_HOST", "$(DATABASE_ENDPOINT):$(DATABASE_PORT)"),
            *(
                {"name": variable, "valueFrom": ctx.src(from_secret(f"{name}-endpoints", key), "database")}
                for variable, key in (("DATABASE_USERNAME", "username"), ("DATABASE_PASSWORD", "password"))
            ),
        ]
    )
    return [
        *access,
        setting("DATABASE_NAME", "DATABASE_NAME"),
        value("DATABASE_SSLMODE", "require"),
        # It copies its migrations before it runs them, and the image is read-only.
        value("LITELLM_MIGRATION_DIR", "/tmp/migrations"),
    ]


def sql(user: str) -> str:
    """Statements that may run any number of times: a user that logs in with its cloud identity, and a database that it owns."""
    return (
        f"SELECT 'CREATE ROLE {user} LOGIN' WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '{user}') \\gexec\n"
        f"GRANT rds_iam TO {user};\n"
        # Whoever makes a database for somebody must be able to act as them.
        f"GRANT {user} TO CURRENT_USER;\n"
        f"SELECT 'CREATE DATABASE {user} OWNER {user}' WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = '{user}') \\gexec\n"
        f"REVOKE CONNECT ON DATABASE {user} FROM PUBLIC;\n"
    )
