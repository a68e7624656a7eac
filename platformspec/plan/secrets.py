"""Secrets that a program refers to and does not make: somebody must fill them."""

from __future__ import annotations

from platformspec.ir.expr import Value, folded
from platformspec.ir.node import Manifest
from platformspec.ir.program import Program

SECRET_TYPE = "aws_secretsmanager_secret"


def secrets_to_fill(program: Program) -> tuple[str, ...]:
    """Names that ExternalSecrets read and that no resource of the program creates, sorted."""
    made = {folded(node.attrs.get("name")) for node in program if node.type == SECRET_TYPE}
    read: set[str] = set()
    for node in program:
        if isinstance(node, Manifest) and node.type.endswith("/ExternalSecret"):
            read.update(_keys(node.attrs.get("spec")))
    return tuple(sorted(name for name in read if name not in made))


def _keys(value: Value) -> set[str]:
    if isinstance(value, dict):
        found = {key for item in value.values() for key in _keys(item)}
        reference = value.get("remoteRef") or value.get("extract")
        name = folded(reference.get("key")) if isinstance(reference, dict) else None
        # An ARN belongs to a secret that AWS makes with the resource, such as a database's.
        return found | ({name} if isinstance(name, str) and not name.startswith("arn:") else set())
    if isinstance(value, (list, tuple)):
        return {key for item in value for key in _keys(item)}
    return set()
