"""A rollback as rollback and approve show it, and what the platform file has to do with it afterwards."""

from __future__ import annotations

import shlex
from collections.abc import Iterator

from platformspec.apply.record import Run
from platformspec.apply.rollback import chosen, program_at, renamed_since
from platformspec.cli.environment import Environment
from platformspec.cli.planning import plan_between
from platformspec.cost.delta import compare
from platformspec.cost.estimate import estimate
from platformspec.ir.program import Program
from platformspec.plan.change import Plan
from platformspec.plan.digest import digest
from platformspec.plan.notes import PlanNotes
from platformspec.plan.secrets import secrets_to_fill

CHANGED = " with changes"
"""How a revision ends where the file was not as it was committed; see `Environment.header`."""


def going_back(here: Environment, number: int | None) -> tuple[Run, Program, Plan, PlanNotes]:
    """The run to go back to, what it applied, and the plan to that. Raises `Failure` where there is no such run.

    Lines of the present file are left out: the program is not made of them.
    """
    run = chosen(here.record.runs(), number)
    head, before = program_at(here.record, run), here.recorded()
    prices = here.compilation.prices
    assert prices is not None
    base = estimate(before.renamed(head.former).costs, prices) if before is not None else None
    notes = PlanNotes(
        against="what was applied last",
        warnings=(),
        place=lambda _: None,
        declared_at={},
        nouns=here.compilation.providers.nouns,
        secrets_to_fill=secrets_to_fill(head),
        cost=compare(base, estimate(head.costs, prices)),
    )
    return run, head, plan_between(before, head, here.compilation), notes


def described(run: Run) -> str:
    """`run 3, the apply of lea on 2026-11-25T10:00:00+00:00 from commit 0a1b2c3d4e5f`."""
    revision = f" from commit {_commit(run)[:12]}" if run.revision else ""
    return f"run {run.id}, the {run.command} of {run.who} on {run.started}{revision}"


def file_afterwards(here: Environment, head: Program, number: int) -> Iterator[str]:
    """What to do with the platform file now that what it says is not what runs; lines for people."""
    if digest(here.program) == digest(head):
        yield f"{here.file} says the same as what runs now."
        return
    run = next(run for run in here.record.runs() if run.id == number)
    yield f"{here.file} is ahead of what runs now: {described(run)}. The next apply goes forward again, unless the file is taken back first:"
    if run.revision is None:
        yield "  there is no commit to take it from; `platformspec plan` shows what differs"
    else:
        yield f"  git checkout {_commit(run)[:12]} -- {shlex.quote(run.file)}   (and what it includes); or `git revert` what came after"
    if run.revision is not None and run.revision.endswith(CHANGED):
        yield "  its folder had changes then that were not committed: `platformspec plan` shows what still differs"
    for then, now in renamed_since(here.record, run).items():
        yield f"  keep the name of {now} with its `was`: it was {then} then"


def _commit(run: Run) -> str:
    assert run.revision is not None
    return run.revision.removesuffix(CHANGED)
