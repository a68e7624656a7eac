"""Differences between two plain values, and their places in a node."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from platformspec.apply.terraform_plan import part_at
from platformspec.diagnostics import Path
from platformspec.ir.expr import Json, Yaml
from platformspec.ir.node import Node
from platformspec.plan.change import ABSENT

Difference = tuple[Path, Any, Any]


def differences(one: Any, other: Any, path: Path = ()) -> Iterator[Difference]:
    """(path, value in one, value in the other) of everything that differs, as deep as both have the same shape.

    Text that holds JSON on both sides is compared as what it holds.
    """
    if one == other and type(one) is type(other):
        return
    one, other = _embedded(one, other)
    if isinstance(one, dict) and isinstance(other, dict):
        for key in sorted({*one, *other}):
            yield from differences(one.get(key, ABSENT), other.get(key, ABSENT), (*path, key))
    elif isinstance(one, list) and isinstance(other, list) and len(one) == len(other):
        for position, (left, right) in enumerate(zip(one, other, strict=True)):
            yield from differences(left, right, (*path, position))
    elif one != other:
        yield path, one, other


def _embedded(one: Any, other: Any) -> tuple[Any, Any]:
    if not (isinstance(one, str) and isinstance(other, str) and one[:1] in "{[" and other[:1] in "{["):
        return one, other
    try:
        return json.loads(one), json.loads(other)
    except ValueError:
        return one, other


def is_sensitive(path: Path, value: Any, mask: Any) -> bool:
    """Whether the mask of Terraform's JSON plan hides the value at this path, or any part of it."""
    return _hides(value, part_at(mask, path))


def _hides(value: Any, mask: Any) -> bool:
    if isinstance(value, dict) and isinstance(mask, dict):
        return any(_hides(item, mask.get(key)) for key, item in value.items())
    if isinstance(value, list) and isinstance(mask, list):
        return any(map(_hides, value, mask))
    return mask is True


def in_node(node: Node, path: Path) -> Path:
    """Terraform's path of an attribute as the node has it: a block that is written as a mapping has no positions there."""
    here: Any = dict(node.attrs)
    found: list[str | int] = []
    for part in path:
        if isinstance(here, (Json, Yaml)):
            here = here.tree
        if isinstance(part, int) and isinstance(here, dict):
            continue
        found.append(part)
        try:
            here = here[part]
        except (KeyError, IndexError, TypeError):
            here = None
    return tuple(found)
