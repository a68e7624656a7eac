"""`platformspec destroy`: take everything away, in reverse order."""

from __future__ import annotations

import argparse
import string
import sys
from collections.abc import Iterable, Mapping

from platformspec.apply.announced import guard_of
from platformspec.apply.record import Known
from platformspec.cli import exit
from platformspec.cli.acting import act, add_acting_arguments, confirm, refuse_idle
from platformspec.cli.environment import add_environment_arguments, environment
from platformspec.cli.output import wants_color
from platformspec.cli.planning import notes_of, plan_between
from platformspec.cli.session import compile_input, platform_input
from platformspec.diagnostics import Code, Failure
from platformspec.ir.expr import folded
from platformspec.ir.program import Program
from platformspec.plan.render import text

PROTECTED_DATA = Code(
    "PS730",
    "a destroy of protected things",
    explain="Something in this environment has `protect: true` or its deletion protection on. destroy refuses to touch any of the environment "
    "then, unless `--include-protected` is given: it turns the protection off, and destroys the data too.",
)
NOTHING_APPLIED = Code(
    "PS729",
    "an environment in which nothing was applied",
    explain="The record of this environment is empty or was never begun, so there is nothing that platformspec could destroy, roll back or compare.",
)


def arguments(parser: argparse.ArgumentParser) -> None:
    """Its arguments."""
    parser.epilog = "examples:\n  platformspec destroy --env dev\n  platformspec destroy --env dev --include-protected"
    add_environment_arguments(parser)
    add_acting_arguments(parser)
    parser.add_argument(
        "--include-protected", action="store_true", help="destroy what is protected as well, with its data"
    )


def run(args: argparse.Namespace) -> int:
    """Run it. What is destroyed is what the record knows, whatever the file says now."""
    refuse_idle(args, "--rehearse", "--inject", "--cluster")
    source = platform_input(args.file)
    compilation = compile_input(source, args)
    with environment(source, compilation, args) as here:
        here.refuse_locked()
        known = here.record.known()
        if not known:
            raise Failure(NOTHING_APPLIED, "nothing was applied here", "platformspec apply")
        guards = compilation.providers.acting.guards
        guarded = [
            id
            for id, item in known.items()
            if item.node.lifecycle.get("prevent_destroy") or guard_of(item.node, guards)
        ]
        if guarded and not args.include_protected:
            raise Failure(
                PROTECTED_DATA,
                f"{', '.join(guarded)} {'is' if len(guarded) == 1 else 'are'} protected",
                "platformspec destroy --include-protected, which destroys the data too",
            )
        empty = Program.of(here.program.platform, here.program.environment, [])
        plan = plan_between(here.recorded(), empty, compilation)
        if not args.json:
            sys.stdout.write(
                text.render(plan, notes_of(compilation, "what was applied last"), color=wants_color(sys.stdout))
            )
        confirm(args, f"Destroy all of {here.program.platform} {here.program.environment or ''}".rstrip() + "?")
        code = act(
            here,
            args,
            "destroy",
            empty,
            plan,
            {"include_protected": args.include_protected},
            guards=guards if args.include_protected else {},
        )
        if code == exit.OK and not args.json:
            for line in retained(known.values(), compilation.providers.acting.retains):
                print(f"kept by AWS: {line}")
        return code


def retained(known: Iterable[Known], forms: Mapping[str, str]) -> list[str]:
    """What the cloud keeps of these after a destroy, sorted."""
    found = []
    for item in known:
        form = forms.get(item.node.type)
        if form is None:
            continue
        names = [name for _, name, _, _ in string.Formatter().parse(form) if name]
        values = {name: folded(item.node.attrs.get(name)) for name in names}
        if all(isinstance(value, (str, int)) and value != 0 for value in values.values()):
            found.append(form.format_map(values))
    return sorted(found)
