"""`platformspec plan`: what would change, and why."""

from __future__ import annotations

import argparse
import datetime
import pathlib
import sys
from typing import TYPE_CHECKING

from platformspec.cli import exit
from platformspec.cli.arguments import add_input_arguments, day
from platformspec.cli.files import cannot_write
from platformspec.cli.output import progress, wants_color
from platformspec.cli.plan_cache import Printed, RecordingFolder, key_of, recall, remember

if TYPE_CHECKING:
    from platformspec.cli.session import Input
    from platformspec.cost.delta import CostDelta
    from platformspec.driver import Compilation
    from platformspec.plan.notes import PlanNotes


def arguments(parser: argparse.ArgumentParser) -> None:
    """Its arguments."""
    parser.epilog = (
        "examples:\n  platformspec plan\n  platformspec plan --env prod --against origin/main\n"
        "  platformspec plan --format markdown > plan.md\n  platformspec plan --detailed-exitcode\n"
        "  platformspec plan --at 2027-04-01"
    )
    add_input_arguments(parser)
    parser.add_argument(
        "--against",
        metavar="REF|FILE|none",
        help="compare with a git revision or another file; none: everything is new (default: none)",
    )
    parser.add_argument(
        "--format", choices=("text", "json", "markdown"), default="text", help="form of the plan (default: text)"
    )
    parser.add_argument(
        "--at",
        type=day,
        metavar="DATE",
        help="show which reserved capacity ends until this day, and which models lose their pool by it",
    )
    parser.add_argument("--out", metavar="F", help="write the plan as JSON to this file as well")
    parser.add_argument("--detailed-exitcode", action="store_true", help="end with 2 where there are changes")


def run(args: argparse.Namespace) -> int:
    """Run it. A plan of unchanged inputs comes from the cache; one that compares with a git revision is always computed."""
    color = args.format == "text" and wants_color(sys.stdout)
    key = key_of(
        str(pathlib.Path.cwd()), {k: v for k, v in vars(args).items() if k != "out"}, color, wants_color(sys.stderr)
    )
    if args.out is None and (printed := recall(key)):
        sys.stderr.write(printed.stderr)
        sys.stdout.write(printed.stdout)
        return printed.code
    return _computed(args, key, color)


def _computed(args: argparse.Namespace, key: str, color: bool) -> int:
    from platformspec.cli.session import compile_input, platform_input, say, texts_of
    from platformspec.driver import compare_costs
    from platformspec.plan.diff import diff
    from platformspec.plan.digest import digest
    from platformspec.plan.render import json, markdown, text
    from platformspec.version import VERSION

    source, recording = _recorded(platform_input(args.file))
    with progress("planning"):
        head = compile_input(source, args)
        base, against, trees = _baseline(args, source)
    assert head.program is not None
    before = base.program if base is not None else None
    known = set(head.report)
    cost = compare_costs(head, base)
    added = [diagnostic for diagnostic in head.report if diagnostic not in known]
    if added:
        say(added, texts_of(head), args)
    if not head.report.ok:
        return exit.ERRORS
    plan = diff(
        before, head.program, head.providers.verdict, as_of=args.as_of, tool_version=VERSION,
        digests=(digest(before) if before is not None else None, digest(head.program)),
    )  # fmt: skip
    notes = _notes(head, against, cost, args.at, compared=base is not None)
    out = {
        "text": lambda: text.render(plan, notes, color=color),
        "json": lambda: json.render(plan, notes),
        "markdown": lambda: markdown.render(plan, notes),
    }[args.format]()
    sys.stdout.write(out)
    if args.out is not None:
        try:
            pathlib.Path(args.out).write_text(json.render(plan, notes), "utf-8")
        except OSError as error:
            raise cannot_write(error) from error
    code = exit.CHANGES if args.detailed_exitcode and plan.changes else exit.OK
    if trees is not None and not head.report.warnings:
        remember(key, [recording, *trees], Printed(out, "", code))
    return code


def _recorded(source: Input) -> tuple[Input, RecordingFolder]:
    from platformspec.cli.session import Input
    from platformspec.source.tree import Folder

    assert isinstance(source.tree, Folder)
    recording = RecordingFolder(source.tree)
    return Input(recording, source.file), recording


def _baseline(args: argparse.Namespace, source: Input) -> tuple[Compilation | None, str, list[RecordingFolder] | None]:
    """What to compare with, how to call it, and the trees it was read from (None: not to be cached)."""
    from platformspec.cli.session import compile_input, platform_input, revision_input

    if args.against in (None, "none"):
        return None, "nothing: everything is new", []
    if pathlib.Path(args.against).exists():
        other, recording = _recorded(platform_input(args.against))
        return compile_input(other, args), args.against, [recording]
    return compile_input(revision_input(args.against, source), args), args.against, None


def _notes(
    head: Compilation, against: str, cost: CostDelta | None, until: datetime.date | None, *, compared: bool
) -> PlanNotes:
    from platformspec.driver import policies_about_increases
    from platformspec.plan.notes import PlanNotes
    from platformspec.plan.secrets import secrets_to_fill
    from platformspec.timeline import endings

    assert head.graph is not None
    assert head.document is not None
    assert head.program is not None
    document = head.document
    places = {str(address): document.key_span(d.path) for address, d in head.graph.declarations.items()}
    return PlanNotes(
        against=against,
        warnings=head.report.warnings,
        place=document.span,
        declared_at={address: span for address, span in places.items() if span is not None},
        nouns=head.providers.nouns,
        extensions=sum(len(getattr(d.spec, "extend", ())) for d in head.graph.declarations.values()),
        approvals=tuple((f.message, f.approvers) for f in head.findings if f.level == "approve"),
        secrets_to_fill=secrets_to_fill(head.program),
        cost=cost,
        not_compared=() if compared else policies_about_increases(head),
        until=until.isoformat() if until is not None else None,
        endings=endings(head.graph, until) if until is not None else (),
    )
