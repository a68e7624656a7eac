"""`platformspec unlock`: release the lock of an apply that was interrupted."""

from __future__ import annotations

import argparse

from platformspec.apply.lock import described, is_dead, refusal
from platformspec.cli import exit
from platformspec.cli.environment import add_environment_arguments, environment
from platformspec.cli.session import compile_input, platform_input


def arguments(parser: argparse.ArgumentParser) -> None:
    """Its arguments."""
    parser.epilog = "examples:\n  platformspec unlock --env prod"
    add_environment_arguments(parser)
    parser.add_argument(
        "--force",
        action="store_true",
        help="also where its owner may be alive; make sure that it is not, or two applies run at once",
    )


def run(args: argparse.Namespace) -> int:
    """Run it. Nothing but the lock is changed."""
    source = platform_input(args.file)
    compilation = compile_input(source, args)
    with environment(source, compilation, args) as here:
        held = here.record.lock_owner()
        if held is None:
            print("there is no lock")
            return exit.OK
        if not args.force and not is_dead(held):
            raise refusal(held)
        here.record.drop_lock(held["token"])
        print(f"released the lock of {described(held)}")
        return exit.OK
