"""A value together with the places of the YAML that it came from.

Lowerings wrap what they take from a spec (`ctx.src(value, "capacity.nodes.max")`); building a node unwraps it and keeps
the paths as the attribute's provenance. Lines are looked up when printed and are in no digest.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Generic, TypeAlias, TypeVar

from platformspec.diagnostics import Path
from platformspec.ir.expr import Concat, Json, Secret, Value, Yaml

T = TypeVar("T")
Provenance = dict[Path, tuple[Path, ...]]
Given: TypeAlias = Any
"""An expression, a tree of them, or one of these as `Sourced`: what a lowering may put into an attribute."""


@dataclass(frozen=True, slots=True)
class Sourced(Generic[T]):
    """`value`, which follows from the YAML at `paths`."""

    value: T
    paths: tuple[Path, ...]

    def __str__(self) -> str:
        # Text made with str() would lose its paths in silence.
        raise TypeError("use .value and ctx.src(), so that the provenance is kept")


def paths_of(*values: Any) -> tuple[Path, ...]:
    """The union of the paths of those values that carry any, sorted."""
    found: set[Path] = set()
    for value in values:
        if isinstance(value, Sourced):
            found.update(value.paths)
    return tuple(sorted(found, key=str))


def unwrap(value: Any, into: Provenance, at: Path = ()) -> Value:
    """Strip every `Sourced`, recording its paths at the attribute path where it stood.

    Inside `Json` and `Yaml` the attribute path goes on into the tree; inside a `Concat` the whole text gets the paths.
    """
    if isinstance(value, Sourced):
        _record(into, at, value.paths)
        return unwrap(value.value, into, at)
    if isinstance(value, dict):
        return {key: unwrap(item, into, (*at, key)) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [unwrap(item, into, (*at, position)) for position, item in enumerate(value)]
    if isinstance(value, Json):
        return Json(unwrap(value.tree, into, at))
    if isinstance(value, Yaml):
        return Yaml(unwrap(value.tree, into, at))
    if isinstance(value, Concat):
        return Concat(tuple(unwrap(part, into, at) for part in value.parts))  # type: ignore[misc]
    if isinstance(value, Secret):
        return Secret(unwrap(value.name, into, at), value.property)  # type: ignore[arg-type]
    return value  # type: ignore[no-any-return]


def _record(into: Provenance, at: Path, paths: tuple[Path, ...]) -> None:
    before = into.get(at, ())
    into[at] = tuple(sorted({*before, *paths}, key=str)) if before else paths
