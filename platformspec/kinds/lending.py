"""Teams that lend each other GPUs."""

from __future__ import annotations

from collections.abc import Mapping

from platformspec.kinds.team import TeamSpec


def cohort(name: str, teams: Mapping[str, TeamSpec]) -> tuple[str, ...]:
    """The team and everyone that it is connected with by borrowing or lending, sorted; empty for a team that does neither."""
    found, todo = {name}, [name]
    while todo:
        one = todo.pop()
        near = {lender for lender in teams[one].may_borrow_from if lender in teams}
        near |= {other for other, spec in teams.items() if one in spec.may_borrow_from}
        todo += near - found
        found |= near
    return tuple(sorted(found)) if len(found) > 1 else ()


def borrowable(name: str, teams: Mapping[str, TeamSpec]) -> dict[str, int]:
    """Accelerator -> GPUs that the team may borrow at most: all that its lenders have."""
    total: dict[str, int] = {}
    for lender in teams[name].may_borrow_from:
        for accelerator, gpus in teams[lender].quota.items():
            total[accelerator] = total.get(accelerator, 0) + gpus
    return total
