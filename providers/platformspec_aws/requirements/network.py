"""Quotas of the network and of clusters, and addresses for nodes and pods."""

from __future__ import annotations

import functools
import ipaddress
from collections.abc import Iterator
from typing import Any, Final

from platformspec.sdk import AggregateContext, Node, Path, Requirement
from platformspec_aws.instances import instances
from platformspec_aws.patched import read
from platformspec_aws.requirements.groups import node_groups

# Terraform type -> service, code, name, and how the quota counts. Source: Service Quotas, `list-service-quotas`.
COUNTED: Final = {
    "aws_vpc": ("vpc", "L-F678F1CE", "VPCs per Region", "vpcs"),
    "aws_eip": ("ec2", "L-0263D0A3", "EC2-VPC Elastic IPs", "addresses"),
    "aws_eks_cluster": ("eks", "L-1194D53C", "Clusters", "clusters"),
    "aws_nat_gateway": ("vpc", "L-FE5A380F", "NAT gateways per Availability Zone", "nat_gateways"),
}
# A node has an address itself. Its agents with addresses of their own (device plugins, storage driver, node monitor, metrics)
# and the pods of one replica are counted with a margin: too few addresses stop a cluster from growing.
ADDRESSES_OF_A_NODE: Final = 16
# AWS keeps five addresses of every subnet. Source: VPC user guide, "Subnet CIDR blocks".
KEPT_BY_AWS: Final = 5


def network_requirements(ctx: AggregateContext) -> Iterator[Requirement]:
    """What the program creates counts against quotas; its nodes need addresses in their subnets."""
    for type, (service, code, name, besides) in COUNTED.items():
        nodes = [node for node in ctx.nodes if node.type == type]
        if nodes:
            yield _quota(ctx, service, code, name, besides, nodes)
    yield from _addresses(ctx)


def _quota(ctx: AggregateContext, service: str, code: str, name: str, besides: str, nodes: list[Node]) -> Requirement:
    cloud = ctx.platform.spec.cloud
    # Each NAT gateway of ours is in a zone of its own.
    count = 1 if besides == "nat_gateways" else len(nodes)
    return Requirement(
        id=f"quota/{service}/{code}",
        kind="quota",
        what=f"{name}: {count} besides those that are there",
        account=cloud.account,
        region=cloud.region,
        needs={"service": service, "code": code, "name": name, "value": count, "unit": "", "besides": besides},
        declarations=tuple(sorted({node.declaration for node in nodes})),
        sources=_paths(nodes),
        source=f"Service Quotas, service {service}",
    )


def _addresses(ctx: AggregateContext) -> Iterator[Requirement]:
    cloud = ctx.platform.spec.cloud
    groups = list(node_groups(ctx))
    needed = sum(
        group.nodes
        * (ADDRESSES_OF_A_NODE + max((instances()[t].gpus for t in group.types if t in instances()), default=0))
        for group in groups
    )
    if not needed:
        return
    existing = cloud.network.existing
    sources = tuple(sorted({path for group in groups for path in group.sources}, key=str))
    declarations = tuple(sorted({group.node.declaration for group in groups}))
    subnets: list[str] = []
    room: int | None = None
    if existing is not None:
        subnets = list(existing.private_subnet_ids)
    else:
        ours = [node for node in ctx.nodes if node.type == "aws_subnet" and "/subnet-private-" in node.id]
        room = sum(read(ctx, node, functools.partial(_room, node), 0) for node in ours)
    yield Requirement(
        id="addresses/private",
        kind="addresses",
        what=f"{needed} addresses in the private subnets, for all nodes at their largest number and {ADDRESSES_OF_A_NODE} for each node's pods",
        account=cloud.account,
        region=cloud.region,
        needs={"value": needed, "subnets": subnets, "room": room},
        declarations=declarations,
        sources=sources,
        source="VPC user guide, Subnet CIDR blocks; the EKS VPC CNI gives each pod an address of the subnet",
    )


def _room(subnet: Node) -> int:
    return ipaddress.IPv4Network(str(subnet.attrs["cidr_block"])).num_addresses - KEPT_BY_AWS


def _paths(nodes: list[Node]) -> tuple[Path, ...]:
    found: set[Any] = {path for node in nodes for path in node.provenance.get((), ())}
    return tuple(sorted(found, key=str))
