"""`platformspec rollback`: back to what an earlier run applied."""

from __future__ import annotations

import argparse
import sys

from platformspec.cli.acting import (
    act,
    add_acting_arguments,
    add_forcing_arguments,
    confirm,
    refuse_idle,
    refuse_unknown,
)
from platformspec.cli.environment import add_environment_arguments, environment
from platformspec.cli.going_back import described, going_back
from platformspec.cli.output import wants_color
from platformspec.cli.permission import permit
from platformspec.cli.session import compile_input, platform_input
from platformspec.plan.render import text


def arguments(parser: argparse.ArgumentParser) -> None:
    """Its arguments."""
    parser.epilog = (
        "examples:\n  platformspec rollback --env prod\n  platformspec record\n  platformspec rollback --to 12"
    )
    add_environment_arguments(parser)
    add_acting_arguments(parser)
    parser.add_argument(
        "--to",
        type=int,
        metavar="RUN",
        help="the run whose platform is to run again (default: the last finished one that differs from what was applied last)",
    )
    add_forcing_arguments(parser)


def run(args: argparse.Namespace) -> int:
    """Run it. The file gives the rules (approvals, freeze windows, the place of the record), and the record the platform."""
    refuse_idle(args, "--rehearse", "--inject", "--cluster")
    source = platform_input(args.file)
    compilation = compile_input(source, args)
    with environment(source, compilation, args) as here:
        here.refuse_locked()
        to, head, plan, notes = going_back(here, args.to)
        refuse_unknown(here, head, args)
        permit(here, plan, (), approve=f" --to {to.id}")
        if not args.json:
            print(f"Back to {described(to)}")
            sys.stdout.write(text.render(plan, notes, color=wants_color(sys.stdout)))
        confirm(args, f"Go back to run {to.id}?")
        return act(here, args, "rollback", head, plan, {"to": to.id, "allow_destroy": args.allow_destroy}, guards={})
