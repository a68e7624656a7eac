"""The endpoint for OpenSearch Serverless: one in a VPC, however many stores there are."""

from __future__ import annotations

from typing import Any

from platformspec_aws import PROVIDER as AWS
from platformspec_kubernetes import PROVIDER as KUBERNETES

from platformspec.ir.program import Program
from tests.support.platforms import base, lowered

STORE = {"engine": "opensearch_serverless", "collections": {"pages": {"embed_with": "embed"}}}
EMBED = {
    "external": {"provider": "bedrock", "model": "amazon.titan-embed-text-v2:0"},
    "task": "embedding",
    "facts": {"dimensions": 1024, "context_tokens": 8192},
}
EXISTING = {
    "vpc_id": "vpc-0a1b2c3d4e5f60718",
    "cidr": "10.20.0.0/16",
    "private_subnet_ids": ["subnet-0a1b2c3d4e5f60711", "subnet-0a1b2c3d4e5f60712"],
}


def program(stores: int, **network: Any) -> Program:
    data = base(models={"embed": EMBED}, vector_stores={f"store-{number}": STORE for number in range(stores)})
    data["cloud"]["network"] = network
    return lowered(data, AWS, KUBERNETES).program


def endpoints(program: Program) -> list[str]:
    return [node.id for node in program.nodes.values() if node.type == "aws_opensearchserverless_vpc_endpoint"]


def test_stores_share_the_endpoint_of_their_network() -> None:
    assert endpoints(program(0)) == []
    assert endpoints(program(2)) == ["network.main/vector-search-endpoint"]
    assert endpoints(program(2, existing=EXISTING)) == ["network.main/vector-search-endpoint"]


def test_the_endpoint_of_an_adopted_network_is_used() -> None:
    adopted = program(1, existing={**EXISTING, "opensearch_endpoint_id": "vpce-0a1b2c3d4e5f60718"})
    assert endpoints(adopted) == []
    assert "vpce-0a1b2c3d4e5f60718" in str(adopted.nodes["vector_store.store-0/network-policy"].attrs["policy"])
