"""Managed node groups with GPUs: nodes that are always there, with EFA or from a Capacity Block where asked for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from platformspec.sdk import ACCELERATOR_LABEL, GPU, Code, DeclarationContext, Device, GpuPoolSpec, Resource, Sourced
from platformspec_aws.cluster.nodes import METADATA_OPTIONS, NODE_POLICIES, TAGGED, root_volume
from platformspec_aws.exports import AwsClusterExports, AwsNetworkExports
from platformspec_aws.gpu_pool.choice import Alternative
from platformspec_aws.gpu_pool.labels import DEVICES_LABEL, DRA, POOL_LABEL, node_group_taint
from platformspec_aws.gpu_pool.sharing import mig_user_data, node_labels
from platformspec_aws.instances import Instance
from platformspec_aws.node_class import ROOT_DEVICE
from platformspec_aws.stacks import stack_of

NO_SUBNET = Code(
    "PS545",
    "reserved capacity in a zone without a subnet",
    explain="The nodes of a Capacity Block or of a reservation are all in its zone, so the network needs a private subnet there.",
)

IMAGE_TYPE = "AL2023_x86_64_NVIDIA"
MIG_IMAGE_TYPE = "BOTTLEROCKET_x86_64_NVIDIA"
NEURON_IMAGE_TYPE = "AL2023_x86_64_NEURON"
# Bottlerocket keeps images and caches on a volume of their own.
DATA_DEVICE = "/dev/xvdb"


def image_type(device: Device) -> str:
    """EKS's kind of image with the driver of the pool's devices."""
    return IMAGE_TYPE if device == GPU else NEURON_IMAGE_TYPE


def reserved_zone(spec: GpuPoolSpec) -> tuple[str, str] | None:
    """The zone of the pool's reserved capacity, and the field that says it."""
    block, reservation = spec.capacity.block, spec.capacity.reservation
    if block is not None:
        return "capacity.block.zone", block.zone
    return ("capacity.reservation.zone", reservation.zone) if reservation is not None else None


def reach_reserved_zone(ctx: DeclarationContext, spec: GpuPoolSpec) -> bool:
    """Whether the network has a subnet where the pool's reserved capacity is."""
    reserved = reserved_zone(spec)
    if reserved is None:
        return True
    field, zone = reserved
    there = ctx.exports(ctx.network_address, AwsNetworkExports).private_subnets_by_zone
    if zone in there:
        return True
    what, region = (
        "Capacity Block" if spec.capacity.block is not None else "reservation",
        ctx.platform.spec.cloud.region,
    )
    elsewhere = zone[:-1] != region
    ctx.reject(
        NO_SUBNET,
        f"the {what} is in {zone}, and the platform is in {region}"
        if elsewhere
        else f"the {what} is in {zone}, and {_known(there)}",
        at=field,
        help=f"name capacity in a zone of {region}, such as {region}a"
        if elsewhere
        else f"add `subnet_zones: {{SUBNET: {zone}}}` to cloud.network.existing"
        if ctx.platform.spec.cloud.network.existing is not None
        else "raise `cloud.network.zones`, or name capacity in one of those zones",
    )
    return False


def _known(there: Mapping[str, Any]) -> str:
    if not there:
        return "the zones of the network's subnets are not known"
    return f"the network has private subnets in {', '.join(sorted(there))} only"


def managed_nodes(ctx: DeclarationContext, spec: GpuPoolSpec, alternative: Alternative, disk_gib: Sourced[int]) -> None:
    """A group of exactly `nodes.min` nodes."""
    address = ctx.cluster_address()
    assert address is not None
    cluster = ctx.exports(address, AwsClusterExports)
    stack = stack_of("cluster", address)
    block = spec.capacity.block
    subnets: Any = ctx.network.private_subnet_ids
    reservation, reserved = spec.capacity.reservation, reserved_zone(spec)
    if reserved is not None:
        field, zone = reserved
        subnets = ctx.src([ctx.exports(ctx.network_address, AwsNetworkExports).private_subnets_by_zone[zone]], field)
    elif spec.network == "efa":
        # A placement group of the cluster kind is in one zone.
        subnets = ctx.src(subnets.value[:1], subnets, "network")
    choice = alternative.fields
    exists = ("capacity.nodes.min",)
    types = [entry.type for entry in alternative.types]
    mig = spec.sharing is not None and spec.sharing.mode == "mig"
    template: dict[str, Any] = {
        "name": ctx.name("pool", ctx.called, limit=128),
        "block_device_mappings": root_volume(disk_gib, DATA_DEVICE if mig else ROOT_DEVICE),
        "metadata_options": METADATA_OPTIONS,
        "update_default_version": True,
        "tag_specifications": [{"resource_type": kind, "tags": ctx.tags} for kind in TAGGED],
    }
    if spec.sharing is not None and mig:
        template["user_data"] = ctx.src(mig_user_data(spec.sharing, alternative), "sharing.profile", *choice)
    if block is not None:
        template |= {
            "instance_type": ctx.src(types[0], *choice),
            "instance_market_options": [{"market_type": "capacity-block"}],
            **_from(ctx.src(block.reservation, "capacity.block.reservation")),
        }
    elif reservation is not None:
        template |= _from(ctx.src(reservation.id, "capacity.reservation.id"))
    if spec.network == "efa":
        template |= _efa(ctx, alternative.types[0], cluster, stack, choice)
    node = ctx.resource("aws_launch_template", "template", template, stack=stack, because=exists)
    size = ctx.src(spec.capacity.nodes.min, "capacity.nodes.min")
    group: dict[str, Any] = {
        "cluster_name": cluster.name,
        "node_group_name": ctx.called,
        "node_role_arn": cluster.node_role_arn,
        "subnet_ids": subnets,
        "ami_type": ctx.src(MIG_IMAGE_TYPE, "sharing.mode") if mig else ctx.src(image_type(spec.device), *choice),
        "capacity_type": ctx.src("CAPACITY_BLOCK", "capacity.block") if block is not None else "ON_DEMAND",
        "labels": {
            POOL_LABEL: ctx.called,
            ACCELERATOR_LABEL: ctx.src(alternative.accelerator, *choice),
            **node_labels(ctx, spec),
            **({DEVICES_LABEL: ctx.src(DRA, "devices")} if spec.devices == DRA else {}),
        },
        "taint": [ctx.src(node_group_taint(spec.device), *choice)],
        "launch_template": [{"id": node.attr("id"), "version": node.attr("latest_version")}],
        "scaling_config": [{"min_size": size, "desired_size": size, "max_size": size}],
        "update_config": [{"max_unavailable": 1}],
        "node_repair_config": [{"enabled": True}],
    }
    if block is None:
        group["instance_types"] = ctx.src(types, *choice)
    policies = [
        (f"{address}/node-role-{policy.lower().replace('_', '-')}", "nodes cannot join without their policies")
        for policy in NODE_POLICIES
    ]
    before = [(f"{address}/addon-{name}", "nodes become ready with a network") for name in ("vpc-cni", "kube-proxy")]
    after = [pair for pair in (*policies, *before) if ctx.exists(pair[0])]
    ctx.resource(
        "aws_eks_node_group", "nodes", group, stack=stack, because=exists, after=(*after, *ctx.network.egress_ready)
    )


def _from(reservation: Sourced[str]) -> dict[str, Any]:
    target = [{"capacity_reservation_id": reservation}]
    return {"capacity_reservation_specification": [{"capacity_reservation_target": target}]}


def _efa(
    ctx: DeclarationContext, instance: Instance, cluster: AwsClusterExports, stack: str, choice: tuple[str, ...]
) -> dict[str, Any]:
    """One interface for each network card, a security group that is open to itself, and a placement group."""
    name = ctx.name("pool", ctx.called, "efa", limit=255)
    group = ctx.resource(
        "aws_security_group",
        "efa-security-group",
        {
            "name": name,
            "description": "Elastic Fabric Adapter: everything among the nodes of the pool",
            "vpc_id": ctx.network.vpc_id,
            "tags": {"Name": name},
        },
        stack=stack,
        because=("network",),
    )
    _itself(ctx, group, "ingress", stack)
    _itself(ctx, group, "egress", stack)
    placement = ctx.resource(
        "aws_placement_group",
        "placement",
        {"name": ctx.name("pool", ctx.called, limit=255), "strategy": "cluster"},
        stack=stack,
        because=("network",),
    )
    interfaces = [
        {
            "network_card_index": card,
            "device_index": 0 if card == 0 else 1,
            "interface_type": "efa" if card == 0 else "efa-only",
            "delete_on_termination": "true",
            "security_groups": [group.attr("id"), cluster.security_group_id],
        }
        for card in range(instance.efa)
    ]
    return {
        "network_interfaces": ctx.src(interfaces, *choice, "network"),
        "placement": [{"group_name": placement.attr("name")}],
    }


def _itself(ctx: DeclarationContext, group: Resource, direction: str, stack: str) -> None:
    ctx.resource(
        f"aws_vpc_security_group_{direction}_rule",
        f"efa-{direction}",
        {
            "security_group_id": group.attr("id"),
            "referenced_security_group_id": group.attr("id"),
            "description": "EFA needs all traffic among the nodes",
            "ip_protocol": "-1",
        },
        stack=stack,
        because=("network",),
    )
