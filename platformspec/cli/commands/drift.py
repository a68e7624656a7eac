"""`platformspec drift`: what exists, compared with what was applied."""

from __future__ import annotations

import argparse
import dataclasses
import sys
from collections.abc import Mapping

from platformspec.cli import exit
from platformspec.cli.acting import confirm
from platformspec.cli.commands.destroy import NOTHING_APPLIED
from platformspec.cli.environment import Environment, add_environment_arguments, environment
from platformspec.cli.files import write_text
from platformspec.cli.output import progress
from platformspec.cli.session import Input, compile_input, platform_input
from platformspec.diagnostics import Failure
from platformspec.drift.adopt import Compiled, adopt
from platformspec.drift.drift import drift
from platformspec.drift.outcome import Outcome
from platformspec.drift.render import json, text
from platformspec.driver import Compilation, compile_platform
from platformspec.ir.delivery import deliveries
from platformspec.source.edited import Edited


def arguments(parser: argparse.ArgumentParser) -> None:
    """Its arguments."""
    parser.epilog = (
        "examples:\n  platformspec drift --env prod\n  platformspec drift --env prod --json\n"
        "  platformspec drift --env prod --adopt"
    )
    add_environment_arguments(parser)
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.add_argument(
        "--adopt", action="store_true", help="change the platform file so that it says what is live, after asking"
    )
    parser.add_argument("--auto-approve", action="store_true", help="with --adopt: do not ask")
    parser.set_defaults(parallelism=4, ready_minutes=0.0)


def run(args: argparse.Namespace) -> int:
    """Run it. Ends with 2 where something that the spec owns is not as it was applied, and was not adopted."""
    source = platform_input(args.file)
    compilation = compile_input(source, args)
    with environment(source, compilation, args) as here:
        outcome = _look(args, here)
    if args.adopt:
        outcome = _with_adoptions(outcome, compilation)
    sys.stdout.write(json.render(outcome) if args.json else text.render(outcome))
    sys.stdout.flush()
    written = bool(outcome.texts) and _write(args, source, outcome)
    return exit.CHANGES if (outcome.remaining if written else outcome.of_the_spec) else exit.OK


def _with_adoptions(outcome: Outcome, compilation: Compilation) -> Outcome:
    document, program = compilation.document, compilation.program
    assert document is not None
    assert program is not None
    with progress("trying edits"):
        adoptions, texts = adopt(
            outcome.deviations,
            Compiled(document, program),
            compilation.environment,
            compilation.file,
            lambda texts: _compiled(compilation, texts),
        )
    return dataclasses.replace(outcome, adoptions=adoptions, texts=texts)


def _compiled(of: Compilation, texts: Mapping[str, str]) -> Compiled | None:
    tree = Edited(of.tree, texts)
    made = compile_platform(tree, of.file, environment=of.environment, as_of=of.as_of, providers=of.providers)
    if not made.ok:
        return None
    assert made.document is not None
    assert made.program is not None
    return Compiled(made.document, made.program)


def _write(args: argparse.Namespace, source: Input, outcome: Outcome) -> bool:
    """Whether the edits were written. Raises `Stop` where the answer is no."""
    if not args.auto_approve and not sys.stdin.isatty():
        sys.stderr.write("nothing was written: nobody can be asked here, and --auto-approve was not given\n")
        return False
    names = ", ".join(sorted(outcome.texts))
    confirm(args, f"Write this to {names}?")
    for file, content in outcome.texts.items():
        write_text(source.path_of(file), content)
    sys.stderr.write(f"{names} written; the next apply takes what is live as it is\n")
    return True


def _look(args: argparse.Namespace, here: Environment) -> Outcome:
    here.refuse_locked(though_dead=False)
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
        options=options(args),
        delivered=tuple(deliveries(applied).values()),
    )


def options(args: argparse.Namespace) -> list[str]:
    """The arguments that choose the file and the environment, as they were typed."""
    words = [args.file] if args.file != "platform.yaml" else []
    words += ["--env", args.env] if args.env else []
    return words + (["--rehearse"] if args.rehearse else [])
