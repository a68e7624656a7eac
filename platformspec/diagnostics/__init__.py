"""Mistakes of the user: what, where, and what to type instead."""

from platformspec.diagnostics.code import Code, all_codes
from platformspec.diagnostics.diagnostic import Diagnostic, Related, Severity
from platformspec.diagnostics.failure import Failure
from platformspec.diagnostics.report import Locator, Report
from platformspec.diagnostics.span import Path, Span, dotted

__all__ = [
    "Code",
    "Diagnostic",
    "Failure",
    "Locator",
    "Path",
    "Related",
    "Report",
    "Severity",
    "Span",
    "all_codes",
    "dotted",
]
