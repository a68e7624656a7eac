"""Grants -> roles: one role for each workload, one policy for each edge."""

from __future__ import annotations

from platformspec.sdk import AggregateContext, Context, Grant, Sourced, Workload
from platformspec_aws import iam
from platformspec_aws.exports import AwsClusterExports
from platformspec_aws.stacks import stack_of


def role_name(ctx: Context, workload: Workload) -> Sourced[str]:
    """The name of the role of a workload, known before the role exists."""
    return ctx.name("pods", workload.cluster.name, workload.namespace, workload.service_account, limit=64)


def workload_roles(ctx: AggregateContext) -> None:
    """A role and its Pod Identity association exist for as long as an edge grants the workload something."""
    by_workload: dict[tuple[str, str, str], list[Grant]] = {}
    for grant in ctx.grants:
        workload = grant.workload
        by_workload.setdefault((str(workload.cluster), workload.namespace, workload.service_account), []).append(grant)
    for key in sorted(by_workload):
        _role(ctx, by_workload[key])


def _role(ctx: AggregateContext, grants: list[Grant]) -> None:
    workload = grants[0].workload
    stack = stack_of("identity", workload.cluster)
    edges = sorted({grant.edge for grant in grants}, key=lambda edge: edge.id)
    about = ctx.about(workload.owner, edges=edges)
    name = role_name(about, workload)
    prefix = f"identity-{workload.namespace}-{workload.service_account}"
    node = about.resource(
        "aws_iam_role",
        f"{prefix}-role",
        {
            "name": name,
            "description": f"Pods of {workload.namespace}/{workload.service_account}",
            "assume_role_policy": iam.POD_IDENTITY_TRUST,
            "max_session_duration": 3600,
        },
        stack=stack,
    )
    about.resource(
        "aws_eks_pod_identity_association",
        f"{prefix}-association",
        {
            "cluster_name": ctx.exports(workload.cluster, AwsClusterExports).name,
            "namespace": workload.namespace,
            "service_account": workload.service_account,
            "role_arn": node.attr("arn"),
        },
        stack=stack,
    )
    for edge in edges:
        statements = [iam.statement(s) for grant in grants if grant.edge == edge for s in grant.statements]
        ctx.for_edge(edge).resource(
            "aws_iam_role_policy",
            f"grant-{workload.namespace}-{workload.service_account}",
            {
                "name": ctx.platform.id_outside(edge.id).replace("/", "_").replace(" ", "")[:128],
                "role": node.attr("name"),
                "policy": iam.document(*statements),
            },
            stack=stack,
        )
