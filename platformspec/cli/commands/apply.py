"""`platformspec apply`: create and change what the plan says."""

from __future__ import annotations

import argparse
import json as json_format
import pathlib
import sys

from platformspec.apply.announced import refuse_half_moved
from platformspec.apply.saved_plan import refuse_other_plan
from platformspec.apply.target import reached
from platformspec.cli import exit
from platformspec.cli.acting import (
    NOTHING_TO_RESUME,
    act,
    add_acting_arguments,
    add_forcing_arguments,
    confirm,
    refuse_idle,
    refuse_unknown,
    scope_of,
    unfinished,
)
from platformspec.cli.environment import Environment, add_environment_arguments, environment
from platformspec.cli.output import wants_color
from platformspec.cli.permission import permit
from platformspec.cli.planning import part_of, plan_between, planned
from platformspec.cli.session import compile_input, platform_input, write_lock
from platformspec.diagnostics import Failure
from platformspec.ir.program import Program
from platformspec.plan import words
from platformspec.plan.digest import digest
from platformspec.plan.render import json, text


def arguments(parser: argparse.ArgumentParser) -> None:
    """Its arguments."""
    parser.epilog = (
        "examples:\n  platformspec plan --env prod --out plan.json\n  platformspec apply --env prod --plan plan.json\n"
        "  platformspec apply --resume\n  platformspec apply --target model.chat"
    )
    add_environment_arguments(parser)
    add_acting_arguments(parser)
    parser.add_argument("--plan", metavar="F", help="apply only what this plan (`plan --out F`) says")
    parser.add_argument(
        "--target", metavar="ADDRESS", help="only this declaration and what it needs, such as model.chat"
    )
    parser.add_argument("--resume", action="store_true", help="go on with the last run, which did not finish")
    parser.add_argument(
        "--create-again",
        action="store_true",
        help="with --resume: nothing exists of what the interrupted run may have created",
    )
    add_forcing_arguments(parser)


def run(args: argparse.Namespace) -> int:
    """Run it."""
    refuse_idle(args, "--rehearse", "--inject", "--cluster")
    refuse_idle(args, "--resume", "--create-again")
    for option in ("plan", "target"):
        if args.resume and getattr(args, option) is not None:
            sys.stderr.write(
                f"platformspec apply: --resume goes on with what was begun; --{option} cannot change that\n"
            )
            return exit.USAGE
    source = platform_input(args.file)
    compilation = compile_input(source, args)
    with environment(source, compilation, args) as here:
        if args.resume:
            return _resume(args, here)
        here.refuse_locked()
        refuse_unknown(here, here.program, args)
        before = here.recorded()
        plan, notes = planned(before, compilation, "what was applied last", args)
        if args.plan is not None:
            refuse_other_plan(pathlib.Path(args.plan), json_format.loads(json.render(plan, notes)))
        scope, left = scope_of(here, args.target), 0
        if scope is not None:
            refuse_half_moved(plan, scope, args.target)
            whole = len(plan.changes)
            plan, notes = part_of(plan, notes, before, compilation, scope)
            left = whole - len(plan.changes)
        permit(here, plan, notes.approvals, approve=f" --target {args.target}" if scope is not None else "")
        if not args.json:
            sys.stdout.write(text.render(plan, notes, color=wants_color(sys.stdout)))
            if left:
                print(
                    f"Held to {args.target}: {words.plural(left, 'other change')} of the file left for another apply."
                )
        confirm(args, f"Apply this to {_where(here)}?")
        write_lock(source, compilation)
        options = {"target": args.target, "allow_destroy": args.allow_destroy}
        return act(here, args, "apply", here.program, plan, options, guards={})


def _resume(args: argparse.Namespace, here: Environment) -> int:
    """Go on with the last run. It was confirmed, approved and outside a freeze when it began."""
    here.refuse_locked(though_dead=False)
    last = unfinished(here)
    command = last.command
    if command == "destroy":
        head = Program.of(here.program.platform, here.program.environment, [])
    elif command == "rollback":
        head = here.record.program_of(last.id)
    else:
        head = here.program
    scope = scope_of(here, last.options.get("target"))
    if digest(head if scope is None else reached(here.recorded(), head, scope)) != last.head_digest:
        raise Failure(
            NOTHING_TO_RESUME,
            f"the platform file has changed since run {last.id}, which did not finish",
            "`platformspec unlock` gives it up; then `platformspec plan` and `platformspec apply`",
        )
    refuse_unknown(here, head, args)
    plan = plan_between(here.recorded(), head, here.compilation)
    guards = here.compilation.providers.acting.guards if last.options.get("include_protected") else {}
    options = {
        **last.options,
        "allow_destroy": [*last.options.get("allow_destroy", ()), *args.allow_destroy],
        "create_again": args.create_again,
    }
    return act(here, args, command, head, plan, options, guards=guards, resumes=last)


def _where(here: Environment) -> str:
    name = here.program.platform
    return f"{name} ({here.program.environment})" if here.program.environment else name
