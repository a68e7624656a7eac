"""What depends on a line of the YAML."""

from __future__ import annotations

from dataclasses import dataclass

from platformspec.diagnostics import Code, Path
from platformspec.driver import Compilation
from platformspec.graph.edge import Edge
from platformspec.ir.node import Node
from platformspec.source import places

NOT_A_LINE = Code(
    "PS601",
    "no value of the platform stands on this line",
    explain="`platformspec impact FILE:LINE` takes a line of the platform file, or of a file that it includes, on which a key or a value "
    "stands. Comments and empty lines become nothing; a line of an environment's patch counts with that environment (--env).",
)


@dataclass(frozen=True, slots=True)
class Touched:
    """A node with those of its attributes that follow from the line; `()` among them: it exists because of the line."""

    node: Node
    attributes: tuple[Path, ...]


@dataclass(frozen=True, slots=True)
class Impact:
    """Everything that depends on one line."""

    paths: tuple[Path, ...]
    touched: tuple[Touched, ...]
    edges: tuple[Edge, ...]


def impact(c: Compilation, file: str, line: int) -> Impact | None:
    """What follows from the keys and values of the line; None where it has none. `c` must have a program.

    A line with the key of a mapping or list stands for everything below it. A value depends on the line that wrote it, and on
    `profile` where the profile chose it.
    """
    assert c.graph is not None
    assert c.program is not None
    paths = _paths_on(c, file, line)
    if not paths:
        return None
    roots = {declaration.path for declaration in c.graph.declarations.values()}
    touched = []
    for node in c.program:
        attributes = [
            attribute
            for attribute, sources in node.provenance.items()
            if any(_depends(c, source, paths, roots) for source in sources)
        ]
        if attributes:
            touched.append(Touched(node, tuple(sorted(attributes, key=str))))
    edges = tuple(edge for edge in c.graph.edges if _depends(c, edge.path, paths, roots))
    return Impact(paths, tuple(touched), edges)


def _paths_on(c: Compilation, file: str, line: int) -> tuple[Path, ...]:
    assert c.document is not None
    found = []
    for path, place in places.walk(c.document.place):
        key, value = places.key_span(place), places.value_span(place)
        if key.file != file or not path:
            continue
        is_leaf = not place[5]
        last = value.end_line if is_leaf and value.end_column > 1 else value.end_line - 1 if is_leaf else key.line
        if key.line <= line <= max(last, key.line):
            found.append(path)
    return tuple(path for path in found if path[:1] != ("environments",))


def _depends(c: Compilation, source: Path, paths: tuple[Path, ...], roots: set[Path]) -> bool:
    """Whether something that names `source` follows from one of the paths.

    That a declaration is there explains its nodes, but none of its scalars does: its own path counts for its own line alone.
    """
    assert c.graph is not None
    for cause in {source, *c.graph.platform.causes_of(source)}:
        if not cause:
            continue
        for path in paths:
            inside = cause[: len(path)] == path
            around = path[: len(cause)] == cause and cause not in roots
            if inside or around:
                return True
    return False
