"""What the compiler has to say about one place."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from platformspec.diagnostics.code import Code
from platformspec.diagnostics.span import Path, Span

Severity = Literal["error", "warning"]


@dataclass(frozen=True, slots=True)
class Related:
    """Another place that explains the first: `needed by model.chat (platform.yaml:15:14)`."""

    message: str
    span: Span | None = None


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """A fact in the user's words, the place it is about, and what to type instead.

    `message` states the fact with its values, `help` says what to type. `label` stands beside the underlined text.
    """

    code: Code
    message: str
    span: Span | None
    help: str | None = None
    label: str | None = None
    related: tuple[Related, ...] = ()
    severity: Severity = "error"
    path: Path = ()

    @property
    def sort_key(self) -> tuple[str, int, int, str, str]:
        if self.span is None:
            return ("", 0, 0, self.code.id, self.message)
        return (self.span.file, self.span.line, self.span.column, self.code.id, self.message)
