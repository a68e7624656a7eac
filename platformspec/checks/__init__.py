"""Rules between fields and between declarations. Each file holds one subject; the tuples below are the list of all checks."""

from __future__ import annotations

from collections.abc import Callable

from platformspec.checks.allowed_warnings import apply_allow
from platformspec.checks.calendar import check_calendar
from platformspec.checks.capacity import check_capacity
from platformspec.checks.cost import check_budgets, check_increase, over_limit
from platformspec.checks.delivery import check_delivery
from platformspec.checks.freeze import check_freeze
from platformspec.checks.groups import check_groups
from platformspec.checks.guardrails import check_guardrails
from platformspec.checks.lending import check_lending
from platformspec.checks.models import check_models
from platformspec.checks.network import check_networks
from platformspec.checks.policy import PolicyFinding, check_policies, check_waivers_are_needed, report_findings
from platformspec.checks.policy_rules import check_policy_rules
from platformspec.checks.ranges import check_ranges
from platformspec.checks.sharing import check_sharing
from platformspec.checks.state import check_state
from platformspec.checks.waivers import check_waivers
from platformspec.checks.without_effect import check_without_effect
from platformspec.cost.estimate import Estimate
from platformspec.diagnostics import Report
from platformspec.graph.platform_graph import PlatformGraph
from platformspec.ir.program import Program

__all__ = ["GRAPH_CHECKS", "PolicyFinding", "check_difference", "check_graph", "check_program"]

GraphCheck = Callable[[PlatformGraph, Report], None]

GRAPH_CHECKS: tuple[GraphCheck, ...] = (
    check_models,
    check_guardrails,
    check_capacity,
    check_calendar,
    check_sharing,
    check_lending,
    check_groups,
    check_delivery,
    check_networks,
    check_state,
    check_ranges,
    check_freeze,
    check_without_effect,
    check_policy_rules,
    check_waivers,
)


def check_graph(graph: PlatformGraph, report: Report) -> None:
    """All checks that need declarations and edges only."""
    for check in GRAPH_CHECKS:
        check(graph, report)


def check_program(
    graph: PlatformGraph, program: Program, estimate: Estimate, report: Report
) -> tuple[PolicyFinding, ...]:
    """The user's policies, over declarations and over what will be created and billed; then warnings that are allowed are taken out."""
    over = tuple(over_limit(graph, estimate))
    findings = (*check_policies(graph, program, report), *report_findings(graph, over, report))
    check_waivers_are_needed(graph, program, over, report)
    check_budgets(graph, estimate, report)
    apply_allow(graph, report)
    return findings


def check_difference(
    graph: PlatformGraph, before: Estimate, after: Estimate, report: Report
) -> tuple[PolicyFinding, ...]:
    """The user's policies about what a change costs."""
    return check_increase(graph, before, after, report)
