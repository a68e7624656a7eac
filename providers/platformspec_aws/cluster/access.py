"""Who may use a cluster's API: identities with access entries, people from single sign-on, and addresses that its security group lets in."""

from __future__ import annotations

from typing import Any

from platformspec.sdk import ClusterSpec, DeclarationContext, Resource, name_part
from platformspec_aws import iam

HTTPS = 443


def api_access(ctx: DeclarationContext, spec: ClusterSpec, cluster: Resource, stack: str) -> None:
    """Administrators, and a way from the VPC to the private endpoint.

    The role that creates a cluster has no access of its own (`bootstrap_cluster_creator_admin_permissions` is false, because
    it could not be changed later). Where no administrators are named, whoever applies is one: controllers could not be
    installed otherwise.
    """
    for position, admin in enumerate(spec.admins):
        field = f"admins.{position}"
        name = iam.arn(ctx, "iam", f"role/{admin}", region=False)
        principal = ctx.src(name.value, field, ctx.account, ctx.region)
        _administrator(ctx, cluster, stack, f"admin-{name_part(admin)}", principal, (field,))
    if not spec.admins:
        _administrator(ctx, cluster, stack, "admin-applier", _applier(ctx, stack), ("admins",))
    ctx.resource(
        "aws_vpc_security_group_ingress_rule",
        "api-ingress",
        {
            # EKS opens its group to nodes only; deploying machines and people come from elsewhere in the VPC.
            "security_group_id": cluster.attr("vpc_config[0].cluster_security_group_id"),
            "description": "Kubernetes API from the VPC",
            "cidr_ipv4": ctx.network.cidr,
            "ip_protocol": "tcp",
            "from_port": HTTPS,
            "to_port": HTTPS,
        },
        stack=stack,
    )


def single_sign_on(ctx: DeclarationContext, spec: ClusterSpec, cluster: Resource, stack: str) -> None:
    """The OpenID Connect provider whose tokens the API server takes, where there is one.

    Names of people and groups get a prefix, so that the provider cannot name a group of Kubernetes itself, such as
    `system:masters`.
    """
    provider = spec.single_sign_on
    if provider is None:
        return
    prefix = ctx.src(provider.prefix, "single_sign_on.prefix")
    ctx.resource(
        "aws_eks_identity_provider_config",
        "single-sign-on",
        {
            "cluster_name": cluster.attr("name"),
            "oidc": [
                {
                    "identity_provider_config_name": ctx.name("single-sign-on", limit=100),
                    "issuer_url": ctx.src(provider.issuer, "single_sign_on.issuer"),
                    "client_id": ctx.src(provider.client_id, "single_sign_on.client_id"),
                    "username_claim": ctx.src(provider.username_claim, "single_sign_on.username_claim"),
                    "username_prefix": prefix,
                    "groups_claim": ctx.src(provider.groups_claim, "single_sign_on.groups_claim"),
                    "groups_prefix": prefix,
                }
            ],
        },
        stack=stack,
        because=("single_sign_on",),
    )


def _applier(ctx: DeclarationContext, stack: str) -> Any:
    """The role behind the session that runs Terraform, with its path; or the user."""
    caller = ctx.data("aws_caller_identity", "applier", {}, stack=stack, because=("admins",))
    session = ctx.data(
        "aws_iam_session_context", "applier-role", {"arn": caller.attr("arn")}, stack=stack, because=("admins",)
    )
    return session.attr("issuer_arn")


def _administrator(
    ctx: DeclarationContext, cluster: Resource, stack: str, role: str, principal: Any, because: tuple[str, ...]
) -> None:
    name = cluster.attr("name")
    policy = f"arn:{iam.partition(ctx.region.value)}:eks::aws:cluster-access-policy/AmazonEKSClusterAdminPolicy"
    entry = ctx.resource(
        "aws_eks_access_entry",
        role,
        {"cluster_name": name, "principal_arn": principal, "type": "STANDARD"},
        stack=stack,
        because=because,
    )
    ctx.resource(
        "aws_eks_access_policy_association",
        f"{role}-policy",
        {
            "cluster_name": name,
            "principal_arn": principal,
            "policy_arn": ctx.src(policy, ctx.region),
            "access_scope": [{"type": "cluster"}],
        },
        stack=stack,
        after=((entry.id, "the policy is associated with the entry"),),
        because=because,
    )
