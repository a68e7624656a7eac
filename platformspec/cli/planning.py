"""Plans as commands make them: from what exists, or from another revision, to what the file says."""

from __future__ import annotations

from platformspec.driver import Compilation
from platformspec.ir.program import Program
from platformspec.plan.change import Plan
from platformspec.plan.diff import diff
from platformspec.plan.digest import digest
from platformspec.plan.notes import PlanNotes
from platformspec.plan.secrets import secrets_to_fill
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


def notes_of(head: Compilation, against: str) -> PlanNotes:
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
        secrets_to_fill=secrets_to_fill(head.program),
    )
