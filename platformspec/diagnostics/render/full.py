"""For people: the message, the line with the place underlined, and what to type instead."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from platformspec.diagnostics.diagnostic import Diagnostic, Related
from platformspec.diagnostics.render.terminal import Paint, painter, snippet, visible
from platformspec.diagnostics.span import Span

_LINE_END = re.compile("\r\n|\n|\r")


def render(diagnostics: Sequence[Diagnostic], texts: Mapping[str, str], *, color: bool = False) -> str:
    """One paragraph per diagnostic. `texts` holds the files that may be quoted; others are only named."""
    paint = painter(color)
    lines: dict[str, list[str]] = {}
    for diagnostic in diagnostics:
        span = diagnostic.span
        if span is not None and span.file not in lines and span.file in texts:
            # As YAML counts lines; str.splitlines would end one at a form feed too.
            lines[span.file] = _LINE_END.split(texts[span.file])
    return "\n".join(_paragraph(diagnostic, lines, paint) for diagnostic in diagnostics)


def _paragraph(diagnostic: Diagnostic, lines: Mapping[str, Sequence[str]], paint: Paint) -> str:
    severity, span = diagnostic.severity, diagnostic.span
    head = paint(severity, f"{severity}[{diagnostic.code.id}]")
    out = [head + paint("strong", f": {visible(diagnostic.message)}")]
    margin = " "
    if span is not None:
        margin = " " * len(str(span.line))
        out.append(f"{margin}{paint('frame', '-->')} {visible(str(span))}")
        if span.file in lines:
            out += _quote(span, lines[span.file], diagnostic, margin, paint)
    if diagnostic.help:
        out += _remark("help", diagnostic.help, margin, paint)
    for note in diagnostic.related:
        out += _remark("note", _note(note), margin, paint)
    return "".join(f"{line}\n" for line in out)


def _quote(span: Span, lines: Sequence[str], diagnostic: Diagnostic, margin: str, paint: Paint) -> list[str]:
    line = lines[span.line - 1] if span.line <= len(lines) else ""
    # Of a value over several lines the first is underlined, without the comment or space that may follow unseen.
    end = span.end_column - 1 if span.end_line == span.line else len(line.rstrip())
    shown, offset, length = snippet(line, span.column - 1, end)
    label = f" {visible(diagnostic.label)}" if diagnostic.label else ""
    bar = paint("frame", "|")
    return [
        f"{margin} {bar}",
        f"{paint('frame', str(span.line))} {bar} {shown}".rstrip(),
        f"{margin} {bar} {' ' * offset}{paint(diagnostic.severity, '^' * length + label)}",
    ]


def _note(note: Related) -> str:
    return note.message if note.span is None else f"{note.message} ({note.span})"


def _remark(kind: str, text: str, margin: str, paint: Paint) -> list[str]:
    first, *rest = text.split("\n")
    indent = " " * len(f"{margin} = {kind}: ")
    head = f"{margin} {paint('frame', '=')} {paint('strong', f'{kind}:')} {visible(first)}"
    return [head, *(f"{indent}{visible(line)}" for line in rest)]
