"""Why a resource is there: the lines that it came from, and the passes that made it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from platformspec.address import Address
from platformspec.diagnostics import Path, Span, dotted
from platformspec.driver import Compilation
from platformspec.ir.node import Node
from platformspec.source_map.find import address_of, file_of


@dataclass(frozen=True, slots=True)
class Cause:
    """One place of the YAML, and the attributes of the node that follow from it."""

    path: Path
    layer: str
    """`file`, `environment`, `profile` or `default`."""
    span: Span | None
    attributes: tuple[Path, ...]
    """`()` among them is the node's existence."""


@dataclass(frozen=True, slots=True)
class Why:
    """The answer for one node. `chain` is a line for each pass, in order."""

    node: Node
    causes: tuple[Cause, ...]
    chain: tuple[tuple[str, str], ...]


def why(c: Compilation, node: Node) -> Why:
    """Where the node came from. `c` must have a program with the node."""
    by_path: dict[Path, set[Path]] = {}
    for attribute, paths in node.provenance.items():
        for path in paths:
            if path:
                by_path.setdefault(path, set()).add(attribute)
    causes = sorted((_cause(c, path, attributes) for path, attributes in by_path.items()), key=_order)
    return Why(node, tuple(causes), tuple(_chain(c, node, causes)))


def _order(cause: Cause) -> tuple[bool, str, int, str]:
    span = cause.span
    return (span is None, span.file if span else "", span.line if span else 0, str(cause.path))


def _cause(c: Compilation, path: Path, attributes: set[Path]) -> Cause:
    assert c.graph is not None
    assert c.document is not None
    platform = c.graph.platform
    layer = platform.layer_of(path)
    causes = platform.causes_of(path)
    span = c.document.key_span(causes[0]) if causes else None
    return Cause(path, layer, span, tuple(sorted(attributes, key=str)))


def _chain(c: Compilation, node: Node, causes: list[Cause]) -> Iterator[tuple[str, str]]:
    assert c.graph is not None
    spans = sorted({(cause.span.file, cause.span.line) for cause in causes if cause.span})
    yield "parse", ", ".join(f"{file}:{line}" for file, line in spans) or f"nothing of {c.file}: it is always there"
    if any(cause.layer == "environment" for cause in causes):
        patched = sorted({dotted(cause.path) for cause in causes if cause.layer == "environment"})
        yield "environment", f"{c.environment} writes {', '.join(patched)}"
    address = Address.parse(node.declaration) if node.declaration else None
    declaration = c.graph.declarations.get(address.parent) if address else None
    if declaration is not None:
        yield "validate", f"{declaration.address} is a {type(declaration.spec).__name__}"
    if node.edges:
        yield "resolve", f"for {', '.join(node.edges)}"
    maker = c.made_by.get(node.id)
    if maker is not None:
        yield "lower", f"{maker.step} by {maker.function}"
    for id, reason in node.after:
        yield "order", f"after {id}: {reason}"
    yield "emit", f"{address_of(node)} in {file_of(node)}"
