"""Lower teams to AWS: a budget over everything that carries the team's tag."""

from __future__ import annotations

from platformspec.sdk import DeclarationContext, TeamSpec
from platformspec_aws.stacks import DATA


def lower_team(ctx: DeclarationContext) -> None:
    """An AWS budget, where the team has one."""
    spec: TeamSpec = ctx.spec
    if spec.budget is None:
        return
    mails = ctx.src(list(spec.budget.notify), "budget.notify")
    ctx.resource(
        "aws_budgets_budget",
        "budget",
        {
            "name": ctx.name(ctx.called, limit=100),
            "budget_type": "COST",
            "limit_amount": ctx.src(f"{spec.budget.usd_per_month:.2f}", "budget.usd_per_month"),
            "limit_unit": "USD",
            "time_unit": "MONTHLY",
            "cost_filter": [{"name": "TagKeyValue", "values": [f"user:platformspec:team${ctx.called}"]}],
            "notification": [
                {
                    "comparison_operator": "GREATER_THAN",
                    "notification_type": "ACTUAL",
                    "threshold": ctx.src(round(share * 100, 2), f"budget.warn_at.{position}"),
                    "threshold_type": "PERCENTAGE",
                    "subscriber_email_addresses": mails,
                }
                for position, share in enumerate(spec.budget.warn_at)
            ],
        },
        stack=DATA,
        because=("budget",),
    )
