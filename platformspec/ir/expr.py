"""Values of the IR: literals, references to values known only after creation, and text built from both.

Policy documents, helm values and embedded configuration stay trees (`Json`, `Yaml`) until they are emitted, so that plan
and checks see inside them.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, TypeAlias, Union

from platformspec.diagnostics import Path


@dataclass(frozen=True, slots=True)
class Attr:
    """A value of another node.

    `path` is written as Terraform writes it (`arn`, `vpc_config[0].cluster_security_group_id`). `known` is the literal
    that the value will have where it follows from what we set ourselves: it is printed instead of the reference wherever
    the reference cannot reach (another stack, a manifest), and the dependency stays.
    """

    node: str
    path: str
    known: str | int | None = None


@dataclass(frozen=True, slots=True)
class Concat:
    """Text made of literals and references, in order."""

    parts: tuple[Expr, ...]


@dataclass(frozen=True, slots=True)
class Json:
    """A tree that becomes one string of JSON."""

    tree: Any


@dataclass(frozen=True, slots=True)
class Yaml:
    """A tree that becomes one string of YAML."""

    tree: Any


@dataclass(frozen=True, slots=True)
class Secret:
    """The name of a secret, and of a property in it. Its value is never in the IR, an artifact, a plan or a state."""

    name: Expr
    property: str | None = None


Literal: TypeAlias = Union[bool, int, float, str, None]
Expr: TypeAlias = Union[bool, int, float, str, Attr, Concat, Json, Yaml, Secret, None]
Value: TypeAlias = "Expr | list[Value] | tuple[Value, ...] | dict[str, Value]"


def concat(*parts: Expr) -> Expr:
    """Join parts; neighbouring literals melt, and a text without a reference is a plain string.

    >>> concat("arn:aws:iam::", "111122223333", ":root")
    'arn:aws:iam::111122223333:root'
    """
    flat: list[Expr] = []
    for part in parts:
        for piece in part.parts if isinstance(part, Concat) else (part,):
            if flat and isinstance(flat[-1], str) and isinstance(piece, (str, int)) and not isinstance(piece, bool):
                flat[-1] = flat[-1] + str(piece)
            else:
                flat.append(str(piece) if isinstance(piece, int) and not isinstance(piece, bool) else piece)
    if not flat:
        return ""
    return flat[0] if len(flat) == 1 and isinstance(flat[0], str) else Concat(tuple(flat))


def attrs_in(value: Value) -> Iterator[Attr]:
    """Every reference inside a value, in order."""
    if isinstance(value, Attr):
        yield value
    elif isinstance(value, Concat):
        for part in value.parts:
            yield from attrs_in(part)
    elif isinstance(value, (Json, Yaml)):
        yield from attrs_in(value.tree)
    elif isinstance(value, Secret):
        yield from attrs_in(value.name)
    elif isinstance(value, dict):
        for item in value.values():
            yield from attrs_in(item)
    elif isinstance(value, (list, tuple)):
        for item in value:
            yield from attrs_in(item)


def is_known(value: Value) -> bool:
    """Whether the value is complete at compile time: every reference in it folds to a literal."""
    return all(attr.known is not None for attr in attrs_in(value))


def folded(value: Value) -> Value:
    """The value with each reference that has a known literal replaced by it."""
    if isinstance(value, Attr):
        return value if value.known is None else value.known
    if isinstance(value, Concat):
        return concat(*(folded(part) for part in value.parts))  # type: ignore[arg-type]
    if isinstance(value, Json):
        return Json(folded(value.tree))
    if isinstance(value, Yaml):
        return Yaml(folded(value.tree))
    if isinstance(value, Secret):
        return Secret(folded(value.name), value.property)  # type: ignore[arg-type]
    if isinstance(value, dict):
        return {key: folded(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [folded(item) for item in value]
    return value


def leaves(value: Value, prefix: Path = ()) -> Iterator[tuple[Path, Expr]]:
    """Every scalar or expression with its path; trees inside `Json` and `Yaml` are walked too."""
    if isinstance(value, (Json, Yaml)):
        yield from leaves(value.tree, prefix)
    elif isinstance(value, dict):
        if not value:
            yield prefix, None
        for key, item in value.items():
            yield from leaves(item, (*prefix, key))
    elif isinstance(value, (list, tuple)):
        if not value:
            yield prefix, None
        for position, item in enumerate(value):
            yield from leaves(item, (*prefix, position))
    else:
        yield prefix, value
