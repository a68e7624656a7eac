"""`platformspec plan`: what would change, and why."""

from __future__ import annotations

import argparse
import pathlib
import sys
from typing import TYPE_CHECKING

from platformspec.cli import exit
from platformspec.cli.arguments import add_input_arguments, day
from platformspec.cli.files import cannot_write
from platformspec.cli.output import copied_errors, progress, wants_color
from platformspec.cli.plan_cache import Printed, RecordingFolder, key_of, recall, remember

if TYPE_CHECKING:
    from platformspec.cli.session import Input
    from platformspec.driver import Compilation
    from platformspec.ir.program import Program


def arguments(parser: argparse.ArgumentParser) -> None:
    """Its arguments."""
    parser.epilog = (
        "examples:\n  platformspec plan\n  platformspec plan --env prod --against origin/main\n"
        "  platformspec plan --format markdown > plan.md\n  platformspec plan --detailed-exitcode\n"
        "  platformspec plan --at 2027-04-01\n  platformspec plan --env prod --live"
    )
    add_input_arguments(parser)
    parser.add_argument(
        "--against",
        metavar="REF|FILE|none",
        help="compare with a git revision or another file; none: everything is new (default: what was applied last)",
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
    parser.add_argument(
        "--live",
        action="store_true",
        help="also ask terraform and the clusters what an apply would do now; needs credentials, and changes nothing",
    )
    parser.add_argument("--rehearse", action="store_true", help="with --live: ask the simulated cloud and cluster")
    parser.add_argument("--out", metavar="F", help="write the plan as JSON to this file as well")
    parser.add_argument("--detailed-exitcode", action="store_true", help="end with 2 where there are changes")
    parser.set_defaults(parallelism=4, ready_minutes=0.0)


def run(args: argparse.Namespace) -> int:
    """Run it. A plan of unchanged inputs comes from the cache; one that compares with a git revision or looks is always computed."""
    if args.live or args.rehearse:
        from platformspec.cli.live_plan import live_plan

        return live_plan(args)
    color = args.format == "text" and wants_color(sys.stdout)
    key = key_of(
        str(pathlib.Path.cwd()),
        {k: v for k, v in vars(args).items() if k not in ("out", "typed")},
        color,
        wants_color(sys.stderr),
    )
    if args.out is None and (printed := recall(key)):
        sys.stderr.write(printed.stderr)
        sys.stdout.write(printed.stdout)
        return printed.code
    return _computed(args, key, color)


def _computed(args: argparse.Namespace, key: str, color: bool) -> int:
    from platformspec.cli.planning import planned
    from platformspec.cli.session import compile_input, platform_input
    from platformspec.plan.render import json, markdown, text

    source, recording = _recorded(platform_input(args.file))
    with progress("planning"), copied_errors() as said:
        head = compile_input(source, args)
        before, against, trees = _baseline(args, source, head, recording)
        assert head.program is not None
        plan, notes = planned(before, head, against, args, until=args.at)
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
    if trees is not None:
        remember(key, [recording, *trees], Printed(out, said.text, code))
    return code


def _recorded(source: Input) -> tuple[Input, RecordingFolder]:
    from platformspec.cli.session import Input
    from platformspec.source.tree import Folder

    assert isinstance(source.tree, Folder)
    recording = RecordingFolder(source.tree)
    return Input(recording, source.file), recording


def _baseline(
    args: argparse.Namespace, source: Input, head: Compilation, recording: RecordingFolder
) -> tuple[Program | None, str, list[RecordingFolder] | None]:
    """What to compare with, how to call it, and the trees it was read from (None: not to be cached)."""
    from platformspec.cli.session import compile_input, platform_input, revision_input

    if args.against == "none":
        return None, "nothing: everything is new", []
    if args.against is None:
        return *_applied(source, head, recording), []
    if pathlib.Path(args.against).exists():
        other, other_recording = _recorded(platform_input(args.against))
        return compile_input(other, args).program, args.against, [other_recording]
    return compile_input(revision_input(args.against, source), args).program, args.against, None


def _applied(source: Input, head: Compilation, recording: RecordingFolder) -> tuple[Program | None, str]:
    """What the environment's record says: the one on this machine, or the copy of a shared one that was read last."""
    from platformspec.apply.places import environment_folder

    assert head.program is not None
    folder = environment_folder(pathlib.Path(source.file).parent, head.program.platform, head.environment)
    when, there = _seen(head, recording, folder)
    if not there:
        return None, f"nothing: {when}"
    from platformspec.apply.places import RECORD

    try:
        recording.read((folder / RECORD).as_posix())
    except FileNotFoundError:
        return None, "nothing: it was not applied yet"
    from platformspec.apply.record import Record

    record = Record(recording.root / folder / RECORD, head.program.platform, head.environment)
    try:
        before = record.program(head.program.platform, head.environment)
        return (
            before,
            f"what was applied last{when}" if before is not None else f"nothing: it was not applied yet{when}",
        )
    finally:
        record.close()


def _seen(head: Compilation, recording: RecordingFolder, folder: pathlib.Path) -> tuple[str, bool]:
    """Which copy of a shared record there is, in words, and whether there is one that counts. No words: none is shared."""
    from platformspec.cli.emit_settings import emit_settings

    settings = emit_settings(head, "cdktf")
    if settings.state is None:
        return "", True
    from platformspec.apply.shared import SEEN, read_seen, where

    shared = where(settings.state.bucket, settings.state_key)
    try:
        seen = read_seen(recording.read((folder / SEEN).as_posix()))
    except FileNotFoundError:
        seen = None
    if seen is None or seen["where"] != shared:
        return f"{shared} has not been read on this machine; `platformspec record` reads it", False
    as_of = f", as {shared} said at {seen['at']}; `platformspec record` reads it again"
    return as_of if seen["there"] else f"it was not applied yet{as_of}", bool(seen["there"])
