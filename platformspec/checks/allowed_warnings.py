"""`allow:` on a declaration takes its warnings out; one that takes out nothing is reported."""

from __future__ import annotations

from functools import partial

from platformspec.diagnostics import Code, Diagnostic, Path, Report
from platformspec.graph.platform_graph import PlatformGraph
from platformspec.kinds.base import DeclarationSpec

UNUSED_ALLOW = Code(
    "PS481",
    "an allow that nothing needs",
    explain="There is no warning of this code about the declaration, so the entry can go. Errors cannot be allowed.",
)


def apply_allow(graph: PlatformGraph, report: Report) -> None:
    """Take out allowed warnings; report entries that take out nothing."""
    for address, declaration in graph.declarations.items():
        if not isinstance(declaration.spec, DeclarationSpec):
            continue
        for code in declaration.spec.allow:
            silenced = report.silence(partial(_is_about, code, declaration.path))
            if not silenced:
                report.warning(
                    UNUSED_ALLOW,
                    f"{address} has no warning {code}",
                    at=(*declaration.path, "allow", code),
                    on_key=True,
                    help="remove the entry",
                )


def _is_about(code: str, path: Path, diagnostic: Diagnostic) -> bool:
    return diagnostic.code.id == code and diagnostic.path[: len(path)] == path
