"""EKS add-ons that every cluster has."""

from __future__ import annotations

from typing import Any

from platformspec.sdk import DeclarationContext, Json, Node, Resource
from platformspec_aws import iam

CNI_CONFIGURATION = Json({"enableNetworkPolicy": "true"})


def managed_addons(ctx: DeclarationContext, cluster: Resource, stack: str) -> tuple[tuple[str, str], ...]:
    """Networking, DNS, and Pod Identity. Returns what must stand before the first node."""
    cni = addon(ctx, cluster, "vpc-cni", stack, configuration=CNI_CONFIGURATION)
    proxy = addon(ctx, cluster, "kube-proxy", stack)
    addon(ctx, cluster, "eks-pod-identity-agent", stack)
    group = "cluster." + ctx.address.name + "/system-nodes"
    for name in ("coredns", "eks-node-monitoring-agent"):
        addon(ctx, cluster, name, stack, after=((group, "its pods need nodes to become ready"),))
    return ((cni.id, "nodes become ready with a network"), (proxy.id, "nodes become ready with a network"))


def addon(
    ctx: Any, cluster: Node, name: str, stack: str, *, configuration: Json | None = None, role: iam.Role | None = None,
    service_account: str | None = None, after: tuple[tuple[str, str], ...] = (), because: tuple[str, ...] = (),
) -> Resource:  # fmt: skip
    """One add-on, in the newest version that EKS offers for the cluster's Kubernetes version."""
    version = ctx.data(
        "aws_eks_addon_version",
        f"addon-{name}-version",
        {"addon_name": name, "kubernetes_version": cluster.attr("version"), "most_recent": True},
        stack=stack,
        because=because,
    )
    identity = [{"role_arn": role.arn, "service_account": service_account}] if role is not None else None
    attrs = {
        "cluster_name": cluster.attr("name"),
        "addon_name": name,
        "addon_version": version.attr("version"),
        "resolve_conflicts_on_create": "OVERWRITE",
        "resolve_conflicts_on_update": "OVERWRITE",
        "configuration_values": configuration,
        "pod_identity_association": identity,
    }
    node: Resource = ctx.resource(
        "aws_eks_addon",
        f"addon-{name}",
        {k: v for k, v in attrs.items() if v is not None},
        stack=stack,
        after=after,
        because=because,
    )
    return node
