"""`allow:` on a declaration takes its warnings out; one that takes out nothing is reported."""

from __future__ import annotations

from platformspec.diagnostics import Code, Report
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
            size = len(declaration.path)
            silenced = report.silence(
                lambda d, code=code, path=declaration.path, size=size: d.code.id == code and d.path[:size] == path
            )  # type: ignore[misc]
            if not silenced:
                report.warning(
                    UNUSED_ALLOW,
                    f"{address} has no warning {code}",
                    at=(*declaration.path, "allow", code),
                    on_key=True,
                    help="remove the entry",
                )
