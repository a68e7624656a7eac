"""Policies: rules of the user, evaluated as data over declarations and over the program."""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from platformspec.address import Address
from platformspec.checks.capacity import day
from platformspec.checks.selectors import UNKNOWN, found
from platformspec.diagnostics import Code, Path, Report
from platformspec.graph.platform_graph import PlatformGraph
from platformspec.ir.program import Program
from platformspec.kinds.policy import PolicySpec

VIOLATION = Code(
    "PS460",
    "a policy does not hold",
    explain="A rule under `policies` found a value that it does not allow. Level block is an error, approve needs one of the named groups, warn is a warning. A waiver makes an exception for one declaration and a limited time.",
)
NEEDS_APPROVAL = Code(
    "PS461",
    "a policy asks for approval",
    explain="A rule of level approve found something: the change is right once one of the named groups has agreed.",
)
UNUSED_WAIVER = Code(
    "PS462", "a waiver that nothing needs", explain="The policy holds for the declaration, so the exception can go."
)
EXPIRED_WAIVER = Code(
    "PS463",
    "a waiver that has ended",
    explain="The waiver's last day has passed, so the policy counts again. The day is today, or that of --as-of.",
)


@dataclass(frozen=True)
class PolicyFinding:
    """A rule that does not hold for a declaration."""

    policy: str
    level: str
    address: str
    message: str
    approvers: tuple[str, ...]


@dataclass(frozen=True)
class Finding:
    """A rule that does not hold, before anybody asks for a waiver. `at` and `rule` are places in the YAML."""

    name: str
    spec: PolicySpec
    at: Path
    rule: Path
    subject: str
    message: str


def check_policies(graph: PlatformGraph, program: Program, report: Report) -> tuple[PolicyFinding, ...]:
    """Report what no waiver excuses."""
    return report_findings(graph, _findings(graph, program), report)


def report_findings(graph: PlatformGraph, findings: Iterable[Finding], report: Report) -> tuple[PolicyFinding, ...]:
    """Report findings of any policies at their level, apart from those that a running waiver excuses."""
    kept: list[PolicyFinding] = []
    for finding in findings:
        if waiver_of(graph, finding) is not None:
            continue
        spec, text = finding.spec, f"{finding.message}; policy {finding.name}"
        if spec.message:
            text += f": {spec.message}"
        kept.append(PolicyFinding(finding.name, spec.level, finding.subject, text, spec.approvers))
        related = (("the rule", finding.rule),)
        if spec.level == "block":
            report.error(
                VIOLATION,
                text,
                at=finding.at,
                related=related,
                help=f"change the value, or add a waiver: {{policy: {finding.name}, on: {finding.subject}, owner: ..., until: ..., reason: ...}}",
            )
        elif spec.level == "approve":
            report.warning(
                NEEDS_APPROVAL, text, at=finding.at, related=related, help=f"ask {' or '.join(spec.approvers)}"
            )
        else:
            report.warning(
                VIOLATION, text, at=finding.at, related=related, help="change the value, or accept it with a waiver"
            )
    return tuple(kept)


def waiver_of(graph: PlatformGraph, finding: Finding) -> int | None:
    """The position of a running waiver that excuses the finding."""
    platform = graph.platform
    return next(
        (
            position
            for position, waiver in enumerate(platform.spec.waivers)
            if waiver.policy.address.name == finding.name
            and waiver.on == finding.subject
            and _running(waiver.until, platform.as_of)
        ),
        None,
    )


def check_waivers_are_needed(graph: PlatformGraph, program: Program, more: Iterable[Finding], report: Report) -> None:
    """Warn of waivers that have ended, and of those that excuse nothing. `more`: findings of other checks.

    Whether a waiver of a policy about increases is needed only a comparison can tell.
    """
    excused = {waiver_of(graph, finding) for finding in (*_findings(graph, program), *more)}
    for position, waiver in enumerate(graph.platform.spec.waivers):
        path: Path = ("waivers", position)
        policy = graph.declarations[waiver.policy.address].spec
        if not _running(waiver.until, graph.platform.as_of):
            report.warning(
                EXPIRED_WAIVER,
                f"the waiver of {waiver.policy.text} for {waiver.on} ended on {waiver.until}",
                at=(*path, "until"),
                help="remove it, or let its owner renew it",
            )
        elif position not in excused and not (isinstance(policy, PolicySpec) and policy.max_increase is not None):
            report.warning(
                UNUSED_WAIVER,
                f"{waiver.on} keeps to policy {waiver.policy.text} without the waiver",
                at=path,
                help="remove the waiver",
            )


def _findings(graph: PlatformGraph, program: Program) -> Iterator[Finding]:
    for address, declaration in graph.declarations.items():
        spec = declaration.spec
        if isinstance(spec, PolicySpec):
            for at, rule, subject, message in _violations(spec, declaration.path, graph, program):
                yield Finding(address.name, spec, at, rule, subject, message)


def _violations(
    spec: PolicySpec, path: Path, graph: PlatformGraph, program: Program
) -> Iterator[tuple[Path, Path, str, str]]:
    """`(place, place of the rule, address, message)`."""
    for name, selector, wanted in _rules(spec):
        rule_path: Path = (
            (*path, "require", spec.require.index(selector)) if name == "require" else (*path, name, selector)
        )
        for address, at, value in found(selector, graph, program):
            if value is not UNKNOWN and not _holds(name, value, wanted):
                place = at or _declared(address, graph)
                yield place, rule_path, address, _message(name, selector, address, value, wanted)


def _rules(spec: PolicySpec) -> Iterator[tuple[str, str, Any]]:
    for name in ("allow", "deny", "equals", "max", "min"):
        for selector, wanted in getattr(spec, name).items():
            yield name, selector, wanted
    for selector in spec.require:
        yield "require", selector, None


def _holds(rule: str, value: Any, wanted: Any) -> bool:
    if rule == "require":
        return value not in (None, "", (), {}, [])
    if rule == "equals":
        return type(value) is type(wanted) and value == wanted if isinstance(wanted, bool) else bool(value == wanted)
    if value is None:
        return True
    if rule == "allow":
        return value in wanted
    if rule == "deny":
        return value not in wanted
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return False
    return bool(value <= wanted if rule == "max" else value >= wanted)


def _message(rule: str, selector: str, address: str, value: Any, wanted: Any) -> str:
    shown = "nothing" if value is None else str(value).lower() if isinstance(value, bool) else str(value)
    choices = (
        ", ".join(map(str, wanted))
        if isinstance(wanted, tuple)
        else str(wanted).lower()
        if isinstance(wanted, bool)
        else str(wanted)
    )
    words = {
        "require": f"{address} has no {selector}",
        "allow": f"{selector} of {address} is {shown}, and may be {choices}",
        "deny": f"{selector} of {address} is {shown}, which is not allowed",
        "equals": f"{selector} of {address} is {shown}, and must be {choices}",
        "max": f"{selector} of {address} is {shown}, and may be {choices} at most",
        "min": f"{selector} of {address} is {shown}, and must be {choices} at least",
    }
    return words[rule]


def _declared(address: str, graph: PlatformGraph) -> Path:
    try:
        declaration = graph.declarations.get(Address.parse(address))
    except ValueError:
        return ()
    return declaration.path if declaration is not None else ()


def _running(until: str, as_of: datetime.date) -> bool:
    end = day(until)
    return end is not None and end >= as_of
