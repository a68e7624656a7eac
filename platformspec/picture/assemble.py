"""From a compiled platform to a picture."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping

from platformspec.diagnostics import Path, Span
from platformspec.graph.platform_graph import PlatformGraph
from platformspec.ir.program import Program
from platformspec.picture.cards import Card, Link, Picture
from platformspec.plan.words import noun
from platformspec.source import Document


def assemble(graph: PlatformGraph, program: Program, document: Document, nouns: Mapping[str, str]) -> Picture:
    """One card for each declaration, with its YAML and everything that is created for it."""
    resources: dict[str, list[tuple[str, str]]] = defaultdict(list)
    for node in program:
        resources[node.declaration].append((noun(node.type, nouns), node.id))
    cards = tuple(
        Card(
            str(address),
            address.kind,
            address.name,
            rows=tuple(sorted(declaration.spec.children())) if hasattr(declaration.spec, "children") else (),
            place=_place(document, declaration.path),
            source=_source(document, declaration.path),
            resources=tuple(sorted(resources[str(address)])),
        )
        for address, declaration in graph.declarations.items()
    )
    links = tuple(
        Link(
            str(edge.source),
            edge.relation,
            str(edge.target),
            quiet=edge.path == graph.declarations[edge.source.parent].path,
        )
        for edge in graph.edges
    )
    environment = f" ({graph.platform.environment})" if graph.platform.environment else ""
    return Picture(f"{graph.platform.name}{environment}", cards, links)


def _place(document: Document, path: Path) -> str:
    span = document.key_span(path) if document.written(path) else None
    return f"{span.file}:{span.line}" if span is not None else "nothing is written: defaults"


def _source(document: Document, path: Path) -> str:
    """The lines from the key to the end of the value; empty where nothing is written."""
    key, value = document.key_span(path), document.span(path)
    if not document.written(path) or key is None or value is None or key.file != value.file:
        return ""
    lines = document.texts[key.file].splitlines()[key.line - 1 : _last_line(value)]
    indent = min((len(line) - len(line.lstrip()) for line in lines if line.strip()), default=0)
    return "\n".join(line[indent:].rstrip() for line in lines).rstrip()


def _last_line(span: Span) -> int:
    # A block ends at the start of what follows it.
    return span.end_line - 1 if span.end_column == 1 and span.end_line > span.line else span.end_line
