"""Nodes of a cluster: the role that all of them run as, and the managed group for what needs no GPU."""

from __future__ import annotations

from typing import Any

from platformspec.sdk import ClusterSpec, DeclarationContext, Resource
from platformspec_aws import iam
from platformspec_aws.exports import AwsClusterExports
from platformspec_aws.node_class import ROOT_DEVICE, node_class

NODE_POLICIES = (
    "AmazonEKSWorkerNodePolicy",
    "AmazonEKS_CNI_Policy",
    "AmazonEC2ContainerRegistryPullOnly",
    "AmazonSSMManagedInstanceCore",
)
ROOT_VOLUME_GIB = 80
# What a launch template tags; EKS does not pass the group's own tags on.
EXPIRE_AFTER = "720h"
TAGGED = ("instance", "volume", "network-interface")
SYSTEM_LABELS = {"platformspec.dev/nodes": "system"}
SYSTEM = "system"
"""Name of the cluster's own node group and NodePool."""


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
    """The managed node group that carries controllers, gateways and stores: those nodes that are always there."""
    size = ctx.src(spec.system_nodes.min, "system_nodes.min")
    template = ctx.resource(
        "aws_launch_template",
        "system-template",
        {
            "name": ctx.name("system", ctx.called, limit=128),
            "block_device_mappings": root_volume(ROOT_VOLUME_GIB),
            "metadata_options": METADATA_OPTIONS,
            "update_default_version": True,
            "tag_specifications": [{"resource_type": kind, "tags": ctx.tags} for kind in TAGGED],
        },
        stack=stack,
    )
    ctx.resource(
        "aws_eks_node_group",
        "system-nodes",
        {
            "cluster_name": cluster.attr("name"),
            "node_group_name": SYSTEM,
            "node_role_arn": role.arn,
            "subnet_ids": ctx.network.private_subnet_ids,
            "ami_type": "AL2023_x86_64_STANDARD",
            "capacity_type": "ON_DEMAND",
            "instance_types": ctx.src(list(spec.system_nodes.instances), "system_nodes.instances"),
            "labels": SYSTEM_LABELS,
            "launch_template": [{"id": template.attr("id"), "version": template.attr("latest_version")}],
            "scaling_config": [{"min_size": size, "desired_size": size, "max_size": size}],
            "update_config": [{"max_unavailable": 1}],
            "node_repair_config": [{"enabled": True}],
        },
        stack=stack,
        after=(*iam.attachments(role, NODE_POLICIES), *before, *ctx.network.egress_ready),
    )


def elastic_system_nodes(ctx: DeclarationContext, spec: ClusterSpec, cluster: AwsClusterExports) -> None:
    """Nodes between `min` and `max` come and go with Karpenter, which itself runs on those that are always there."""
    nodes = spec.system_nodes
    if nodes.max <= nodes.min:
        return
    exists = ("system_nodes.min", "system_nodes.max")
    node_class(ctx, cluster, SYSTEM, ctx.src(ROOT_VOLUME_GIB), because=exists)
    requirements = [
        {"key": "karpenter.sh/capacity-type", "operator": "In", "values": ["on-demand"]},
        {
            "key": "node.kubernetes.io/instance-type",
            "operator": "In",
            "values": ctx.src(list(nodes.instances), "system_nodes.instances"),
        },
        {"key": "kubernetes.io/arch", "operator": "In", "values": ["amd64"]},
        {"key": "kubernetes.io/os", "operator": "In", "values": ["linux"]},
    ]
    template = {
        "metadata": {"labels": SYSTEM_LABELS},
        "spec": {
            "nodeClassRef": {"group": "karpenter.k8s.aws", "kind": "EC2NodeClass", "name": SYSTEM},
            "requirements": requirements,
            "expireAfter": EXPIRE_AFTER,
        },
    }
    body = {
        "template": template,
        "disruption": {
            "consolidationPolicy": "WhenEmptyOrUnderutilized",
            "consolidateAfter": "10m",
            "budgets": [{"nodes": "1"}],
        },
        "limits": {"nodes": ctx.src(str(nodes.max - nodes.min), *exists)},
    }
    ctx.manifest(
        "karpenter.sh/v1", "NodePool", SYSTEM, "node-pool", {"spec": body}, because=exists, capability="karpenter"
    )
