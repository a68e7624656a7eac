"""One line per diagnostic, in the form that editors and compilers share: `file:line:column: error[PS512] message`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from platformspec.diagnostics.diagnostic import Diagnostic
from platformspec.diagnostics.render.terminal import painter, visible


def render(diagnostics: Sequence[Diagnostic], texts: Mapping[str, str], *, color: bool = False) -> str:
    """One line each; nothing is quoted, so `texts` is not read."""
    paint = painter(color)
    out = []
    for diagnostic in diagnostics:
        place = "" if diagnostic.span is None else f"{visible(str(diagnostic.span))}: "
        head = paint(diagnostic.severity, f"{diagnostic.severity}[{diagnostic.code.id}]")
        out.append(f"{place}{head} {visible(diagnostic.message)}\n")
    return "".join(out)
