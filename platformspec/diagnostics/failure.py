"""A mistake that ends a command at once: what passes report goes on a `Report` instead."""

from __future__ import annotations

from platformspec.diagnostics.code import Code
from platformspec.diagnostics.diagnostic import Diagnostic


class Failure(Exception):
    """Raised by what acts on files and other programs. The command line prints it like any diagnostic."""

    def __init__(self, code: Code, message: str, help: str) -> None:
        super().__init__(f"{code.id}: {message}")
        self.diagnostic = Diagnostic(code, message, None, help)
