"""`platformspec plan --live`: the usual plan, and what terraform and the clusters say about it."""

from __future__ import annotations

import argparse
import pathlib
import sys

from platformspec.cli import exit
from platformspec.cli.acting import refuse_idle
from platformspec.cli.environment import environment
from platformspec.cli.files import cannot_write
from platformspec.cli.output import progress, wants_color
from platformspec.cli.planning import planned
from platformspec.cli.session import compile_input, platform_input
from platformspec.drift.live import look
from platformspec.drift.render import live as render_live
from platformspec.plan.render import json, text


def live_plan(args: argparse.Namespace) -> int:
    """Run it. `--detailed-exitcode` counts what was found live as well."""
    refuse_idle(args, "--live", "--rehearse")
    for option, why in (("against", "compares with what exists"), ("format", "is text")):
        if getattr(args, option) not in (None, "text"):
            sys.stderr.write(f"platformspec plan: --live {why}; leave --{option} out\n")
            return exit.USAGE
    source = platform_input(args.file)
    compilation = compile_input(source, args)
    with environment(source, compilation, args) as here:
        here.refuse_locked(though_dead=False)
        before = here.recorded()
        plan, notes = planned(before, compilation, "what was applied last", args, until=args.at)
        sys.stdout.write(text.render(plan, notes, color=wants_color(sys.stdout)))
        if args.out is not None:
            try:
                pathlib.Path(args.out).write_text(json.render(plan, notes), "utf-8")
            except OSError as error:
                raise cannot_write(error) from error
        sys.stdout.flush()
        with progress("looking"):
            live = look(here.site(args), here.program, before, plan)
    sys.stdout.write(render_live.render(live, compilation.providers.nouns))
    return exit.CHANGES if args.detailed_exitcode and (plan.changes or live.differs) else exit.OK
