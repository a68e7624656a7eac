"""Nodes of a cluster: the role that all of them run as, and the managed group for what needs no GPU."""

from __future__ import annotations

from typing import Any

from platformspec.sdk import ClusterSpec, DeclarationContext, Resource
from platformspec_aws import iam

NODE_POLICIES = (
    "AmazonEKSWorkerNodePolicy",
    "AmazonEKS_CNI_Policy",
    "AmazonEC2ContainerRegistryPullOnly",
    "AmazonSSMManagedInstanceCore",
)
ROOT_VOLUME_GIB = 80
ROOT_DEVICE = "/dev/xvda"


def node_role(ctx: DeclarationContext, stack: str, suffix: tuple[str, ...]) -> iam.Role:
    """The role of all nodes, those of Karpenter included."""
    # EKS itself lets the role of a managed node group into the cluster; Karpenter's nodes have the same role.
    return iam.role(
        ctx,
        "node-role",
        "nodes",
        *suffix,
        stack=stack,
        assume=iam.trust("ec2.amazonaws.com"),
        description="Nodes of the cluster",
        managed=NODE_POLICIES,
    )


def root_volume(size_gib: Any, device: str = ROOT_DEVICE) -> list[dict[str, Any]]:
    """An encrypted gp3 volume for images and caches. The key is the account's own for EBS: volumes hold images and caches, and live as long as the node."""
    return [
        {
            "device_name": device,
            "ebs": [
                {"volume_size": size_gib, "volume_type": "gp3", "encrypted": "true", "delete_on_termination": "true"}
            ],
        }
    ]


# IMDSv2 with one hop: a node's agents reach its credentials, its pods do not.
METADATA_OPTIONS = [{"http_endpoint": "enabled", "http_tokens": "required", "http_put_response_hop_limit": 1}]


def system_nodes(
    ctx: DeclarationContext,
    spec: ClusterSpec,
    cluster: Resource,
    role: iam.Role,
    stack: str,
    before: tuple[tuple[str, str], ...],
) -> None:
    """The managed node group that carries controllers, gateways and stores."""
    template = ctx.resource(
        "aws_launch_template",
        "system-template",
        {
            "name": ctx.name("system", ctx.address.name, limit=128),
            "block_device_mappings": root_volume(ROOT_VOLUME_GIB),
            "metadata_options": METADATA_OPTIONS,
            "update_default_version": True,
            "tag_specifications": [{"resource_type": kind, "tags": ctx.tags} for kind in ("instance", "volume")],
        },
        stack=stack,
    )
    ctx.resource(
        "aws_eks_node_group",
        "system-nodes",
        {
            "cluster_name": cluster.attr("name"),
            "node_group_name": "system",
            "node_role_arn": role.arn,
            "subnet_ids": ctx.network.private_subnet_ids,
            "ami_type": "AL2023_x86_64_STANDARD",
            "capacity_type": "ON_DEMAND",
            "instance_types": ctx.src(list(spec.system_nodes.instances), "system_nodes.instances"),
            "labels": {"platformspec.dev/nodes": "system"},
            "launch_template": [{"id": template.attr("id"), "version": template.attr("latest_version")}],
            "scaling_config": [
                {
                    "min_size": ctx.src(spec.system_nodes.min, "system_nodes.min"),
                    "desired_size": ctx.src(spec.system_nodes.min, "system_nodes.min"),
                    "max_size": ctx.src(spec.system_nodes.max, "system_nodes.max"),
                }
            ],
            "update_config": [{"max_unavailable": 1}],
            "node_repair_config": [{"enabled": True}],
        },
        stack=stack,
        after=(*iam.attachments(role, NODE_POLICIES), *before, *ctx.network.egress_ready),
        # Whoever scales the group owns the number after the first apply.
        lifecycle={"ignore_changes": ["scaling_config[0].desired_size"]},
    )
