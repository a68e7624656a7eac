"""Lower vector stores to OpenSearch Serverless."""

from __future__ import annotations

from platformspec.sdk import (
    AggregateContext,
    DatabaseExports,
    DeclarationContext,
    Edge,
    EdgeContext,
    Json,
    Statement,
    VectorStoreExports,
    VectorStoreSpec,
    Workload,
)
from platformspec_aws import iam, kms
from platformspec_aws.exports import AwsNetworkExports
from platformspec_aws.identity.grants import role_name
from platformspec_aws.stacks import DATA

HTTPS = 443
# What a client of a collection may do with its indexes; nothing about the collection itself.
INDEX_PERMISSIONS = [
    "aoss:CreateIndex",
    "aoss:DescribeIndex",
    "aoss:UpdateIndex",
    "aoss:ReadDocument",
    "aoss:WriteDocument",
]


def lower_vector_store(ctx: DeclarationContext) -> None:
    """A collection with its policies; the other engines live in a database or in the cluster."""
    spec: VectorStoreSpec = ctx.spec
    if spec.engine == "opensearch_serverless":
        _collection(ctx, spec)
    elif spec.engine == "pgvector":
        target = ctx.target("stores_in")
        database = ctx.exports_or_none(target, DatabaseExports) if target is not None else None
        if database is not None:
            ctx.offer(VectorStoreExports("pgvector", database.host, database.port.value, None, None, ctx.placement))


def _collection(ctx: DeclarationContext, spec: VectorStoreSpec) -> None:
    network_exports = ctx.exports(ctx.network_address, AwsNetworkExports)
    name = ctx.name(ctx.called, limit=32, pinned=True, role="collection")
    pattern = ctx.src(f"collection/{name.value}", name)
    key = kms.key(ctx, "key", "vector-store", ctx.called, stack=DATA, description="Encrypts the collection")
    encryption = ctx.resource(
        "aws_opensearchserverless_security_policy",
        "encryption-policy",
        {
            "name": name,
            "type": "encryption",
            "policy": Json(
                {
                    "Rules": [{"ResourceType": "collection", "Resource": [pattern]}],
                    "AWSOwnedKey": False,
                    "KmsARN": key.attr("arn"),
                }
            ),
        },
        stack=DATA,
    )
    network = ctx.resource(
        "aws_opensearchserverless_security_policy",
        "network-policy",
        {
            "name": name,
            "type": "network",
            "policy": Json(
                [
                    {
                        "Rules": [{"ResourceType": "collection", "Resource": [pattern]}],
                        "AllowFromPublic": False,
                        "SourceVPCEs": [network_exports.search_endpoint_id],
                    }
                ]
            ),
        },
        stack=DATA,
    )
    collection = ctx.resource(
        "aws_opensearchserverless_collection",
        "collection",
        {
            "name": name,
            "type": "VECTORSEARCH",
            "standby_replicas": ctx.src("ENABLED" if spec.replicas > 1 else "DISABLED", "replicas"),
        },
        stack=DATA,
        after=(
            (encryption.id, "a collection is encrypted from its creation"),
            (network.id, "a collection is private from its creation"),
        ),
        lifecycle={"prevent_destroy": True} if spec.protect else None,
    )
    ctx.offer(
        VectorStoreExports(
            "opensearch_serverless",
            collection.attr("collection_endpoint"),
            HTTPS,
            None,
            None,
            ctx.placement,
            collection.attr("arn"),
        )
    )


def grant_team_uses_collection(ctx: EdgeContext) -> None:
    """The team's applications may call the collection's API; what they may do inside stands in its access policy."""
    store = ctx.graph.declarations[ctx.edge.source.parent].spec
    if not isinstance(store, VectorStoreSpec) or store.engine != "opensearch_serverless":
        return
    exports = ctx.exports(ctx.edge.source, VectorStoreExports)
    ctx.grant(ctx.exports(ctx.edge.target, Workload), Statement(("aoss:APIAccessAll",), (exports.arn,)))


def grant_job_makes_indexes(ctx: EdgeContext) -> None:
    """The Job that makes the collections' indexes runs in the store's cluster, and may call this collection's API."""
    if isinstance(ctx.spec, VectorStoreSpec) and ctx.spec.engine == "opensearch_serverless":
        exports = ctx.exports(ctx.edge.source, VectorStoreExports)
        ctx.grant(ctx.exports(ctx.edge.source, Workload), Statement(("aoss:APIAccessAll",), (exports.arn,)))


def access_policies(ctx: AggregateContext) -> None:
    """One data access policy for each collection: who may use which index. It holds a rule for each edge."""
    for address, declaration in ctx.graph.declarations.items():
        spec = declaration.spec
        if not isinstance(spec, VectorStoreSpec) or spec.engine != "opensearch_serverless":
            continue
        users = [
            grant
            for grant in ctx.grants
            if grant.edge.source.parent == address and any("aoss:APIAccessAll" in s.actions for s in grant.statements)
        ]
        if not users:
            continue
        about = ctx.about(address, edges=sorted({grant.edge for grant in users}, key=lambda edge: edge.id))
        name = about.name(about.called, limit=32, pinned=True, role="collection")
        rules = [
            {
                "Description": ctx.platform.id_outside(grant.edge.id)[:1000],
                "Principal": [
                    iam.arn(
                        about,
                        "iam",
                        f"role/{role_name(about, grant.workload).value}",
                        role_name(about, grant.workload),
                        region=False,
                    )
                ],
                "Rules": [
                    {
                        "ResourceType": "index",
                        "Resource": [about.src(_index(name.value, grant.edge), name)],
                        "Permission": INDEX_PERMISSIONS,
                    }
                ],
            }
            for grant in users
        ]
        about.resource(
            "aws_opensearchserverless_access_policy",
            "access-policy",
            {"name": name, "type": "data", "policy": Json(rules)},
            stack=DATA,
        )


def _index(collection: str, edge: Edge) -> str:
    return f"index/{collection}/{edge.source.child or '*'}"
