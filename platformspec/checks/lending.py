"""Teams that may borrow GPUs: from whom, and whether a cohort can hold it."""

from __future__ import annotations

from platformspec.diagnostics import Code, Report
from platformspec.diagnostics.suggest import closest
from platformspec.graph.platform_graph import PlatformGraph
from platformspec.kinds.team import TeamSpec

NO_LENDER = Code(
    "PS419",
    "a team that borrows from one that has nothing to lend",
    explain="`may_borrow_from` names other teams with a `gpu_quota`. Teams may name each other, so these are names and no references in the platform's order of creation.",
)
OPEN_COHORT = Code(
    "PS420",
    "borrowing that the scheduler cannot keep apart",
    explain="Teams that are connected by borrowing form one cohort, in which whoever borrows may borrow from everyone who lends. Kueue has no lists of who may borrow from whom, so a list that leaves out a lender of the cohort would not be kept.",
)


def check_lending(graph: PlatformGraph, report: Report) -> None:
    """Lenders exist and have something; every borrower of a cohort names all its lenders."""
    teams = {a.name: d.spec for a, d in graph.declarations.items() if isinstance(d.spec, TeamSpec)}
    known = len(report.errors)
    for name, spec in teams.items():
        for position, lender in enumerate(spec.may_borrow_from):
            others = [other for other, them in teams.items() if other != name and them.gpu_quota]
            if lender in others:
                continue
            near = closest(lender, others)
            what = (
                "a team does not borrow from itself"
                if lender == name
                else f"team {lender} has no gpu_quota"
                if lender in teams
                else f"there is no team called {lender}"
            )
            report.error(
                NO_LENDER,
                what,
                at=("teams", name, "may_borrow_from", position),
                help=f"did you mean {near}?" if near else f"teams with a gpu_quota: {', '.join(others) or 'none'}",
            )
    if len(report.errors) > known:
        return
    for name, spec in teams.items():
        members = graph.platform.spec.cohorts.get(name, ())
        lenders = sorted({lender for member in members for lender in teams[member].may_borrow_from} - {name})
        missing = [lender for lender in lenders if lender not in spec.may_borrow_from]
        if spec.may_borrow_from and missing:
            report.error(
                OPEN_COHORT,
                f"team {name} may borrow from {' and '.join(spec.may_borrow_from)}, and is in one cohort with {' and '.join(missing)}, who lend too",
                at=("teams", name, "may_borrow_from"),
                on_key=True,
                help=f"write `may_borrow_from: [{', '.join(lenders)}]`, or let nobody borrow from {' and '.join(missing)}",
            )
