"""Customer-managed keys: rotated every year, protected by a waiting period, named by an alias."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from platformspec.sdk import Context, Resource
from platformspec_aws import iam

WAITING_PERIOD_DAYS = 30


def key(
    ctx: Context,
    role: str,
    *name: str,
    stack: str,
    description: str,
    statements: tuple[Mapping[str, Any], ...] = (),
    because: tuple[str, ...] = (),
) -> Resource:
    """A key that the account's administrators manage through IAM, and that `statements` open to services."""
    root = iam.arn(ctx, "iam", "root", region=False)
    node = ctx.resource(
        "aws_kms_key",
        role,
        {
            "description": description,
            "enable_key_rotation": True,
            "deletion_window_in_days": WAITING_PERIOD_DAYS,
            "policy": iam.document(
                {
                    "Sid": "AccountAdministration",
                    "Effect": "Allow",
                    "Principal": {"AWS": root},
                    "Action": "kms:*",
                    "Resource": "*",
                },
                *statements,
            ),
        },
        stack=stack,
        because=because,
    )
    alias = ctx.name(*name, limit=240)
    ctx.resource(
        "aws_kms_alias",
        f"{role}-alias",
        {"name": ctx.src(f"alias/{alias.value}", alias), "target_key_id": node.attr("key_id")},
        stack=stack,
        because=because,
    )
    return node


def logs_statement(ctx: Context) -> dict[str, Any]:
    """Lets CloudWatch Logs use a key for the log groups of this account and region."""
    return {
        "Sid": "CloudWatchLogs",
        "Effect": "Allow",
        "Principal": {"Service": ctx.src(f"logs.{ctx.region.value}.amazonaws.com", ctx.region)},
        "Action": ["kms:Encrypt*", "kms:Decrypt*", "kms:ReEncrypt*", "kms:GenerateDataKey*", "kms:Describe*"],
        "Resource": "*",
        "Condition": {"ArnLike": {"kms:EncryptionContext:aws:logs:arn": iam.arn(ctx, "logs", "*")}},
    }
