"""`platformspec record`: who applied what, and what each step did."""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import asdict

from platformspec.apply.lock import described
from platformspec.cli import exit
from platformspec.cli.environment import add_environment_arguments, environment
from platformspec.cli.session import compile_input, platform_input
from platformspec.plan import words


def arguments(parser: argparse.ArgumentParser) -> None:
    """Its arguments."""
    parser.epilog = "examples:\n  platformspec record\n  platformspec record --env prod --run 12"
    add_environment_arguments(parser)
    parser.add_argument("--run", type=int, metavar="N", help="the steps of this run")
    parser.add_argument("--json", action="store_true", help="print JSON")


def run(args: argparse.Namespace) -> int:
    """Run it."""
    source = platform_input(args.file)
    compilation = compile_input(source, args)
    with environment(source, compilation, args) as here:
        runs = here.record.runs()
        if args.run is not None:
            if all(run.id != args.run for run in runs):
                sys.stderr.write(f"there is no run {args.run}; `platformspec record` lists them\n")
                return exit.USAGE
            steps = here.record.steps(args.run)
            if args.json:
                print(json.dumps([asdict(step) for step in steps], indent=2))
                return exit.OK
            for step in steps:
                said = step.detail.get("summary") or step.detail.get("failure") or ""
                print(f"{step.started}  {step.status:<11} {step.name}" + (f": {said}" if said else ""))
            return exit.OK
        if args.json:
            print(json.dumps([asdict(run) for run in runs], indent=2))
            return exit.OK
        for run in runs:
            # What did not finish has done less than it was to do.
            said = words.done if run.status == "complete" else words.counts
            revision = f" at {run.revision[:12]}" if run.revision else ""
            print(
                f"{run.id:>4}  {run.started}  {run.command:<8} {run.status:<11} by {run.who} on {run.host}{revision}: "
                f"{said({action: run.counts.get(action, 0) for action in words.VERBS})}"
            )
        if not runs:
            print("nothing was applied yet")
        if (held := here.record.lock_owner()) is not None:
            print(f"locked by {described(held)}")
    return exit.OK
