"""Policies that say something, about something that exists."""

from __future__ import annotations

from platformspec.checks.selectors import fields_of, is_kubernetes_kind, is_terraform_type, split, subjects
from platformspec.diagnostics import Code, Report
from platformspec.diagnostics.suggest import closest
from platformspec.graph.platform_graph import PlatformGraph
from platformspec.kinds.policy import PolicySpec

NO_RULE = Code(
    "PS451",
    "a policy without a rule",
    explain="A policy has at least one of allow, deny, require, equals, max, min, max_usd_per_month and max_increase.",
)
NO_APPROVERS = Code(
    "PS452",
    "a policy that needs approval by nobody",
    explain="A policy of level approve names at least one group that may approve.",
)
UNKNOWN_SUBJECT = Code(
    "PS453",
    "a policy about something that does not exist",
    explain="A field to look at begins with a kind (model), a Terraform type (aws_rds_cluster) or a Kubernetes kind (Deployment), and goes on with a field of it. A misspelt one would never find anything.",
)

RULES = ("allow", "deny", "equals", "max", "min")
MONEY_RULES = ("max_usd_per_month", "max_increase")


def check_policy_rules(graph: PlatformGraph, report: Report) -> None:
    """Each policy has a rule, approvers where it needs them, and fields that exist."""
    for address, declaration in graph.declarations.items():
        spec = declaration.spec
        if not isinstance(spec, PolicySpec):
            continue
        if not any(getattr(spec, rule) for rule in (*RULES, "require")) and all(
            getattr(spec, rule) is None for rule in MONEY_RULES
        ):
            report.error(
                NO_RULE,
                f"{address} has no rule",
                at=declaration.path,
                on_key=True,
                help=f"add one of {', '.join((*RULES, *MONEY_RULES))} or require",
            )
        if spec.level == "approve" and not spec.approvers:
            report.error(
                NO_APPROVERS,
                f"{address} needs approval, and names nobody",
                at=declaration.path,
                on_key=True,
                help="add `approvers: [group]`",
            )
        for rule in RULES:
            for selector in getattr(spec, rule):
                _check(selector, (*declaration.path, rule, selector), report, on_key=True)
        for position, selector in enumerate(spec.require):
            _check(selector, (*declaration.path, "require", position), report, on_key=False)


def _check(selector: str, path: tuple[str | int, ...], report: Report, *, on_key: bool) -> None:
    subject, field = split(selector)
    if is_terraform_type(subject) or is_kubernetes_kind(subject):
        return
    if subject not in subjects():
        near = closest(subject, subjects())
        report.error(
            UNKNOWN_SUBJECT,
            f"{selector} is about {subject}, which is no kind",
            at=path,
            on_key=on_key,
            help=f"did you mean {near}?" if near else f"kinds: {', '.join(subjects())}",
        )
        return
    known = fields_of(subject)
    first = field[0]
    if first not in known:
        near = closest(first, known)
        report.error(
            UNKNOWN_SUBJECT,
            f"{subject} has no field {first}",
            at=path,
            on_key=on_key,
            help=f"did you mean {subject}.{near}?" if near else f"fields: {', '.join(known)}",
        )
