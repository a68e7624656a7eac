"""Edges to databases and caches: a rule that lets the cluster's nodes in, and the right to read the password."""

from __future__ import annotations

from platformspec.sdk import (
    Address,
    CacheExports,
    ClusterExports,
    DatabaseExports,
    EdgeContext,
    Expr,
    Sourced,
    Statement,
    VectorStoreSpec,
    Workload,
    concat,
    database_user,
)
from platformspec_aws import iam
from platformspec_aws.stacks import stack_of


def open_database(ctx: EdgeContext) -> None:
    """The user's pods reach the database, the cluster's secret reader its password; a gateway connects as its own user."""
    database = ctx.exports(ctx.edge.target, DatabaseExports)
    cluster = _cluster(ctx)
    _rule(ctx, cluster, database.security_group_id, database.port, "PostgreSQL")
    read_secret(ctx, cluster, database.secret, database.secret_kms_key_arn)
    if ctx.edge.relation == "keeps_state_in" and database.identity is not None:
        connect(ctx, database, ctx.address, ctx.exports(ctx.edge.source, Workload))


def connect_owner(ctx: EdgeContext) -> None:
    """The applications of a collection's owner connect to its pgvector as the team's own user."""
    store = ctx.graph.declarations[ctx.edge.source.parent].spec
    if not isinstance(store, VectorStoreSpec) or store.database is None:
        return
    database = ctx.exports(store.database.address, DatabaseExports)
    if database.identity is not None:
        connect(ctx, database, ctx.edge.target, ctx.exports(ctx.edge.target, Workload))


def connect(ctx: EdgeContext, database: DatabaseExports, whose: Address, workload: Workload) -> None:
    """The workload may log in as the database user of a declaration, with its identity instead of a password."""
    prefix = iam.arn(ctx, "rds-db", "dbuser:")
    user = ctx.src(
        concat(prefix.value, database.identity, "/", database_user(ctx.platform.address_outside(whose))), prefix
    )
    ctx.grant(workload, Statement(("rds-db:connect",), (user,)))


def open_cache(ctx: EdgeContext) -> None:
    """The user's pods reach the cache."""
    cache = ctx.exports(ctx.edge.target, CacheExports)
    _rule(ctx, _cluster(ctx), cache.security_group_id, cache.port, "Valkey")


def read_secret(ctx: EdgeContext, cluster: Address, secret: Expr, key: Expr | None) -> None:
    """The controller that turns secrets into Kubernetes' own may read this one."""
    statements = [Statement(("secretsmanager:GetSecretValue", "secretsmanager:DescribeSecret"), (secret,))]
    if key is not None:
        statements.append(Statement(("kms:Decrypt",), (key,)))
    ctx.grant(ctx.exports(cluster, Workload), *statements)


def _rule(ctx: EdgeContext, cluster: Address, group: Expr, port: int | Sourced[int], what: str) -> None:
    ctx.resource(
        "aws_vpc_security_group_ingress_rule",
        "ingress",
        {
            "security_group_id": group,
            "referenced_security_group_id": ctx.exports(cluster, ClusterExports).node_security_group_id,
            "description": f"{what} from {ctx.platform.address_outside(ctx.edge.source)}",
            "ip_protocol": "tcp",
            "from_port": port,
            "to_port": port,
        },
        stack=stack_of("identity", cluster),
    )


def _cluster(ctx: EdgeContext) -> Address:
    cluster = ctx.cluster_address()
    assert cluster is not None
    return cluster
