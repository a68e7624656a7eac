"""Reading nodes that a patch under `extend` may have given any shape."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from platformspec.sdk import AggregateContext, Node

T = TypeVar("T")


def is_patched(ctx: AggregateContext, node: Node) -> bool:
    """Whether somebody wrote a patch for the node, or for another one of its declaration that it is read with."""
    declaration = next((d for address, d in ctx.graph.declarations.items() if str(address) == node.declaration), None)
    return bool(getattr(declaration.spec, "extend", ())) if declaration is not None else False


def read(ctx: AggregateContext, node: Node, function: Callable[[], T], otherwise: T) -> T:
    """What `function` reads from the node; `otherwise` where a patch gave it a shape that cannot be read.

    Without a patch the shape is our own, and an error is a bug that must be seen.
    """
    try:
        return function()
    except (LookupError, TypeError, ValueError, AttributeError):
        if not is_patched(ctx, node):
            raise
        return otherwise
