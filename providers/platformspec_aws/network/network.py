"""Lower the network: a VPC with public, private and data subnets."""

from __future__ import annotations

from typing import Any

from platformspec.sdk import (
    Code,
    DeclarationContext,
    NetworkExports,
    NetworkSpec,
    Placement,
    Resource,
    Sourced,
    Value,
)
from platformspec_aws import iam, kms
from platformspec_aws.exports import AwsNetworkExports
from platformspec_aws.network.endpoints import private_endpoints
from platformspec_aws.network.subnets import divide, zones
from platformspec_aws.network.vector_search import search_endpoint
from platformspec_aws.stacks import NETWORK

TOO_FEW_ZONES = Code(
    "PS520",
    "a region with fewer zones",
    explain="Most regions give three or more availability zones to an account, some only two. The network cannot use more zones than there are.",
)

FLOW_LOG_INTERVAL_SECONDS = 600


def lower_network(ctx: DeclarationContext) -> None:
    """A VPC of our own, or the exports of one that is there."""
    spec: NetworkSpec = ctx.spec
    if spec.existing is not None:
        _adopt(ctx, spec)
        return
    names = zones(ctx.region.value, spec.zones)
    if len(names) < spec.zones:
        ctx.reject(
            TOO_FEW_ZONES,
            f"{ctx.region.value} has {len(names)} zones for every account, and {spec.zones} are asked for",
            at="zones",
            help=f"write `zones: {len(names)}`",
        )
        return
    logs_key = _logs_key(ctx)
    vpc = ctx.resource(
        "aws_vpc",
        "vpc",
        {
            "cidr_block": ctx.src(spec.cidr, "cidr"),
            "enable_dns_support": True,
            "enable_dns_hostnames": True,
            "tags": {"Name": ctx.name(limit=255)},
        },
        stack=NETWORK,
    )
    # The default group allows everything inside itself; without rules nothing can use it by mistake.
    ctx.resource("aws_default_security_group", "default-security-group", {"vpc_id": vpc.attr("id")}, stack=NETWORK)
    subnets = {tier: _subnets(ctx, vpc, tier, ranges, names) for tier, ranges in divide(spec.cidr).items()}
    routes = _routing(ctx, spec, vpc, subnets, names)
    private_endpoints(ctx, vpc, subnets["private"], routes)
    if spec.flow_logs:
        _flow_logs(ctx, vpc, logs_key)
    cloud = ctx.platform.spec.cloud
    cidr = ctx.src(spec.cidr, "cidr")
    private = ctx.src([subnet.attr("id") for subnet in subnets["private"]], "zones")
    ctx.offer(
        NetworkExports(
            placement=Placement(cloud.account, cloud.region),
            vpc_id=vpc.attr("id"),
            cidr=cidr,
            private_subnet_ids=private,
            public_subnet_ids=ctx.src([subnet.attr("id") for subnet in subnets["public"]], "zones"),
            data_subnet_ids=ctx.src([subnet.attr("id") for subnet in subnets["data"]], "zones"),
            egress_ready=tuple(
                (f"network.main/route-private-{_letter(name)}-internet", "nodes fetch images from the internet")
                for name in names
            ),
        )
    )
    ctx.offer(
        AwsNetworkExports(
            zones=tuple(ctx.src(name, ctx.region, "zones") for name in names),
            private_subnets_by_zone={
                name: subnet.attr("id") for name, subnet in zip(names, subnets["private"], strict=True)
            },
            logs_key_arn=logs_key,
            search_endpoint_id=search_endpoint(ctx, vpc.attr("id"), private, cidr),
        )
    )


def _adopt(ctx: DeclarationContext, spec: NetworkSpec) -> None:
    existing = spec.existing
    assert existing is not None
    cloud = ctx.platform.spec.cloud

    def ids(values: tuple[str, ...], field: str) -> Sourced[list[Value]]:
        return ctx.src(list(values), f"existing.{field}")

    private = ids(existing.private_subnet_ids, "private_subnet_ids")
    data = ids(existing.data_subnet_ids, "data_subnet_ids") if existing.data_subnet_ids else private
    vpc_id = ctx.src(existing.vpc_id, "existing.vpc_id")
    cidr = ctx.src(existing.cidr, "existing.cidr")
    ctx.offer(
        NetworkExports(
            placement=Placement(cloud.account, cloud.region),
            vpc_id=vpc_id,
            cidr=cidr,
            private_subnet_ids=private,
            public_subnet_ids=ids(existing.public_subnet_ids, "public_subnet_ids"),
            data_subnet_ids=data,
            egress_ready=(),
        )
    )
    by_zone: dict[str, Any] = {
        zone: ctx.src(subnet, f"existing.subnet_zones.{subnet}")
        for subnet, zone in sorted(existing.subnet_zones.items(), reverse=True)
    }
    endpoint = (
        ctx.src(existing.opensearch_endpoint_id, "existing.opensearch_endpoint_id")
        if existing.opensearch_endpoint_id is not None
        else search_endpoint(ctx, vpc_id, private, cidr)
    )
    ctx.offer(
        AwsNetworkExports(
            zones=(), private_subnets_by_zone=by_zone, logs_key_arn=_logs_key(ctx), search_endpoint_id=endpoint
        )
    )


def _logs_key(ctx: DeclarationContext) -> Any:
    """The key of all log groups; none where everything that would log is adopted."""
    network_logs = ctx.spec.existing is None
    others = any(
        getattr(d.spec, "existing", ...) is None
        for a, d in ctx.graph.declarations.items()
        if a.kind in ("cluster", "database")
    )
    if not network_logs and not others:
        return None
    node = kms.key(
        ctx,
        "logs-key",
        "logs",
        stack=NETWORK,
        description="Encrypts the platform's log groups",
        statements=(kms.logs_statement(ctx),),
    )
    return node.attr("arn")


def _subnets(
    ctx: DeclarationContext, vpc: Resource, tier: str, ranges: tuple[str, ...], names: tuple[str, ...]
) -> tuple[Resource, ...]:
    roles: dict[str, dict[str, Any]] = {
        "public": {"kubernetes.io/role/elb": "1"},
        "private": {"kubernetes.io/role/internal-elb": "1", "platformspec:discovery": ctx.name("nodes", limit=255)},
    }
    return tuple(
        ctx.resource(
            "aws_subnet",
            f"subnet-{tier}-{_letter(zone)}",
            {
                "vpc_id": vpc.attr("id"),
                "availability_zone": ctx.src(zone, ctx.region),
                "cidr_block": ctx.src(cidr, "cidr"),
                "map_public_ip_on_launch": False,
                "tags": {"Name": ctx.name(tier, _letter(zone), limit=255), **roles.get(tier, {})},
            },
            stack=NETWORK,
            because=("zones",),
        )
        for zone, cidr in zip(names, ranges, strict=False)
    )


def _routing(
    ctx: DeclarationContext,
    spec: NetworkSpec,
    vpc: Resource,
    subnets: dict[str, tuple[Resource, ...]],
    names: tuple[str, ...],
) -> tuple[Resource, ...]:
    gateway = ctx.resource(
        "aws_internet_gateway",
        "internet-gateway",
        {"vpc_id": vpc.attr("id"), "tags": {"Name": ctx.name(limit=255)}},
        stack=NETWORK,
    )
    public = _table(ctx, vpc, "public")
    ctx.resource(
        "aws_route",
        "route-public-internet",
        {"route_table_id": public.attr("id"), "destination_cidr_block": "0.0.0.0/0", "gateway_id": gateway.attr("id")},
        stack=NETWORK,
    )
    data = _table(ctx, vpc, "data")
    nats: list[Resource] = []
    private: list[Resource] = []
    for position, zone in enumerate(names):
        letter = _letter(zone)
        if spec.egress == "nat_per_zone" or position == 0:
            nats.append(_nat(ctx, subnets["public"][position], letter, gateway))
        table = _table(ctx, vpc, f"private-{letter}", because=("zones",))
        private.append(table)
        ctx.resource(
            "aws_route",
            f"route-private-{letter}-internet",
            {
                "route_table_id": table.attr("id"),
                "destination_cidr_block": "0.0.0.0/0",
                "nat_gateway_id": ctx.src(nats[-1].attr("id"), "egress"),
            },
            stack=NETWORK,
            because=("zones",),
        )
        for tier, owner in (("public", public), ("private", table), ("data", data)):
            ctx.resource(
                "aws_route_table_association",
                f"association-{tier}-{letter}",
                {"route_table_id": owner.attr("id"), "subnet_id": subnets[tier][position].attr("id")},
                stack=NETWORK,
                because=("zones",),
            )
    return (*private, data)


def _table(ctx: DeclarationContext, vpc: Resource, name: str, because: tuple[str, ...] = ()) -> Resource:
    return ctx.resource(
        "aws_route_table",
        f"routes-{name}",
        {"vpc_id": vpc.attr("id"), "tags": {"Name": ctx.name(name, limit=255)}},
        stack=NETWORK,
        because=because,
    )


def _nat(ctx: DeclarationContext, subnet: Resource, letter: str, gateway: Resource) -> Resource:
    reasons = ("egress", "zones")
    address = ctx.resource(
        "aws_eip",
        f"nat-address-{letter}",
        {"domain": "vpc", "tags": {"Name": ctx.name("nat", letter, limit=255)}},
        stack=NETWORK,
        because=reasons,
    )
    return ctx.resource(
        "aws_nat_gateway",
        f"nat-{letter}",
        {
            "allocation_id": address.attr("id"),
            "subnet_id": subnet.attr("id"),
            "connectivity_type": "public",
            "tags": {"Name": ctx.name(letter, limit=255)},
        },
        stack=NETWORK,
        after=((gateway.id, "a NAT gateway reaches the internet through it"),),
        because=reasons,
    )


def _flow_logs(ctx: DeclarationContext, vpc: Resource, logs_key: Any) -> None:
    name = ctx.name("flow-logs", limit=512)
    group_name = ctx.src(f"/aws/vpc/{name.value}", name)
    keep = ctx.at(ctx.platform.spec.observability.logs.keep_days, "observability", "logs", "keep_days")
    group = ctx.resource(
        "aws_cloudwatch_log_group",
        "flow-logs",
        {"name": group_name, "retention_in_days": keep, "kms_key_id": logs_key},
        stack=NETWORK,
        because=("flow_logs",),
    )
    writer = iam.role(
        ctx, "flow-logs-role", "flow-logs", stack=NETWORK, description="Lets VPC flow logs write to their log group", because=("flow_logs",),
        assume=iam.trust("vpc-flow-logs.amazonaws.com", condition={"StringEquals": {"aws:SourceAccount": ctx.account}}),
    )  # fmt: skip
    own = iam.arn(ctx, "logs", f"log-group:{group_name.value}:*", group_name)
    ctx.resource(
        "aws_iam_role_policy",
        "flow-logs-policy",
        {
            "name": "write-flow-logs",
            "role": writer.name,
            "policy": iam.document(
                {
                    "Effect": "Allow",
                    "Action": ["logs:CreateLogStream", "logs:PutLogEvents", "logs:DescribeLogStreams"],
                    "Resource": own,
                }
            ),
        },
        stack=NETWORK,
        because=("flow_logs",),
    )
    ctx.resource(
        "aws_flow_log",
        "flow-log",
        {
            "vpc_id": vpc.attr("id"),
            "traffic_type": "ALL",
            "log_destination_type": "cloud-watch-logs",
            "log_destination": group.attr("arn"),
            "iam_role_arn": writer.arn,
            "max_aggregation_interval": FLOW_LOG_INTERVAL_SECONDS,
        },
        stack=NETWORK,
        because=("flow_logs",),
    )


def _letter(zone: str) -> str:
    return zone[-1]
