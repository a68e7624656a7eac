"""Permissions that give everything."""

from __future__ import annotations

from collections.abc import Iterator

from platformspec.address import Address
from platformspec.diagnostics import Code
from platformspec.review.dangers.danger import Danger, Situation
from platformspec.review.permissions import permission_delta

POWERFUL = Code(
    "PS628",
    "somebody gets the power to do everything",
    explain="An administrator is added, or a permission for every action. Whoever holds it can undo every other rule of the platform.",
)


def powers(s: Situation) -> Iterator[Danger]:
    """Permissions for every action that are new."""
    for permission in permission_delta(s.base.program, s.head.program).added:
        if not permission.broad:
            continue
        change = next(
            (c for c in s.plan.changes if c.node.declaration == permission.declaration and c.action != "delete"), None
        )
        try:
            address = Address.parse(permission.declaration)
        except ValueError:
            address = Address("platform", "main")
        yield s.danger(
            POWERFUL,
            address,
            f"new: {permission.sentence}",
            "check that this is meant; give the narrowest role that does",
            path=s.cause(change) if change is not None else (),
        )
