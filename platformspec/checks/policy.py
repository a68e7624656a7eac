"""Policies: rules of the user, evaluated as data over declarations and over the program."""

from __future__ import annotations

import datetime
from collections.abc import Iterator
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


def check_policies(graph: PlatformGraph, program: Program, report: Report) -> tuple[PolicyFinding, ...]:
    """Report what no waiver excuses, and waivers that excuse nothing."""
    findings: list[PolicyFinding] = []
    excused: set[int] = set()
    waivers = list(enumerate(graph.platform.spec.waivers))
    for address, declaration in graph.declarations.items():
        spec = declaration.spec
        if not isinstance(spec, PolicySpec):
            continue
        for at, rule_path, subject, message in _violations(spec, declaration.path, graph, program):
            waiver = next(
                (
                    i
                    for i, w in waivers
                    if w.policy.address == address and w.on == subject and _running(w.until, graph.platform.as_of)
                ),
                None,
            )
            if waiver is not None:
                excused.add(waiver)
                continue
            text = f"{message}; policy {address.name}" + (f": {spec.message}" if spec.message else "")
            findings.append(PolicyFinding(address.name, spec.level, subject, text, spec.approvers))
            related = (("the rule", rule_path),)
            if spec.level == "block":
                report.error(
                    VIOLATION,
                    text,
                    at=at,
                    related=related,
                    help=f"change the value, or add a waiver: {{policy: {address.name}, on: {subject}, owner: ..., until: ..., reason: ...}}",
                )
            elif spec.level == "approve":
                report.warning(NEEDS_APPROVAL, text, at=at, related=related, help=f"ask {' or '.join(spec.approvers)}")
            else:
                report.warning(
                    VIOLATION, text, at=at, related=related, help="change the value, or accept it with a waiver"
                )
    for position, waiver_spec in waivers:
        path: Path = ("waivers", position)
        if not _running(waiver_spec.until, graph.platform.as_of):
            report.warning(
                EXPIRED_WAIVER,
                f"the waiver of {waiver_spec.policy.text} for {waiver_spec.on} ended on {waiver_spec.until}",
                at=(*path, "until"),
                help="remove it, or let its owner renew it",
            )
        elif position not in excused:
            report.warning(
                UNUSED_WAIVER,
                f"{waiver_spec.on} keeps to policy {waiver_spec.policy.text} without the waiver",
                at=path,
                help="remove the waiver",
            )
    return tuple(findings)


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
