"""The diagnostics of one compilation."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Protocol

from platformspec.diagnostics.code import Code
from platformspec.diagnostics.diagnostic import Diagnostic, Related, Severity
from platformspec.diagnostics.span import Path, Span


class Locator(Protocol):
    """Turns a path of the document into a place in a file. A `Document` is one."""

    def span(self, path: Path) -> Span | None:
        """The place of the value, or of its nearest ancestor that was written."""

    def key_span(self, path: Path) -> Span | None:
        """The place of the key, or of the nearest ancestor that was written."""


class Report:
    """Passes report a path, and the place is looked up once, here. Only accepted warnings are ever taken out."""

    def __init__(self, locator: Locator | None = None) -> None:
        self._locator = locator
        self._seen: set[Diagnostic] = set()

    def copy(self) -> Report:
        """A report that begins with the same diagnostics and goes its own way."""
        other = Report(self._locator)
        other._seen = set(self._seen)
        return other

    def locate_with(self, locator: Locator) -> None:
        """From now on paths are places of this document."""
        self._locator = locator

    def add(self, diagnostic: Diagnostic) -> None:
        self._seen.add(diagnostic)

    def silence(self, accepted: Callable[[Diagnostic], bool]) -> int:
        """Take out the warnings that the user has accepted; returns how many there were."""
        taken = {diagnostic for diagnostic in self._seen if diagnostic.severity == "warning" and accepted(diagnostic)}
        self._seen -= taken
        return len(taken)

    def error(
        self,
        code: Code,
        message: str,
        *,
        at: Path | Span | None = None,
        help: str | None = None,
        label: str | None = None,
        related: tuple[tuple[str, Path] | Related, ...] = (),
        on_key: bool = False,
    ) -> None:
        """Report a mistake that stops the compilation after this pass."""
        self._report("error", code, message, at, help, label, related, on_key)

    def warning(
        self,
        code: Code,
        message: str,
        *,
        at: Path | Span | None = None,
        help: str | None = None,
        label: str | None = None,
        related: tuple[tuple[str, Path] | Related, ...] = (),
        on_key: bool = False,
    ) -> None:
        """Report something the user should know; the compilation goes on."""
        self._report("warning", code, message, at, help, label, related, on_key)

    def _report(
        self,
        severity: Severity,
        code: Code,
        message: str,
        at: Path | Span | None,
        help: str | None,
        label: str | None,
        related: tuple[tuple[str, Path] | Related, ...],
        on_key: bool,
    ) -> None:
        path: Path = () if at is None or isinstance(at, Span) else at
        span = at if isinstance(at, Span) else None if at is None else self._find(at, on_key)
        notes = tuple(
            note if isinstance(note, Related) else Related(note[0], self._find(note[1], True)) for note in related
        )
        self.add(Diagnostic(code, message, span, help, label, notes, severity, path))

    def _find(self, path: Path, on_key: bool) -> Span | None:
        if self._locator is None:
            return None
        return self._locator.key_span(path) if on_key else self._locator.span(path)

    def __iter__(self) -> Iterator[Diagnostic]:
        return iter(sorted(self._seen, key=lambda diagnostic: diagnostic.sort_key))

    def __len__(self) -> int:
        return len(self._seen)

    @property
    def errors(self) -> tuple[Diagnostic, ...]:
        return self._of("error")

    @property
    def warnings(self) -> tuple[Diagnostic, ...]:
        return self._of("warning")

    def _of(self, severity: Severity) -> tuple[Diagnostic, ...]:
        # Chosen before they are sorted: lowering asks for errors at every declaration, and finds none among many warnings.
        chosen = [diagnostic for diagnostic in self._seen if diagnostic.severity == severity]
        return tuple(sorted(chosen, key=lambda diagnostic: diagnostic.sort_key))

    @property
    def ok(self) -> bool:
        """No errors; warnings do not count."""
        return not any(diagnostic.severity == "error" for diagnostic in self._seen)
