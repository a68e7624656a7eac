"""EKS add-ons that every cluster has."""

from __future__ import annotations

from typing import Any

from platformspec.sdk import AggregateContext, ClusterSpec, Code, DeclarationContext, Json, Node, Resource
from platformspec_aws import iam

NOT_INSTALLED = Code(
    "PS432",
    "a version of an add-on that the cluster does not have",
    explain="`add_on_versions` keeps EKS add-ons that platformspec installs in a version. Some are installed only where something needs them: "
    "aws-ebs-csi-driver for volumes, metrics-server for scaling by CPU.",
)
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
    """One add-on, in the version that the file says, else the newest that EKS offers for the cluster's Kubernetes version."""
    kept = ctx.graph.declarations[ctx.address].spec.add_on_versions.get(name)
    if kept is not None:
        version = ctx.src(kept, f"add_on_versions.{name}")
    else:
        newest = ctx.data(
            "aws_eks_addon_version",
            f"addon-{name}-version",
            {"addon_name": name, "kubernetes_version": cluster.attr("version"), "most_recent": True},
            stack=stack,
            because=because,
        )
        version = newest.attr("version")
    identity = [{"role_arn": role.arn, "service_account": service_account}] if role is not None else None
    attrs = {
        "cluster_name": cluster.attr("name"),
        "addon_name": name,
        "addon_version": version,
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


def check_kept_versions(ctx: AggregateContext) -> None:
    """Report versions of add-ons that nothing installs."""
    for address, declaration in ctx.graph.declarations.items():
        if not isinstance(declaration.spec, ClusterSpec):
            continue
        installed = sorted(
            str(node.attrs["addon_name"])
            for node in ctx.nodes
            if node.type == "aws_eks_addon" and node.id.startswith(f"{address}/")
        )
        for name in declaration.spec.add_on_versions:
            if name not in installed:
                ctx.about(address).reject(
                    NOT_INSTALLED,
                    f"{address} has no add-on {name}",
                    at=f"add_on_versions.{name}",
                    help=f"remove it; the cluster has {', '.join(installed)}",
                )
