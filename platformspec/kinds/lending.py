"""Teams that lend each other GPUs."""

from __future__ import annotations

from collections.abc import Mapping

from platformspec.kinds.team import TeamSpec


def cohorts(teams: Mapping[str, TeamSpec]) -> dict[str, tuple[str, ...]]:
    """Team -> itself and everyone that it is connected with by borrowing or lending, sorted. Teams that do neither are left out."""
    groups: dict[str, set[str]] = {}
    for name, spec in teams.items():
        for lender in spec.may_borrow_from:
            if lender in teams:
                joined = groups.get(name, {name}) | groups.get(lender, {lender})
                groups |= dict.fromkeys(joined, joined)
    return {name: tuple(sorted(group)) for name, group in groups.items() if len(group) > 1}


def borrowable(name: str, teams: Mapping[str, TeamSpec]) -> dict[str, int]:
    """Accelerator -> GPUs that the team may borrow at most: all that its lenders have."""
    total: dict[str, int] = {}
    for lender in teams[name].may_borrow_from:
        for accelerator, gpus in teams[lender].quota.items():
            total[accelerator] = total.get(accelerator, 0) + gpus
    return total
