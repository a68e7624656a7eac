"""Whether a plan may be applied now: imports, protection, versions, approvals and freeze windows."""

from __future__ import annotations

import datetime
from collections.abc import Sequence

from platformspec.apply.announced import refuse_protected
from platformspec.apply.approvals import refuse_unapproved
from platformspec.apply.freeze import refuse_frozen
from platformspec.apply.lock import who
from platformspec.apply.taken_over import refuse_planned_replacements
from platformspec.apply.versions import refuse_lowered
from platformspec.cli.environment import Environment
from platformspec.plan.change import Plan


def permit(
    here: Environment,
    plan: Plan,
    roles: Sequence[tuple[str, Sequence[str]]],
    approve: str = "",
) -> None:
    """Raises `Failure` unless it may be applied now.

    `roles`: (why, roles of which one must approve). `approve`: arguments with which `platformspec approve` shows this plan.
    """
    acting = here.compilation.providers.acting
    refuse_planned_replacements(plan)
    refuse_protected(plan, here.record.known(), acting.guards)
    refuse_lowered(plan, acting.only_rise)
    spec = here.compilation.spec
    assert spec is not None
    rules = spec.environments.get(here.compilation.environment or "")
    if plan.changes:
        refuse_unapproved(
            rules.approvals if rules is not None else 0,
            roles,
            here.record.approvals(plan.head_digest, plan.base_digest),
            who(),
            approve,
        )
    if rules is not None:
        refuse_frozen(rules.freeze, datetime.datetime.now(datetime.UTC))
