"""Findings of other scanners, led from the generated files back to the line of YAML."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from platformspec.diagnostics import Code, Diagnostic, Failure, Path, Span
from platformspec.driver import Compilation
from platformspec.ir.node import Node
from platformspec.source_map.find import find

UNREADABLE_FINDINGS = Code(
    "PS607",
    "findings that cannot be read",
    explain="`platformspec annotate` reads what checkov prints with `-o json`, and SARIF 2.1.0, which most scanners write.",
)
FINDING = Code(
    "PS608",
    "a finding of another scanner",
    explain="A scanner found something in a generated file. The line is that of the declaration that the resource comes from; `platformspec why` "
    "with the name of the resource shows every line that its attributes come from.",
)
NOT_LED_BACK = Code(
    "PS609",
    "a finding that belongs to no resource",
    explain="The finding names neither a Terraform address nor a Kubernetes object or file of this platform. It may be about another folder, another "
    "environment (--env), or files of an older compilation.",
)


@dataclass(frozen=True, slots=True)
class Finding:
    """What a scanner says. `names` are those by which it calls the resource, the most exact first."""

    rule: str
    text: str
    names: tuple[str, ...]


def read_findings(text: str, file: str) -> tuple[Finding, ...]:
    """The findings of a file in the order in which they stand there. Raises `Failure`."""
    try:
        data = json.loads(text)
    except ValueError as error:
        raise _unreadable(f"{file} is no JSON: {error}") from error
    try:
        if isinstance(data, dict) and isinstance(data.get("runs"), list):
            return tuple(_sarif(data))
        reports = data if isinstance(data, list) else [data]
        if all(isinstance(report, dict) and ("results" in report or "passed" in report) for report in reports):
            return tuple(found for report in reports for found in _checkov(report))
    except (AttributeError, TypeError, KeyError) as error:
        # A list where an object belongs, or the other way round: it only looks like one of the two.
        raise _unreadable(f"{file} has another shape than SARIF or a report of checkov") from error
    raise _unreadable(f"{file} is neither a report of checkov nor SARIF")


def annotate(c: Compilation, findings: tuple[Finding, ...]) -> list[Diagnostic]:
    """Each finding at the line of its declaration, in the order of places. `c` must have a program."""
    assert c.program is not None
    out: dict[Diagnostic, None] = {}
    for finding in findings:
        nodes = next((found for name in finding.names if (found := find(name, c.program))), ())
        if len(nodes) != 1:
            where = finding.names[0] if finding.names else "no resource"
            message = f"{finding.rule}: {finding.text} ({where})"
            help = "check the environment, and compile again before scanning"
            out[Diagnostic(NOT_LED_BACK, message, None, help, severity="warning")] = None
            continue
        path, span = _place(c, nodes[0])
        help = f"`platformspec why {nodes[0].id}` shows the lines of its attributes"
        message = f"{finding.rule}: {finding.text} ({nodes[0].id})"
        out[Diagnostic(FINDING, message, span, help, severity="warning", path=path)] = None
    return sorted(out, key=lambda diagnostic: diagnostic.sort_key)


def _place(c: Compilation, node: Node) -> tuple[Path, Span | None]:
    assert c.document is not None
    assert c.graph is not None
    # The deepest cause is the nearest: a reference rather than the declaration that it stands in.
    causes = sorted(node.provenance.get((), ()), key=lambda path: (-len(path), str(path)))
    for path in causes:
        for written in c.graph.platform.causes_of(path):
            return written, c.document.key_span(written)
    for address, declaration in c.graph.declarations.items():
        if str(address) == node.declaration:
            return declaration.path, c.document.key_span(declaration.path)
    return (), c.document.span(())


def _checkov(report: dict[str, Any]) -> Iterator[Finding]:
    results = report.get("results")
    failed = results.get("failed_checks") if isinstance(results, dict) else None
    for check in failed if isinstance(failed, list) else ():
        if isinstance(check, dict):
            names = (*_resource(str(check.get("resource", ""))), str(check.get("file_path", "")).lstrip("/"))
            yield Finding(
                str(check.get("check_id", "check")), _line(check.get("check_name")), tuple(filter(None, names))
            )


def _sarif(data: dict[str, Any]) -> Iterator[Finding]:
    for run in data["runs"]:
        for result in run.get("results") or () if isinstance(run, dict) else ():
            message = result.get("message") or {}
            names: list[str] = []
            for location in result.get("locations") or ():
                for logical in location.get("logicalLocations") or ():
                    names += _resource(str(logical.get("fullyQualifiedName") or logical.get("name") or ""))
                artifact = (location.get("physicalLocation") or {}).get("artifactLocation") or {}
                names.append(str(artifact.get("uri", "")).removeprefix("file://").lstrip("/"))
            yield Finding(str(result.get("ruleId", "rule")), _line(message.get("text")), tuple(filter(None, names)))


def _resource(name: str) -> tuple[str, ...]:
    """The names under which we know a resource: checkov writes `Deployment.namespace.name`."""
    parts = name.split(".")
    kubernetes = "/".join(parts) if len(parts) == 3 and parts[0][:1].isupper() else ""
    return (name, kubernetes) if kubernetes else (name,)


def _line(text: object) -> str:
    return " ".join(str(text or "no text").split())


def _unreadable(message: str) -> Failure:
    return Failure(UNREADABLE_FINDINGS, message, "write it with `checkov -o json`, or as SARIF 2.1.0")
