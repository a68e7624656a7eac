"""The digest of a program: equal where the same things would be created."""

from __future__ import annotations

import hashlib

from platformspec.ir.expr import Attr, Concat, Json, Secret, Value, Yaml
from platformspec.ir.program import Program


def digest(program: Program) -> str:
    """SHA-256 over ids, types, places and attributes. Provenance is left out: moving a line changes nothing."""
    state = hashlib.sha256()
    for node in program:
        state.update(
            repr(
                (
                    node.id,
                    node.type,
                    node.stack,
                    node.placement,
                    _stable(dict(node.attrs)),
                    node.after,
                    _stable(dict(node.lifecycle)),
                )
            ).encode()
        )
    return state.hexdigest()


def _stable(value: Value) -> object:
    if isinstance(value, dict):
        return sorted((key, _stable(item)) for key, item in value.items())
    if isinstance(value, (list, tuple)):
        return [_stable(item) for item in value]
    if isinstance(value, (Json, Yaml)):
        return type(value).__name__, _stable(value.tree)
    if isinstance(value, Concat):
        return "Concat", [_stable(part) for part in value.parts]
    if isinstance(value, (Attr, Secret)):
        return repr(value)
    return value
