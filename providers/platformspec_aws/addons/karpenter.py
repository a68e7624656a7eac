"""Karpenter: buys nodes when pods wait for them."""

from __future__ import annotations

from typing import Any, Final

from platformspec.sdk import CapabilityContext, GpuPoolSpec, Json
from platformspec_aws import iam
from platformspec_aws.addons.release import SYSTEM_NODES, allow, cluster, controller_role, release
from platformspec_aws.stacks import stack_of

NAMESPACE: Final = "kube-system"
QUEUE_RETENTION_SECONDS: Final = 300
# Name -> event pattern: what tells Karpenter that a node is about to go. Source: Karpenter's reference CloudFormation 1.14.
EVENTS: Final[dict[str, dict[str, list[str]]]] = {
    "health": {"source": ["aws.health"], "detail-type": ["AWS Health Event"]},
    "spot-interruption": {"source": ["aws.ec2"], "detail-type": ["EC2 Spot Instance Interruption Warning"]},
    "rebalance": {"source": ["aws.ec2"], "detail-type": ["EC2 Instance Rebalance Recommendation"]},
    "state-change": {"source": ["aws.ec2"], "detail-type": ["EC2 Instance State-change Notification"]},
    "reservation-interruption": {
        "source": ["aws.ec2"],
        "detail-type": ["EC2 Capacity Reservation Instance Interruption Warning"],
    },
}
READ_ACTIONS: Final = tuple(
    f"ec2:Describe{what}"
    for what in (
        "CapacityReservations", "Images", "Instances", "InstanceStatus", "InstanceTypeOfferings", "InstanceTypes", "LaunchTemplates",
        "PlacementGroups", "SecurityGroups", "SpotPriceHistory", "Subnets",
    )
)  # fmt: skip
PROFILE_ACTIONS: Final = (
    "iam:AddRoleToInstanceProfile",
    "iam:RemoveRoleFromInstanceProfile",
    "iam:DeleteInstanceProfile",
)


def install_karpenter(ctx: CapabilityContext) -> None:
    """The controller with its role and its queue; its CRDs in a release of their own, because Helm does not upgrade those in a chart."""
    stack = stack_of("addons", ctx.address)
    own = cluster(ctx)
    name = ctx.name("karpenter", ctx.called, limit=80)
    arn = iam.arn(ctx, "sqs", name.value, name)
    queue = ctx.resource(
        "aws_sqs_queue",
        "queue",
        {"name": name, "message_retention_seconds": QUEUE_RETENTION_SECONDS, "sqs_managed_sse_enabled": True},
        stack=stack,
    )
    rules = _events(ctx, stack, queue.attr("arn"))
    ctx.resource(
        "aws_sqs_queue_policy",
        "queue-policy",
        {
            "queue_url": queue.attr("url"),
            "policy": iam.document(
                {
                    "Sid": "Events", "Effect": "Allow", "Principal": {"Service": "events.amazonaws.com"}, "Action": "sqs:SendMessage", "Resource": arn,
                    "Condition": {"ArnEquals": {"aws:SourceArn": rules}},
                },
                {"Sid": "TlsOnly", "Effect": "Deny", "Principal": "*", "Action": "sqs:*", "Resource": arn, "Condition": {"Bool": {"aws:SecureTransport": "false"}}},
            ),
        },
        stack=stack,
    )  # fmt: skip
    policy, association = controller_role(ctx, NAMESPACE, "karpenter", *_statements(ctx, arn), *_spot_role(ctx))
    crds = release(ctx, "crds", "karpenter-crd", NAMESPACE, {})
    node = release(
        ctx, "release", "karpenter", NAMESPACE,
        {
            "replicas": 2,
            "settings": {"clusterName": own.name, "interruptionQueue": ctx.src(queue.attr("name", known=name.value), name)},
            "nodeSelector": SYSTEM_NODES,
            "serviceAccount": {"name": "karpenter"},
        },
        after=(
            (crds.id, "the controller watches its custom resources"),
            (policy.id, "it needs its permissions from the start"),
            (association.id, "its pods have the role from their start"),
        ),
    )  # fmt: skip
    ctx.ready(crds, node)


def _events(ctx: CapabilityContext, stack: str, queue: Any) -> list[Any]:
    arns: list[Any] = []
    for key, pattern in EVENTS.items():
        name = ctx.name("karpenter", ctx.called, key, limit=64)
        rule = ctx.resource(
            "aws_cloudwatch_event_rule",
            f"event-{key}",
            {
                "name": name,
                "description": f"Tells Karpenter: {pattern['detail-type'][0]}",
                "event_pattern": Json(pattern),
            },
            stack=stack,
        )
        ctx.resource(
            "aws_cloudwatch_event_target",
            f"event-{key}-target",
            {"rule": rule.attr("name"), "arn": queue, "target_id": "karpenter"},
            stack=stack,
        )
        arns.append(iam.arn(ctx, "events", f"rule/{name.value}", name))
    return arns


def _statements(ctx: CapabilityContext, queue_arn: Any) -> list[dict[str, Any]]:
    """Reading is allowed in the region, writing only on what carries the cluster's tag. Source: Karpenter's reference policy 1.14."""
    own = cluster(ctx)
    part = iam.partition(ctx.region.value)
    region = ctx.region.value

    def ec2(*kinds: str) -> list[Any]:
        return [ctx.src(f"arn:{part}:ec2:{region}:*:{kind}/*", ctx.region) for kind in kinds]

    tag = ctx.src(f"kubernetes.io/cluster/{_text(own.name)}", own.name)
    asked: Any = {
        "StringEquals": {f"aws:RequestTag/{tag.value}": "owned"},
        "StringLike": {"aws:RequestTag/karpenter.sh/nodepool": "*"},
    }
    has: Any = {
        "StringEquals": {f"aws:ResourceTag/{tag.value}": "owned"},
        "StringLike": {"aws:ResourceTag/karpenter.sh/nodepool": "*"},
    }
    here = {"StringEquals": {"aws:RequestedRegion": ctx.region}}
    profile = iam.arn(ctx, "iam", "instance-profile/*", region=False)
    own_profile = {
        "StringEquals": {
            f"aws:ResourceTag/{tag.value}": "owned",
            "aws:ResourceTag/topology.kubernetes.io/region": ctx.region,
        }
    }
    images = [ctx.src(f"arn:{part}:ec2:{region}::{kind}/*", ctx.region) for kind in ("image", "snapshot")]
    created = ec2("fleet", "instance", "volume", "network-interface", "launch-template", "spot-instances-request")
    statements = [
        allow(
            ("ec2:RunInstances", "ec2:CreateFleet"),
            [*images, *ec2("security-group", "subnet", "capacity-reservation", "placement-group")],
            sid="UseWhatIsThere",
        ),
        allow(("ec2:RunInstances", "ec2:CreateFleet"), ec2("launch-template"), has, sid="UseOwnTemplates"),
        allow(("ec2:RunInstances", "ec2:CreateFleet", "ec2:CreateLaunchTemplate"), created, asked, sid="CreateTagged"),
        allow(
            ("ec2:CreateTags",),
            created,
            {
                **asked,
                "StringEquals": {
                    **asked["StringEquals"],
                    "ec2:CreateAction": ["RunInstances", "CreateFleet", "CreateLaunchTemplate"],
                },
            },
            sid="TagOnCreate",
        ),
        allow(
            ("ec2:CreateTags",),
            ec2("instance"),
            {
                **has,
                "ForAllValues:StringEquals": {
                    "aws:TagKeys": ["eks:eks-cluster-name", "karpenter.sh/nodeclaim", "Name"]
                },
            },
            sid="TagOwn",
        ),
        allow(
            ("ec2:TerminateInstances", "ec2:DeleteLaunchTemplate"),
            ec2("instance", "launch-template"),
            has,
            sid="DeleteOwn",
        ),
        allow(READ_ACTIONS, "*", here, sid="ReadRegion"),
        allow(
            ("ssm:GetParameter",),
            ctx.src(f"arn:{part}:ssm:{region}::parameter/aws/service/*", ctx.region),
            sid="ReadImageIds",
        ),
        allow(("pricing:GetProducts",), "*", sid="ReadPrices"),
        allow(("sqs:DeleteMessage", "sqs:GetQueueUrl", "sqs:ReceiveMessage"), queue_arn, sid="ReadQueue"),
        allow(
            ("iam:PassRole",),
            own.node_role_arn,
            {"StringEquals": {"iam:PassedToService": "ec2.amazonaws.com"}},
            sid="PassNodeRole",
        ),
        allow(
            ("iam:CreateInstanceProfile", "iam:TagInstanceProfile"),
            profile,
            {
                "StringEquals": {
                    f"aws:RequestTag/{tag.value}": "owned",
                    "aws:RequestTag/topology.kubernetes.io/region": ctx.region,
                }
            },
            sid="CreateProfiles",
        ),
        allow(PROFILE_ACTIONS, profile, own_profile, sid="ChangeOwnProfiles"),
        allow(("iam:GetInstanceProfile",), profile, sid="ReadProfiles"),
        allow(("iam:ListInstanceProfiles",), "*", sid="ListProfiles"),
        allow(("eks:DescribeCluster",), own.arn, sid="ReadCluster"),
    ]
    # Keys of conditions carry the cluster's name, so a condition as a whole comes from it.
    return [
        {**entry, "Condition": ctx.src(entry["Condition"], tag)} if "Condition" in entry else entry
        for entry in statements
    ]


def _spot_role(ctx: CapabilityContext) -> list[dict[str, Any]]:
    """An account's first request for spot makes EC2's service-linked role, if who asks may make it."""
    placed = [
        ctx.graph.declarations[edge.source.parent]
        for edge in ctx.graph.edges_to(ctx.address)
        if edge.relation == "placed_in"
    ]
    spots = [
        ctx.at(None, *declaration.path, "capacity", "spot")
        for declaration in placed
        if isinstance(declaration.spec, GpuPoolSpec) and declaration.spec.capacity.spot is not None
    ]
    if not spots:
        return []
    service = "spot.amazonaws.com"
    role = iam.arn(ctx, "iam", f"role/aws-service-role/{service}/AWSServiceRoleForEC2Spot", region=False)
    statement = allow(
        ("iam:CreateServiceLinkedRole",),
        role,
        {"StringEquals": {"iam:AWSServiceName": service}},
        sid="CreateSpotRole",
    )
    return [{key: ctx.src(value, *spots) for key, value in statement.items()}]


def _text(name: Any) -> str:
    value = getattr(name, "value", name)
    return str(getattr(value, "known", value))
