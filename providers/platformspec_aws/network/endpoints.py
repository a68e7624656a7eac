"""VPC endpoints: AWS services reached without the internet."""

from __future__ import annotations

from typing import Final

from platformspec.sdk import DeclarationContext, NetworkSpec, Resource
from platformspec_aws.stacks import NETWORK

# Word of the language -> service names behind `com.amazonaws.<region>.`
INTERFACE_SERVICES: Final[dict[str, tuple[str, ...]]] = {
    "ecr": ("ecr.api", "ecr.dkr"),
    "sts": ("sts",),
    "ec2": ("ec2",),
    "eks": ("eks",),
    "eks_auth": ("eks-auth",),
    "logs": ("logs",),
    "ssm": ("ssm",),
    "sqs": ("sqs",),
    "secretsmanager": ("secretsmanager",),
    "kms": ("kms",),
    "bedrock": ("bedrock-runtime",),
    "elasticloadbalancing": ("elasticloadbalancing",),
    "autoscaling": ("autoscaling",),
    "amazon_managed_prometheus": ("aps-workspaces",),
}


def private_endpoints(
    ctx: DeclarationContext, vpc: Resource, subnets: tuple[Resource, ...], tables: tuple[Resource, ...]
) -> None:
    """A gateway endpoint for S3, interface endpoints with one security group for the rest."""
    spec: NetworkSpec = ctx.spec
    wanted = [service for word in spec.private_endpoints for service in INTERFACE_SERVICES.get(word, ())]
    if "s3" in spec.private_endpoints:
        ctx.resource(
            "aws_vpc_endpoint",
            "endpoint-s3",
            {
                "vpc_id": vpc.attr("id"),
                "service_name": ctx.src(f"com.amazonaws.{ctx.region.value}.s3", ctx.region),
                "vpc_endpoint_type": "Gateway",
                "route_table_ids": ctx.src([table.attr("id") for table in tables], "zones"),
                "tags": {"Name": ctx.name("s3", limit=255)},
            },
            stack=NETWORK,
            because=("private_endpoints",),
        )
    if not wanted:
        return
    name = ctx.name("endpoints", limit=255)
    group = ctx.resource(
        "aws_security_group",
        "endpoints-security-group",
        {
            "name": name,
            "description": "Interface endpoints: HTTPS from the VPC",
            "vpc_id": vpc.attr("id"),
            "tags": {"Name": name},
        },
        stack=NETWORK,
        because=("private_endpoints",),
    )
    ctx.resource(
        "aws_vpc_security_group_ingress_rule",
        "endpoints-ingress",
        {
            "security_group_id": group.attr("id"),
            "description": "HTTPS from the VPC",
            "cidr_ipv4": ctx.src(spec.cidr, "cidr"),
            "ip_protocol": "tcp",
            "from_port": 443,
            "to_port": 443,
        },
        stack=NETWORK,
        because=("private_endpoints",),
    )
    for service in wanted:
        ctx.resource(
            "aws_vpc_endpoint",
            f"endpoint-{service.replace('.', '-')}",
            {
                "vpc_id": vpc.attr("id"),
                "service_name": ctx.src(f"com.amazonaws.{ctx.region.value}.{service}", ctx.region),
                "vpc_endpoint_type": "Interface",
                "private_dns_enabled": True,
                "subnet_ids": ctx.src([subnet.attr("id") for subnet in subnets], "zones"),
                "security_group_ids": [group.attr("id")],
                "tags": {"Name": ctx.name(service.replace(".", "-"), limit=255)},
            },
            stack=NETWORK,
            because=("private_endpoints",),
        )
