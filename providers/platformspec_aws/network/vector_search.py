"""The one endpoint through which a VPC reaches all collections of OpenSearch Serverless."""

from __future__ import annotations

from typing import Any

from platformspec.sdk import DeclarationContext, Sourced, VectorStoreSpec
from platformspec_aws.stacks import NETWORK

HTTPS = 443


def search_endpoint(ctx: DeclarationContext, vpc_id: Any, subnet_ids: Any, cidr: Sourced[str]) -> Any:
    """The id of the endpoint; None where no store needs one.

    AWS takes one in a VPC, for every collection that is reached from there: docs.aws.amazon.com/opensearch-service/latest/
    developerguide/serverless-vpc.html; a second one is refused.
    """
    stores = tuple(
        ctx.at(None, *declaration.path, "engine")
        for declaration in ctx.graph.declarations.values()
        if isinstance(declaration.spec, VectorStoreSpec) and declaration.spec.engine == "opensearch_serverless"
    )
    if not stores:
        return None
    name = ctx.name("vector-search", limit=255)
    group = ctx.resource(
        "aws_security_group",
        "vector-search-security-group",
        {
            "name": name,
            "description": "OpenSearch Serverless: HTTPS from the VPC",
            "vpc_id": vpc_id,
            "tags": {"Name": name},
        },
        stack=NETWORK,
        because=stores,
    )
    ctx.resource(
        "aws_vpc_security_group_ingress_rule",
        "vector-search-ingress",
        {
            "security_group_id": group.attr("id"),
            "description": "HTTPS from the VPC",
            "cidr_ipv4": cidr,
            "ip_protocol": "tcp",
            "from_port": HTTPS,
            "to_port": HTTPS,
        },
        stack=NETWORK,
        because=stores,
    )
    endpoint = ctx.resource(
        "aws_opensearchserverless_vpc_endpoint",
        "vector-search-endpoint",
        {
            "name": ctx.name("vector-search", limit=32),
            "vpc_id": vpc_id,
            "subnet_ids": subnet_ids,
            "security_group_ids": [group.attr("id")],
        },
        stack=NETWORK,
        because=stores,
    )
    return endpoint.attr("id")
