"""`platformspec drift`: what exists, compared with what was applied."""

from __future__ import annotations

import argparse
import sys

from platformspec.apply.lock import is_dead, refusal
from platformspec.cli import exit
from platformspec.cli.commands.destroy import NOTHING_APPLIED
from platformspec.cli.environment import Environment, add_environment_arguments, environment
from platformspec.cli.output import progress
from platformspec.cli.session import compile_input, platform_input
from platformspec.diagnostics import Failure
from platformspec.drift.drift import drift
from platformspec.drift.outcome import Outcome, restore_command
from platformspec.drift.render import json, text


def arguments(parser: argparse.ArgumentParser) -> None:
    """Its arguments."""
    parser.epilog = "examples:\n  platformspec drift --env prod\n  platformspec drift --env prod --json"
    add_environment_arguments(parser)
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.set_defaults(parallelism=4, ready_minutes=0.0)


def run(args: argparse.Namespace) -> int:
    """Run it. Ends with 2 where something that the spec owns is not as it was applied."""
    source = platform_input(args.file)
    compilation = compile_input(source, args)
    with environment(source, compilation, args) as here:
        outcome = _look(args, here)
    sys.stdout.write(json.render(outcome) if args.json else text.render(outcome))
    return exit.CHANGES if outcome.of_the_spec else exit.OK


def _look(args: argparse.Namespace, here: Environment) -> Outcome:
    held = here.record.lock_owner()
    if held is not None and not is_dead(held):
        raise refusal(held)
    applied = here.recorded()
    if applied is None:
        raise Failure(NOTHING_APPLIED, "nothing was applied here", "platformspec apply")
    last = here.record.runs()[-1]
    with progress("looking"):
        found = drift(here.site(args), applied)
    document = here.compilation.document
    assert document is not None
    return Outcome(
        platform=applied.platform,
        environment=applied.environment,
        applied_by=f"what run {last.id} left at {last.ended or last.started}",
        deviations=found,
        document=document,
        restore=restore_command(found, options(args)),
    )


def options(args: argparse.Namespace) -> list[str]:
    """The arguments that choose the file and the environment, as they were typed."""
    words = [args.file] if args.file != "platform.yaml" else []
    words += ["--env", args.env] if args.env else []
    return words + (["--rehearse"] if args.rehearse else [])
