"""Whether a plan may be applied now: imports, protection, versions, approvals and freeze windows."""

from __future__ import annotations

import datetime
from collections.abc import Collection, Sequence

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
    scope: Collection[str] | None = None,
    approve: str = "",
) -> None:
    """Raises `Failure` unless it may be applied now.

    `roles`: (why, roles of which one must approve). `scope`: ids to which a targeted apply is held. `approve`: arguments with which
    `platformspec approve` shows this plan.
    """
    acting = here.compilation.providers.acting
    refuse_planned_replacements(plan, scope)
    refuse_protected(plan, here.record.known(), acting.guards, scope)
    refuse_lowered(plan, acting.only_rise, scope)
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
