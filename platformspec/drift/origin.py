"""Which lines of the YAML a deviation is about."""

from __future__ import annotations

from platformspec.diagnostics import Path, Span
from platformspec.drift.deviation import Deviation
from platformspec.source import Document


def sources(one: Deviation) -> tuple[Path, ...]:
    """YAML paths that the attribute was made from: its own, else its nearest parent's, else those of the resource."""
    if one.node is None:
        return ()
    for length in range(len(one.path), -1, -1):
        if paths := one.node.provenance.get(one.path[:length]):
            return tuple(sorted(paths, key=str))
    return ()


def lines(one: Deviation, document: Document) -> tuple[Span, ...]:
    """Their places in the files as they are now, each line once."""
    spans = [span for path in sources(one) if path and (span := document.key_span(path)) is not None]
    return tuple({(span.file, span.line): span for span in sorted(spans, key=lambda s: (s.file, s.line))}.values())
