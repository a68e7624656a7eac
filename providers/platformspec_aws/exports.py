"""What AWS lowerings offer each other, besides the exports of the kinds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from platformspec.sdk import Sourced


@dataclass(frozen=True, slots=True)
class AwsNetworkExports:
    """`zones`: names of availability zones, in the order of the subnets. `logs_key_arn`: key for log groups, None where nothing logs.

    `search_endpoint_id`: the VPC's endpoint for OpenSearch Serverless, None where no store needs one.
    """

    zones: tuple[Sourced[str], ...]
    private_subnets_by_zone: dict[str, Any]
    logs_key_arn: Any
    search_endpoint_id: Any


@dataclass(frozen=True, slots=True)
class AwsClusterExports:
    """References that other AWS lowerings need of a cluster. `adopted`: it was there before."""

    name: Any
    arn: Any
    node_role_name: Any
    node_role_arn: Any
    security_group_id: Any
    certificate_authority: Any
    endpoint: Any
    adopted: bool
    subnet_terms: list[dict[str, Any]]
    security_group_terms: list[dict[str, Any]]
    """How Karpenter finds the nodes' subnets and security group: by tags, because their ids are known only after creation."""
