"""What all controllers share: a Helm release, and a Pod Identity role."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from platformspec.sdk import CapabilityContext, Code, Resource, Yaml, controllers
from platformspec_aws import iam
from platformspec_aws.compatibility import CHARTS
from platformspec_aws.exports import AwsClusterExports
from platformspec_aws.stacks import stack_of

OUTSIDE = Code(
    "PS491",
    "a controller outside the Kubernetes versions that it goes with",
    explain="Each controller is pinned, and its project says which Kubernetes versions that version supports or is tested with: docs/compatibility.md lists them with their sources. What is not supported is an error, what is only untested a warning.",
)

TIMEOUT_SECONDS = 600
SYSTEM_NODES = {"platformspec.dev/nodes": "system"}


def release(
    ctx: CapabilityContext,
    role: str,
    chart: str,
    namespace: str,
    values: Mapping[str, Any],
    *,
    after: Iterable[tuple[str, str]] = (),
) -> Resource:
    """A chart of the compatibility table. It is rolled back where it does not become ready."""
    entry = CHARTS[chart]
    _check(ctx, chart)
    oci = entry.repository.startswith("oci://")
    attrs: dict[str, Any] = {
        "name": chart,
        "chart": f"{entry.repository}/{entry.chart}" if oci else entry.chart,
        "version": entry.version,
        "namespace": namespace,
        "create_namespace": namespace != "kube-system",
        "atomic": True,
        "wait": True,
        "timeout": TIMEOUT_SECONDS,
        "values": [Yaml(dict(values))] if values else [],
    }
    if not oci:
        attrs["repository"] = entry.repository
    nodes = (
        (f"{ctx.address}/system-nodes", "its pods need nodes"),
        (f"{ctx.address}/addon-coredns", "its pods need names"),
    )
    there = tuple(pair for pair in nodes if ctx.exists(pair[0]))
    return ctx.resource("helm_release", role, attrs, stack=stack_of("addons", ctx.address), after=(*there, *after))


def _check(ctx: CapabilityContext, chart: str) -> None:
    row, kubernetes = controllers()[chart], ctx.spec.kubernetes
    place = row.place(kubernetes)
    if place == "within":
        return
    report = ctx.warn if row.claim == "tested" else ctx.reject
    report(
        OUTSIDE,
        f"{chart} {row.version} is {row.claim} with Kubernetes {row.words}, and {ctx.address} has {kubernetes} ({row.source})",
        at="kubernetes",
        help=f'write `kubernetes: "{row.first if place == "before" else row.last}"`',
    )


def controller_role(
    ctx: CapabilityContext,
    namespace: str,
    service_account: str,
    *statements: Mapping[str, Any],
    because: tuple[Any, ...] = (),
) -> tuple[Resource, Resource]:
    """The role of a controller and its Pod Identity association, in the controller's own stack."""
    stack = stack_of("addons", ctx.address)
    made = iam.role(
        ctx,
        "role",
        "controller",
        ctx.called,
        ctx.capability,
        stack=stack,
        assume=iam.POD_IDENTITY_TRUST,
        description=f"The controller {namespace}/{service_account}",
        because=because,
    )
    policy = ctx.resource(
        "aws_iam_role_policy",
        "policy",
        {"name": ctx.capability, "role": made.name, "policy": iam.document(*statements)},
        stack=stack,
        because=because,
    )
    association = ctx.resource(
        "aws_eks_pod_identity_association",
        "association",
        {
            "cluster_name": cluster(ctx).name,
            "namespace": namespace,
            "service_account": service_account,
            "role_arn": made.arn,
        },
        stack=stack,
        because=because,
    )
    return policy, association


def cluster(ctx: CapabilityContext) -> AwsClusterExports:
    """The cluster that the controller runs in."""
    return ctx.exports(ctx.address, AwsClusterExports)


def allow(
    actions: Iterable[str], resources: Any = "*", condition: Mapping[str, Any] | None = None, sid: str | None = None
) -> dict[str, Any]:
    """A statement of a policy document."""
    tree: dict[str, Any] = {"Effect": "Allow", "Action": list(actions), "Resource": resources}
    if sid:
        tree = {"Sid": sid, **tree}
    return {**tree, "Condition": dict(condition)} if condition else tree
