"""What apply, destroy and rollback share: arguments, confirmation, the run under the lock, and how it ended."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping
from typing import Any

from platformspec.apply.announced import Guards, refuse_unknown_permissions
from platformspec.apply.apply import Intent, Outcome, apply, steps_done, wait_for_orphans
from platformspec.apply.lock import locked
from platformspec.apply.record import Run
from platformspec.apply.resuming import RESUME
from platformspec.apply.saved_plan import STALE
from platformspec.apply.site import Site, now
from platformspec.apply.standing import reach_standing
from platformspec.apply.target import closure, reached
from platformspec.cli import exit
from platformspec.cli.environment import Environment
from platformspec.cli.going_back import file_afterwards
from platformspec.cli.output import diagnostics_text, wants_color
from platformspec.cli.planning import plan_between
from platformspec.cli.stop import Stop
from platformspec.diagnostics import Code, Failure
from platformspec.ir.program import Program
from platformspec.lower.stage import CLUSTERS
from platformspec.plan import words
from platformspec.plan.change import Plan
from platformspec.plan.digest import digest

NOT_CONFIRMED = Code(
    "PS725",
    "a change that nobody confirmed",
    explain="apply, destroy and rollback show what they will do and ask. Where nobody can be asked, in a pipeline, `--auto-approve` says that the "
    "plan was looked at before: best together with `--plan FILE`.",
)
NOTHING_TO_RESUME = Code(
    "PS709",
    "nothing to resume, or something else",
    explain="`apply --resume` goes on with the last run, if that did not finish, towards exactly what it was to reach. Where the platform file has "
    "changed since, a new plan is needed: `platformspec unlock` gives the old run up, and `platformspec apply` plans from what the record knows.",
)
NO_TARGET = Code(
    "PS728",
    "a target that nothing belongs to",
    explain="`--target` takes the address of a declaration, such as model.chat. Everything that it needs is applied with it.",
)


def add_acting_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of every command that changes something outside."""
    parser.add_argument("--auto-approve", action="store_true", help="do not ask")
    parser.add_argument(
        "--parallelism", type=_count, default=4, metavar="N", help="stacks at the same time (default: 4)"
    )
    parser.add_argument(
        "--ready-minutes",
        type=_minutes,
        default=45.0,
        metavar="N",
        help="how long to wait until workloads are ready; 0: do not wait (default: 45)",
    )
    parser.add_argument(
        "--git",
        action="append",
        default=[],
        metavar="DIR",
        help="a clone of the repository that a cluster's `delivery` names; may be repeated",
    )
    parser.add_argument("--push", action="store_true", help="push what is committed there")
    parser.add_argument("--json", action="store_true", help="print events as JSON, one on a line")
    parser.add_argument(
        "--inject", metavar="F", help="with --rehearse: a file of rules that make steps fail, wait or crash"
    )
    parser.add_argument(
        "--cluster",
        choices=CLUSTERS,
        help="with --rehearse: an emulated Kubernetes API (the default), or a real cluster that kind or k3d makes on this machine",
    )


def add_forcing_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments that let a change of what exists go further than it would by itself."""
    parser.add_argument(
        "--allow-destroy",
        action="append",
        default=[],
        metavar="ID",
        help="let Terraform destroy this resource although the plan did not say so; may be repeated",
    )
    parser.add_argument(
        "--force-conflicts", action="store_true", help="take over fields of Kubernetes objects that others have set"
    )


def refuse_idle(args: argparse.Namespace, needed: str, *options: str) -> None:
    """Say which of the options does nothing, because `needed` is not given, and raise `Stop`. Both as they are typed."""
    for option in options:
        if getattr(args, _attribute(option)) and not getattr(args, _attribute(needed)):
            sys.stderr.write(f"platformspec {args.command}: {option} does something only with {needed}\n")
            raise Stop(exit.USAGE)


def _attribute(option: str) -> str:
    return option.removeprefix("--").replace("-", "_")


def confirm(args: argparse.Namespace, question: str) -> None:
    """Ask. Raises `Failure` where nobody can be asked, and `Stop` where the answer is no."""
    if args.auto_approve:
        return
    if not sys.stdin.isatty():
        raise Failure(
            NOT_CONFIRMED,
            "nobody can be asked here, and --auto-approve was not given",
            "look at `platformspec plan`, then add --auto-approve",
        )
    sys.stderr.write(f"{question} Only yes is taken as yes: ")
    sys.stderr.flush()
    if sys.stdin.readline().strip() != "yes":
        sys.stderr.write("nothing was done\n")
        raise Stop(exit.ERRORS)


def refuse_unknown(environment: Environment, head: Program, args: argparse.Namespace) -> None:
    """Raises `Failure` where `--allow-destroy` names nothing."""
    if not args.allow_destroy:
        return
    nodes = [item.node for item in environment.record.known().values()]
    refuse_unknown_permissions(args.allow_destroy, [*head, *nodes], head.former)


def scope_of(environment: Environment, target: str | None) -> frozenset[str] | None:
    """Ids to which `--target` holds the run. Raises `Failure` where nothing belongs to it."""
    if target is None:
        return None
    found = closure(environment.program, environment.recorded(), target)
    if not found:
        raise Failure(
            NO_TARGET,
            f"nothing is made of {target}",
            "`platformspec show --resources` lists what is made, by address",
        )
    return found


def act(
    environment: Environment,
    args: argparse.Namespace,
    command: str,
    head: Program,
    plan: Plan,
    options: Mapping[str, Any],
    *,
    guards: Guards,
    resumes: Run | None = None,
) -> int:
    """Run it under the lock, and say how it ended."""
    site = environment.site(args, head if command == "rollback" else None)
    outcome = None
    try:
        with locked(environment.record, command, now(), take_over=resumes is not None):
            intent, plan = _begun(environment, site, command, head, plan, options, guards=guards, resumes=resumes)
            outcome = apply(site, intent)
            if environment.shared is not None and outcome.complete:
                environment.shared.keep_locks(head.by_stack)
    except KeyboardInterrupt:
        if not site.run:
            raise
        sys.stderr.write("interrupted; `platformspec apply --resume` goes on\n")
        return exit.PARTIAL if site.acted else exit.ERRORS
    except Failure as failure:
        if outcome is None and not site.acted and resumes is None:
            raise
        # The record or its lock was lost after something was done, or what an earlier run had begun cannot go on yet.
        failures = outcome.failures if outcome is not None and not outcome.complete else (failure.diagnostic,)
        outcome = Outcome(failures, site.acted)
    if environment.stage is not None and not args.json:
        print("\n".join(environment.stage.summary().lines))
    if command == "rollback" and outcome.complete and not args.json:
        print("\n".join(file_afterwards(environment, head, options["to"])))
    return _ended(args, outcome, plan, began_before=resumes is not None)


def _begun(
    environment: Environment,
    site: Site,
    command: str,
    head: Program,
    plan: Plan,
    options: Mapping[str, Any],
    *,
    guards: Guards,
    resumes: Run | None,
) -> tuple[Intent, Plan]:
    """Begin the run in the record, under the lock; what it is to do. Raises `Failure` where the plan no longer holds."""
    record = environment.record
    if resumes is not None:
        wait_for_orphans(site, resumes.id)
    before, scope = environment.recorded(), scope_of(environment, options.get("target"))
    then = head if scope is None else reached(before, head, scope)
    if resumes is not None:
        # What ended meanwhile is in the states; what is known was read again.
        plan = plan_between(before, head, environment.compilation)
        plan = plan if scope is None else plan.within(scope, digest(then))
    elif plan.base_digest != (digest(before) if before is not None else None):
        raise Failure(
            STALE, "somebody has applied since this plan was made", "look at `platformspec plan`, and apply again"
        )
    if environment.shared is not None:
        environment.shared.fetch_locks(head.by_stack)
    reach_standing(site, head, plan, scope, environment.compilation.providers.acting.clusters)
    record.back_up()
    intent = Intent(
        head=head,
        plan=plan,
        scope=scope,
        allowed=frozenset(options.get("allow_destroy", ())),
        done=frozenset(steps_done(site, resumes.id)) if resumes is not None else frozenset(),
        create_again=bool(options.get("create_again")),
        guards=guards,
    )
    if resumes is not None:
        record.end_run(resumes.id, "interrupted", resumes.ended or now())
    site.run = record.begin_run(environment.header(command, plan, head, options), then)
    site.again = RESUME
    return intent, plan


def _ended(args: argparse.Namespace, outcome: Outcome, plan: Plan, *, began_before: bool) -> int:
    if outcome.complete:
        if not args.json:
            print("Done." if began_before else f"Done: {words.done(plan.counts)}.")
        return exit.OK
    sys.stderr.write(diagnostics_text(list(outcome.failures), {}, "full", color=wants_color(sys.stderr)))
    if outcome.acted or began_before:
        sys.stderr.write("partly done; `platformspec apply --resume` goes on\n")
        return exit.PARTIAL
    sys.stderr.write("nothing was done\n")
    return exit.ERRORS


def unfinished(environment: Environment) -> Run:
    """The last run, if it did not finish. Raises `Failure` otherwise."""
    runs = environment.record.runs()
    if not runs or runs[-1].status == "complete":
        if environment.record.lock_owner() is not None:
            raise Failure(
                NOTHING_TO_RESUME,
                "the last run has finished, or there was none; one that was killed before it began has left its lock",
                "`platformspec unlock`, then `platformspec apply`",
            )
        raise Failure(NOTHING_TO_RESUME, "the last run has finished, or there was none", "platformspec apply")
    return runs[-1]


def _count(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError("at least 1 is needed")
    return number


def _minutes(text: str) -> float:
    number = float(text)
    if not 0 <= number < float("inf"):
        raise argparse.ArgumentTypeError("a number of minutes from 0 is needed")
    return number
