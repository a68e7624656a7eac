"""Controllers for traffic from outside: load balancers, and records in DNS."""

from __future__ import annotations

import json
from importlib.resources import files
from typing import Any

from platformspec.sdk import CapabilityContext, GatewaySpec, Sourced
from platformspec_aws import iam
from platformspec_aws.addons.release import SYSTEM_NODES, allow, cluster, controller_role, release


def install_load_balancer_controller(ctx: CapabilityContext) -> None:
    """The AWS Load Balancer Controller, with the policy that it publishes."""
    statements: list[dict[str, Any]] = json.loads(
        files("platformspec_aws").joinpath("data/load_balancer_controller_policy.json").read_text("utf-8")
    )["Statement"]
    part = iam.partition(ctx.region.value)
    policy, association = controller_role(
        ctx, "kube-system", "aws-load-balancer-controller", *(_in_partition(ctx, s, part) for s in statements)
    )
    node = release(
        ctx, "release", "aws-load-balancer-controller", "kube-system",
        {
            "clusterName": cluster(ctx).name,
            "region": ctx.region,
            "vpcId": ctx.network.vpc_id,
            "replicaCount": 2,
            "nodeSelector": SYSTEM_NODES,
            "serviceAccount": {"name": "aws-load-balancer-controller"},
        },
        after=((policy.id, "it needs its permissions from the start"), (association.id, "its pods have the role from their start")),
    )  # fmt: skip
    ctx.ready(node)


def _in_partition(ctx: CapabilityContext, statement: dict[str, Any], part: str) -> dict[str, Any]:
    resource = statement["Resource"]
    if isinstance(resource, str) and resource.startswith("arn:aws:"):
        statement = {**statement, "Resource": ctx.src(resource.replace("arn:aws:", f"arn:{part}:", 1), ctx.region)}
    elif isinstance(resource, list):
        statement = {
            **statement,
            "Resource": [ctx.src(r.replace("arn:aws:", f"arn:{part}:", 1), ctx.region) for r in resource],
        }
    return statement


def install_external_dns(ctx: CapabilityContext) -> None:
    """external-dns for the zones of the platform's gateways, and no other."""
    zones: list[Sourced[str]] = []
    ids: list[Any] = []
    for address, declaration in ctx.graph.declarations.items():
        spec = declaration.spec
        if isinstance(spec, GatewaySpec) and spec.dns is not None and spec.hostname is not None:
            zones.append(ctx.at(spec.dns.zone, *declaration.path, "dns", "zone"))
            ids.append(ctx.node(f"{address}/zone").attr("arn"))
    policy, association = controller_role(
        ctx, "external-dns", "external-dns",
        allow(("route53:ChangeResourceRecordSets", "route53:ListResourceRecordSets", "route53:ListTagsForResources"), ids),
        allow(("route53:ListHostedZones",), "*"),
    )  # fmt: skip
    node = release(
        ctx, "release", "external-dns", "external-dns",
        {
            "provider": {"name": "aws"},
            "sources": ["ingress"],
            # `sync` would delete records that others made under the same owner.
            "policy": "upsert-only",
            "registry": "txt",
            "txtOwnerId": ctx.name(ctx.called, limit=63),
            "domainFilters": zones,
            "nodeSelector": SYSTEM_NODES,
            "serviceAccount": {"name": "external-dns"},
        },
        after=((policy.id, "it needs its permissions from the start"), (association.id, "its pods have the role from their start")),
    )  # fmt: skip
    ctx.ready(node)
