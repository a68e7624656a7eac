"""Budgets of teams, and the user's limits on what the platform costs."""

from __future__ import annotations

from collections.abc import Iterator

from platformspec.checks.policy import Finding, PolicyFinding, report_findings
from platformspec.cost.delta import compare
from platformspec.cost.estimate import Estimate, groups
from platformspec.diagnostics import Code, Report
from platformspec.graph.platform_graph import PlatformGraph
from platformspec.kinds.policy import PolicySpec
from platformspec.kinds.team import TeamSpec

OVER_BUDGET = Code(
    "PS477",
    "a team's budget is less than what it likely costs",
    explain="A team's cost is its share of its pools' nodes, its external models and what else it owns, at the likely figure of `platformspec cost --by team`. The budget under `teams` would send its first mail in an ordinary month.",
)
PLATFORM = "platform.main"
"""The subject of a policy about the whole platform, as a waiver names it."""


def check_budgets(graph: PlatformGraph, estimate: Estimate, report: Report) -> None:
    """Warn where a team's likely cost is above its budget."""
    costs = groups(estimate, "team")
    for address, declaration in graph.declarations.items():
        spec = declaration.spec
        if not isinstance(spec, TeamSpec) or spec.budget is None or str(address) not in costs:
            continue
        likely, budget = costs[str(address)].likely, spec.budget.usd_per_month
        if likely > budget:
            report.warning(
                OVER_BUDGET,
                f"{address} likely costs ${likely:,.0f} a month, and its budget is ${budget:,.0f}",
                at=(*declaration.path, "budget", "usd_per_month"),
                help=f"raise it to {likely:.0f}, or look with `platformspec cost --by model` for what to make smaller",
            )


def check_increase(
    graph: PlatformGraph, before: Estimate, after: Estimate, report: Report
) -> tuple[PolicyFinding, ...]:
    """Policies with `max_increase`: only a comparison can tell."""
    return report_findings(graph, _over_increase(graph, before, after), report)


def over_limit(graph: PlatformGraph, estimate: Estimate) -> Iterator[Finding]:
    """Policies with `max_usd_per_month` that do not hold."""
    likely = estimate.total.likely
    for name, spec, path in _policies(graph):
        limit = spec.max_usd_per_month
        if limit is not None and likely > limit:
            dearest = sorted(groups(estimate, "declaration").items(), key=lambda pair: -pair[1].likely)[:3]
            most = ", ".join(f"{address} ${cost.likely:,.0f}" for address, cost in dearest)
            text = (
                f"the platform likely costs ${likely:,.0f} a month, and the limit is ${limit:,.0f}; most of it: {most}"
            )
            yield Finding(name, spec, (*path, "max_usd_per_month"), (*path, "max_usd_per_month"), PLATFORM, text)


def _over_increase(graph: PlatformGraph, before: Estimate, after: Estimate) -> Iterator[Finding]:
    delta = compare(before, after)
    more = delta.total.likely if delta is not None else 0.0
    for name, spec, path in _policies(graph):
        limit = spec.max_increase.usd_per_month if spec.max_increase is not None else None
        if delta is not None and limit is not None and more > limit:
            dearer = [one for one in delta.differences if one.usd.likely > 0][:3]
            most = ", ".join(f"{one.declaration} ${one.usd.likely:,.0f}" for one in dearer)
            text = (
                f"the change likely costs ${more:,.0f} a month more, and the limit is ${limit:,.0f}; most of it: {most}"
            )
            where = (*path, "max_increase", "usd_per_month")
            yield Finding(name, spec, where, where, PLATFORM, text)


def _policies(graph: PlatformGraph) -> Iterator[tuple[str, PolicySpec, tuple[str | int, ...]]]:
    for address, declaration in graph.declarations.items():
        if isinstance(declaration.spec, PolicySpec):
            yield address.name, declaration.spec, declaration.path
