"""What an AWS account must have, read off the nodes that were lowered."""

from __future__ import annotations

from platformspec.sdk import AggregateContext, Requirement
from platformspec_aws.requirements.access import access_requirements
from platformspec_aws.requirements.machines import machine_requirements
from platformspec_aws.requirements.network import network_requirements

STATED = (machine_requirements, network_requirements, access_requirements)


def requirements(ctx: AggregateContext) -> tuple[Requirement, ...]:
    """Everything, by id."""
    found = [requirement for state in STATED for requirement in state(ctx)]
    return tuple(sorted(found, key=lambda requirement: requirement.id))
