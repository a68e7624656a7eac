"""Lower clusters to EKS."""

from __future__ import annotations

from typing import Any

from platformspec.sdk import ClusterExports, ClusterSpec, DeclarationContext, Placement, Resource, Workload
from platformspec_aws import iam, kms
from platformspec_aws.cluster.access import api_access, single_sign_on
from platformspec_aws.cluster.addons import managed_addons
from platformspec_aws.cluster.nodes import elastic_system_nodes, node_role, system_nodes
from platformspec_aws.exports import AwsClusterExports, AwsNetworkExports
from platformspec_aws.stacks import stack_of

LOG_TYPES = ["api", "audit", "authenticator", "controllerManager", "scheduler"]
CLUSTER_POLICY = "AmazonEKSClusterPolicy"
STORAGE_CLASS = "gp3"
INGRESS_CLASS = "alb"
SECRET_STORE = "cloud-secrets"
METRICS_URL = "http://prometheus-operated.monitoring.svc.cluster.local:9090"
SYSTEM_NODES = {"platformspec.dev/nodes": "system"}
SECRET_READER = ("external-secrets", "external-secrets")
"""Namespace and service account of the controller that reads secrets for everyone."""


def lower_cluster(ctx: DeclarationContext) -> None:
    """A cluster of our own, or the exports of one that is there."""
    spec: ClusterSpec = ctx.spec
    namespace, account = SECRET_READER
    ctx.offer(Workload(ctx.address, ctx.address, namespace, account, {}))
    if spec.existing is not None:
        _adopt(ctx, spec)
        return
    stack = stack_of("cluster", ctx.address)
    network = ctx.exports(ctx.network_address, AwsNetworkExports)
    name = ctx.named("cluster", ctx.name(*_suffix(ctx), limit=100, pinned=True, role="cluster"))
    log_name = ctx.src(f"/aws/eks/{name.value}/cluster", name)
    keep = ctx.at(ctx.platform.spec.observability.logs.keep_days, "observability", "logs", "keep_days")
    logs = ctx.resource(
        "aws_cloudwatch_log_group",
        "logs",
        {"name": log_name, "retention_in_days": keep, "kms_key_id": network.logs_key_arn},
        stack=stack,
    )
    secrets_key = kms.key(
        ctx,
        "secrets-key",
        "cluster",
        ctx.called,
        "secrets",
        stack=stack,
        description="Encrypts the Kubernetes API's secrets",
    )
    role = iam.role(
        ctx,
        "role",
        "cluster",
        *_suffix(ctx),
        stack=stack,
        assume=iam.trust("eks.amazonaws.com"),
        description="The EKS control plane",
        managed=(CLUSTER_POLICY,),
    )
    cluster = ctx.resource(
        "aws_eks_cluster",
        "cluster",
        {
            "name": name,
            "version": ctx.src(spec.kubernetes, "kubernetes"),
            "role_arn": role.arn,
            "enabled_cluster_log_types": LOG_TYPES,
            "bootstrap_self_managed_addons": False,
            "deletion_protection": ctx.src(spec.deletion_protection, "deletion_protection"),
            "access_config": [{"authentication_mode": "API", "bootstrap_cluster_creator_admin_permissions": False}],
            "encryption_config": [{"resources": ["secrets"], "provider": [{"key_arn": secrets_key.attr("arn")}]}],
            "upgrade_policy": [{"support_type": "STANDARD"}],
            "zonal_shift_config": [{"enabled": True}],
            "vpc_config": [
                {
                    "subnet_ids": ctx.network.private_subnet_ids,
                    "endpoint_private_access": True,
                    "endpoint_public_access": ctx.src(spec.endpoint == "public", "endpoint"),
                    "public_access_cidrs": ctx.src(list(spec.public_access_cidrs), "public_access_cidrs", "endpoint")
                    if spec.endpoint == "public"
                    else None,
                }
            ],
        },
        stack=stack,
        after=(
            (logs.id, "EKS would create the log group itself, without retention and key"),
            *iam.attachments(role, (CLUSTER_POLICY,)),
        ),
    )
    api_access(ctx, spec, cluster, stack)
    single_sign_on(ctx, spec, cluster, stack)
    nodes = node_role(ctx, stack, _suffix(ctx))
    before_nodes = managed_addons(ctx, cluster, stack)
    system_nodes(ctx, spec, cluster, nodes, stack, before_nodes)
    _offer(ctx, cluster, name, nodes)
    elastic_system_nodes(ctx, spec, ctx.exports(ctx.address, AwsClusterExports))


def _suffix(ctx: DeclarationContext) -> tuple[str, ...]:
    return () if ctx.called == "main" else (ctx.called,)


def _offer(ctx: DeclarationContext, cluster: Resource, name: Any, nodes: iam.Role) -> None:
    cloud = ctx.platform.spec.cloud
    arn = iam.arn(ctx, "eks", f"cluster/{name.value}", name)
    group = cluster.attr("vpc_config[0].cluster_security_group_id")
    reference = ctx.src(cluster.attr("name", known=name.value), name)
    ctx.offer(_exports(Placement(cloud.account, cloud.region, ctx.called), reference, cluster.attr("endpoint"), group))
    existing = ctx.platform.spec.cloud.network.existing
    subnet_terms: list[dict[str, Any]] = (
        [
            {"id": ctx.at(subnet, "cloud", "network", "existing", "private_subnet_ids", i)}
            for i, subnet in enumerate(existing.private_subnet_ids)
        ]
        if existing is not None
        else [{"tags": {"platformspec:discovery": ctx.name("nodes", limit=255)}}]
    )
    ctx.offer(
        AwsClusterExports(
            name=reference,
            arn=ctx.src(cluster.attr("arn", known=arn.value), arn),
            node_role_name=nodes.name,
            node_role_arn=nodes.arn,
            security_group_id=group,
            certificate_authority=cluster.attr("base64decode(certificate_authority[0].data)"),
            endpoint=cluster.attr("endpoint"),
            adopted=False,
            subnet_terms=subnet_terms,
            security_group_terms=[{"tags": {"aws:eks:cluster-name": name}}],
        )
    )


def _adopt(ctx: DeclarationContext, spec: ClusterSpec) -> None:
    existing = spec.existing
    assert existing is not None
    cloud = ctx.platform.spec.cloud
    name = ctx.src(existing.name, "existing.name")
    group = ctx.src(existing.node_security_group_id, "existing.node_security_group_id")
    role = ctx.src(existing.node_role, "existing.node_role")
    ctx.offer(_exports(Placement(cloud.account, cloud.region, ctx.called), name, None, group))
    network = cloud.network.existing
    ctx.offer(
        AwsClusterExports(
            name=name,
            arn=iam.arn(ctx, "eks", f"cluster/{existing.name}", name),
            node_role_name=role,
            node_role_arn=iam.arn(ctx, "iam", f"role/{existing.node_role}", role, region=False),
            security_group_id=group,
            certificate_authority=None,
            endpoint=None,
            adopted=True,
            subnet_terms=[
                {"id": ctx.at(subnet, "cloud", "network", "existing", "private_subnet_ids", i)}
                for i, subnet in enumerate(network.private_subnet_ids)
            ]
            if network is not None
            else [{"tags": {"platformspec:discovery": ctx.name("nodes", limit=255)}}],
            security_group_terms=[{"id": group}],
        )
    )


def _exports(placement: Placement, name: Any, endpoint: Any, group: Any) -> ClusterExports:
    return ClusterExports(
        placement, name, endpoint, group, STORAGE_CLASS, INGRESS_CLASS, SECRET_STORE, METRICS_URL, SYSTEM_NODES
    )
