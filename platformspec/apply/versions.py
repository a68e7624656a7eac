"""Versions that the cloud only lets rise."""

from __future__ import annotations

import re
from collections.abc import Mapping

from platformspec.diagnostics import Code, Failure
from platformspec.plan.change import Plan

LOWERED = Code(
    "PS784",
    "a version that cannot be taken back",
    explain="The cloud raises the version of a database or a cache and never lowers it: the request would fail in the middle of the "
    "apply. The way back is a new one beside it, or a restored backup. Keep the present version, also in a rollback: change the rest of platform.yaml "
    "back and apply that.",
)


def numbers(version: str) -> tuple[int, ...]:
    """The numbers of a version, in order.

    >>> numbers("1.35"), numbers("17")
    ((1, 35), (17,))
    """
    return tuple(int(number) for number in re.findall(r"\d+", version))


def refuse_lowered(plan: Plan, only_rise: Mapping[str, str]) -> None:
    """Raises `Failure` where the plan lowers a version in place. `only_rise`: type -> the argument that is its version.

    A version without its last numbers (`17`) means any of them, so only the numbers that both have are compared.
    """
    for change in plan.changes:
        argument = only_rise.get(change.node.type)
        if change.action != "update" or argument is None:
            continue
        for attribute in change.attributes:
            before, after = attribute.before, attribute.after
            if attribute.path != (argument,) or not isinstance(before, str) or not isinstance(after, str):
                continue
            both = min(len(numbers(before)), len(numbers(after)))
            if numbers(after)[:both] < numbers(before)[:both]:
                raise Failure(
                    LOWERED,
                    f"{change.id} has version {before}, and the plan lowers it to {after}",
                    f"keep version {before} of {change.node.declaration}, or build a new one beside it",
                )
