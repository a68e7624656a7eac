"""`platformspec approve`: write down that somebody approves what an apply would do."""

from __future__ import annotations

import argparse
import sys

from platformspec.apply.lock import locked, who
from platformspec.apply.saved_plan import STALE
from platformspec.apply.site import now
from platformspec.cli import exit
from platformspec.cli.acting import confirm, scope_of
from platformspec.cli.environment import add_environment_arguments, environment
from platformspec.cli.going_back import going_back
from platformspec.cli.output import wants_color
from platformspec.cli.planning import part_of, plan_between, planned
from platformspec.cli.session import compile_input, platform_input
from platformspec.diagnostics import Failure
from platformspec.plan.render import text


def arguments(parser: argparse.ArgumentParser) -> None:
    """Its arguments."""
    parser.epilog = (
        "examples:\n  platformspec approve --env prod\n  platformspec approve --env prod --role finops\n"
        "  platformspec approve --env prod --to 12"
    )
    add_environment_arguments(parser)
    parser.add_argument("--role", metavar="NAME", help="approve in this role, for a policy that asks for it")
    what = parser.add_mutually_exclusive_group()
    what.add_argument("--to", type=int, metavar="RUN", help="approve the rollback to this run")
    what.add_argument(
        "--target", metavar="ADDRESS", help="approve `apply --target` of this declaration, and nothing else"
    )
    parser.add_argument("--auto-approve", action="store_true", help="do not ask")


def run(args: argparse.Namespace) -> int:
    """Run it. The approval holds for exactly this change."""
    source = platform_input(args.file)
    compilation = compile_input(source, args)
    with environment(source, compilation, args) as here:
        if args.to is not None:
            _, head, plan, notes = going_back(here, args.to)
        else:
            head = here.program
            before = here.recorded()
            plan, notes = planned(before, compilation, "what was applied last", args)
            if (scope := scope_of(here, args.target)) is not None:
                plan, notes = part_of(plan, notes, before, compilation, scope)
        sys.stdout.write(text.render(plan, notes, color=wants_color(sys.stdout)))
        confirm(args, "Approve this?")
        with locked(here.record, "approve", now()):
            if plan.base_digest != plan_between(here.recorded(), head, compilation).base_digest:
                raise Failure(STALE, "somebody has applied meanwhile", "look at `platformspec plan`, and approve that")
            here.record.approve(plan.head_digest, plan.base_digest, who(), args.role, now())
        print(f"approved by {who()}" + (f" as {args.role}" if args.role else ""))
    return exit.OK
