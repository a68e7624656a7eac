"""What the platform costs: quantities from the nodes that were lowered, one file for each thing that AWS bills."""

from __future__ import annotations

from platformspec.sdk import AggregateContext, CostItem
from platformspec_aws.costs.billing import Billing
from platformspec_aws.costs.gpu_pools import gpu_pool_lines
from platformspec_aws.costs.models import token_lines, weight_lines
from platformspec_aws.costs.services import service_lines

STATED = (service_lines, gpu_pool_lines, token_lines, weight_lines)


def costs(ctx: AggregateContext) -> tuple[CostItem, ...]:
    """Every line of the bill."""
    billing = Billing(ctx)
    return tuple(line for state in STATED for line in state(billing))
