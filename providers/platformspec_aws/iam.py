"""Roles and policies. Names are ours, so ARNs are known before anything exists."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from platformspec.sdk import Attr, Context, Json, Resource, Sourced, Statement

POLICY_VERSION = "2012-10-17"


@dataclass(frozen=True, slots=True)
class Role:
    """A role: its node, and references to its name and ARN that fold to literals."""

    node: Resource
    name: Sourced[Attr]
    arn: Sourced[Attr]


def partition(region: str) -> str:
    """The partition of ARNs in a region: aws, aws-cn or aws-us-gov."""
    return "aws-cn" if region.startswith("cn-") else "aws-us-gov" if region.startswith("us-gov-") else "aws"


def arn(
    ctx: Context, service: str, resource: str, *sources: Sourced[Any], region: bool = True, account: bool = True
) -> Sourced[str]:
    """`arn:<partition>:<service>:<region>:<account>:<resource>`; `sources` are what `resource` was made from."""
    where = ctx.region.value if region else ""
    who = ctx.account.value if account else ""
    facts = [*sources, ctx.region, *([ctx.account] if account else [])]
    return ctx.src(f"arn:{partition(ctx.region.value)}:{service}:{where}:{who}:{resource}", *facts)


def managed_policy(ctx: Context, name: str) -> Sourced[str]:
    """The ARN of a policy that AWS manages."""
    return ctx.src(f"arn:{partition(ctx.region.value)}:iam::aws:policy/{name}", ctx.region)


def document(*statements: Mapping[str, Any]) -> Json:
    """A policy document."""
    return Json({"Version": POLICY_VERSION, "Statement": [dict(entry) for entry in statements]})


def statement(of: Statement) -> dict[str, Any]:
    """A permission as a statement of a policy document."""
    tree: dict[str, Any] = {"Effect": "Allow", "Action": list(of.actions), "Resource": list(of.resources)}
    if of.condition:
        tree["Condition"] = {operator: dict(values) for operator, values in of.condition.items()}
    return tree


def trust(
    service: str, *, actions: Iterable[str] = ("sts:AssumeRole",), condition: Mapping[str, Any] | None = None
) -> Json:
    """A trust policy for one AWS service."""
    tree: dict[str, Any] = {"Effect": "Allow", "Principal": {"Service": service}, "Action": list(actions)}
    return document({**tree, "Condition": dict(condition)} if condition else tree)


# Pods get a role's credentials from the Pod Identity agent, which also tags the session.
POD_IDENTITY_TRUST = trust("pods.eks.amazonaws.com", actions=("sts:AssumeRole", "sts:TagSession"))


def role(
    ctx: Context,
    key: str,
    *name: str,
    stack: str,
    assume: Json,
    description: str,
    managed: Iterable[str] = (),
    because: Iterable[Any] = (),
) -> Role:
    """A role called `<platform>-<environment>-<name>`, with managed policies attached one by one."""
    full = ctx.named(key, ctx.name(*name, limit=64))
    reasons = tuple(because)
    node = ctx.resource(
        "aws_iam_role",
        key,
        {"name": full, "description": description, "assume_role_policy": assume, "max_session_duration": 3600},
        stack=stack,
        because=reasons,
    )
    full_arn = arn(ctx, "iam", f"role/{full.value}", full, region=False)
    made = Role(
        node,
        ctx.src(node.attr("name", known=full.value), full),
        ctx.src(node.attr("arn", known=full_arn.value), full_arn),
    )
    for policy in managed:
        ctx.resource(
            "aws_iam_role_policy_attachment",
            f"{key}-{policy.rsplit('/', 1)[-1].lower().replace('_', '-')}",
            {"role": made.name, "policy_arn": managed_policy(ctx, policy)},
            stack=stack,
            because=reasons,
        )
    return made


def attachments(of: Role, managed: Iterable[str]) -> tuple[tuple[str, str], ...]:
    """`after` for what must not start before the role's policies are attached."""
    return tuple(
        (
            f"{of.node.id}-{policy.rsplit('/', 1)[-1].lower().replace('_', '-')}",
            "without the policy it cannot start, and could not be deleted cleanly",
        )
        for policy in managed
    )
