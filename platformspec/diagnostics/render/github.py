"""Annotations on a pull request: workflow commands that GitHub Actions reads from a log.

https://docs.github.com/actions/reference/workflows-and-actions/workflow-commands
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from platformspec.diagnostics.diagnostic import Diagnostic
from platformspec.diagnostics.render.terminal import visible


def render(diagnostics: Sequence[Diagnostic], texts: Mapping[str, str]) -> str:
    """One command each; nothing is quoted, so `texts` is not read. Files are named as the spans name them."""
    return "".join(f"{_command(diagnostic)}\n" for diagnostic in diagnostics)


def _command(diagnostic: Diagnostic) -> str:
    properties: dict[str, str | int] = {}
    span = diagnostic.span
    if span is not None:
        properties |= {"file": span.file, "line": span.line}
        if span.end_line == span.line:
            # The runner drops both columns when an annotation spans lines; unlike ours its last column is inclusive.
            properties |= {"col": span.column, "endLine": span.line}
            properties["endColumn"] = max(span.column, span.end_column - 1)
        else:
            properties["endLine"] = span.end_line
    properties["title"] = diagnostic.code.id
    text = [visible(diagnostic.message)]
    text += [
        f"help: {visible(line)}" if not number else visible(line) for number, line in enumerate(_lines(diagnostic))
    ]
    text += [
        visible(note.message if note.span is None else f"{note.message} ({note.span})") for note in diagnostic.related
    ]
    listed = ",".join(f"{name}={_property(str(value))}" for name, value in properties.items())
    return f"::{diagnostic.severity} {listed}::{_data(chr(10).join(text))}"


def _lines(diagnostic: Diagnostic) -> list[str]:
    return diagnostic.help.split("\n") if diagnostic.help else []


# https://github.com/actions/toolkit/blob/main/packages/core/src/command.ts: escapeData and escapeProperty.
def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(visible(text)).replace(":", "%3A").replace(",", "%2C")
