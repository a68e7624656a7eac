"""Plans as commands make them: from what exists, or from another revision, to what the file says."""

from __future__ import annotations

import argparse
import dataclasses
import datetime
from collections.abc import Collection

from platformspec.apply.target import reached
from platformspec.cli import exit
from platformspec.cli.session import say, texts_of
from platformspec.cli.stop import Stop
from platformspec.cost.delta import CostDelta, compare
from platformspec.cost.estimate import estimate
from platformspec.driver import Compilation, compare_costs, policies_about_increases
from platformspec.ir.delivery import deliveries
from platformspec.ir.program import Program
from platformspec.plan.change import Plan
from platformspec.plan.diff import diff
from platformspec.plan.digest import digest
from platformspec.plan.notes import PlanNotes
from platformspec.plan.secrets import secrets_to_fill
from platformspec.timeline import endings
from platformspec.version import VERSION


def plan_between(before: Program | None, after: Program, head: Compilation) -> Plan:
    """The plan from one program to another, with the verdicts of the compilation's providers."""
    return diff(
        before,
        after,
        head.providers.verdict,
        as_of=head.as_of,
        tool_version=VERSION,
        digests=(digest(before) if before is not None else None, digest(after)),
    )


def planned(
    before: Program | None,
    head: Compilation,
    against: str,
    args: argparse.Namespace,
    *,
    until: datetime.date | None = None,
) -> tuple[Plan, PlanNotes]:
    """The plan to what the file says, with its cost. Policies about the difference are judged; raises `Stop` where one forbids it.

    `until`: also say which capacity ends until this day.
    """
    assert head.program is not None
    known = set(head.report)
    cost = compare_costs(head, before)
    if added := [diagnostic for diagnostic in head.report if diagnostic not in known]:
        say(added, texts_of(head), args)
    if not head.report.ok:
        raise Stop(exit.ERRORS)
    notes = notes_of(head, against, cost, compared=before is not None, until=until)
    return plan_between(before, head.program, head), notes


def part_of(
    plan: Plan, notes: PlanNotes, before: Program | None, head: Compilation, scope: Collection[str]
) -> tuple[Plan, PlanNotes]:
    """The part of a plan that a targeted apply does, with what that part costs. `scope`: ids that it is held to.

    Policies were judged about the whole: nobody gets round one by applying piece by piece.
    """
    assert head.program is not None
    assert head.prices is not None
    then = reached(before, head.program, scope)
    base = estimate(before.renamed(then.former).costs, head.prices) if before is not None else None
    return plan.within(scope, digest(then)), dataclasses.replace(
        notes,
        cost=compare(base, estimate(then.costs, head.prices)),
        deliveries=tuple(deliveries(then).values()),
        secrets_to_fill=secrets_to_fill(then),
    )


def notes_of(
    head: Compilation,
    against: str,
    cost: CostDelta | None = None,
    *,
    compared: bool = True,
    until: datetime.date | None = None,
) -> PlanNotes:
    """What a plan says besides its changes."""
    assert head.graph is not None
    assert head.document is not None
    assert head.program is not None
    document = head.document
    places = {str(address): document.key_span(d.path) for address, d in head.graph.declarations.items()}
    return PlanNotes(
        against=against,
        warnings=head.report.warnings,
        place=document.span,
        declared_at={address: span for address, span in places.items() if span is not None},
        nouns=head.providers.nouns,
        extensions=sum(len(getattr(d.spec, "extend", ())) for d in head.graph.declarations.values()),
        approvals=tuple((f.message, f.approvers) for f in head.findings if f.level == "approve"),
        deliveries=tuple(deliveries(head.program).values()),
        secrets_to_fill=secrets_to_fill(head.program),
        cost=cost,
        not_compared=() if compared else policies_about_increases(head),
        until=until.isoformat() if until is not None else None,
        endings=endings(head.graph, until) if until is not None else (),
    )
