"""`platformspec review`: what a change means, for a pull request."""

from __future__ import annotations

import argparse
import pathlib
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

from platformspec.cli import exit
from platformspec.cli.arguments import add_day_argument, add_file_argument
from platformspec.cli.output import progress, wants_color
from platformspec.diagnostics import Code, Diagnostic, Failure

if TYPE_CHECKING:
    from platformspec.cli.session import Input
    from platformspec.review.review import Review
    from platformspec.review.sides import Side

WITHOUT_FILE = Code(
    "PS603",
    "a side of a review without the platform file",
    explain="A review reads the same file in both revisions. Where one of them does not have it, the whole platform is new, or is removed; where neither has it there is "
    "nothing to review. A file that was moved counts as another file.",
)
NO_COMMON_ANCESTOR = Code(
    "PS604",
    "two revisions without a common ancestor",
    explain="A review shows what the head changed since it left the base, as pull requests do. In a shallow clone (the default of most CI systems) the commit where it left is absent, "
    "so the tips are compared, and what the base changed meanwhile shows up reversed. Fetch the whole history: fetch-depth: 0.",
)
BASE_MOVED_ON = Code(
    "PS605",
    "the base has moved on",
    explain="The base has commits that the head does not have. The review shows what the head changed since it left the base, and not what merging will bring together.",
)
NO_SUCH_ENVIRONMENT = Code(
    "PS606",
    "an environment that neither revision has",
    explain="--env names one of the environments of the base or the head; without it, or with all, every environment is reviewed.",
)
ALL = "all"


def arguments(parser: argparse.ArgumentParser) -> None:
    """Its arguments."""
    parser.epilog = (
        "examples:\n  platformspec review --base origin/main\n  platformspec review --base origin/main --head HEAD --format markdown > comment.md\n"
        "  platformspec review --base before.yaml --head after.yaml"
    )
    add_file_argument(parser)
    parser.add_argument(
        "--base", required=True, metavar="REF|FILE", help="what the change is made to: a git revision or another file"
    )
    parser.add_argument(
        "--head",
        metavar="REF|FILE",
        help="the change: a git revision or another file (default: the files as they are now)",
    )
    parser.add_argument("--env", metavar="NAME|all", default=ALL, help="one environment, or all of them (default: all)")
    add_day_argument(parser)
    parser.add_argument(
        "--format",
        choices=("text", "markdown", "json", "sarif", "github"),
        default="text",
        help="form of the review; markdown is a comment for a pull request, sarif and github are findings by line (default: text)",
    )


def run(args: argparse.Namespace) -> int:
    """Run it. Ends with 1 where the head does not compile; what could be said is printed all the same."""
    with progress("reviewing"):
        review = reviewed(args)
    sys.stdout.write(_printed(review, args))
    return exit.ERRORS if review.broken else exit.OK


@dataclass
class _Read:
    """One side as far as it can be read: a side, or None with the reason among notes or errors."""

    side: Side | None
    label: str
    error: Diagnostic | None = None


def reviewed(args: argparse.Namespace) -> Review:
    """The review of `args.base` and `args.head`, of `args.file`, in `args.env`, on the day `args.as_of`."""
    from platformspec.cli.session import platform_input, providers_or_stop
    from platformspec.review.review import review
    from platformspec.review.sides import pairs

    source = platform_input(args.file)
    notes: list[Diagnostic] = []
    base, head = _read(args.base, source), _read(args.head, source)
    if base.error is None and head.error is None:
        base = _since_it_left(base, head, args, notes)
    for read in (base, head):
        if read.side is not None and not read.side.tree.exists(read.side.file):
            what = "everything is new" if read is base else "everything is removed"
            message = f"{read.label} has no {read.side.file}: {what}"
            notes.append(
                Diagnostic(WITHOUT_FILE, message, None, "name another file where it has moved", severity="warning")
            )
            read.side = None
    if base.side is None and head.side is None and base.error is None and head.error is None:
        raise Failure(
            WITHOUT_FILE,
            f"neither {base.label} nor {head.label} has {source.file}",
            "name the platform file, or its folder",
        )
    found, base_errors, head_errors = pairs(
        base.side,
        head.side,
        environment=None if args.env == ALL else args.env,
        as_of=args.as_of,
        providers=providers_or_stop(args),
    )
    base_errors += (base.error,) if base.error else ()
    head_errors += (head.error,) if head.error else ()
    if not found and not base_errors and not head_errors:
        raise Failure(
            NO_SUCH_ENVIRONMENT,
            f"neither revision has an environment {args.env}",
            "leave out --env to review all of them",
        )
    return review(
        found,
        file=source.file,
        base=base.label,
        head=head.label,
        notes=notes,
        base_errors=base_errors,
        head_errors=head_errors,
    )


def _read(name: str | None, source: Input) -> _Read:
    from platformspec.cli.session import platform_input, revision_of
    from platformspec.review.sides import Side
    from platformspec.source.tree import Refused

    if name is None:
        return _Read(Side(source.tree, source.file, "the files as they are"), "the files as they are")
    if pathlib.Path(name).exists():
        other = platform_input(name)
        return _Read(Side(other.tree, other.file, name), name)
    tree = revision_of(name, source)
    try:
        label = tree.label
    except Refused as refused:
        return _Read(None, name, Diagnostic(refused.code, refused.message, None, refused.help))
    return _Read(Side(tree, source.file, label), label)


def _since_it_left(base: _Read, head: _Read, args: argparse.Namespace, notes: list[Diagnostic]) -> _Read:
    """The commit at which the head left the base, as pull requests compare."""
    from platformspec.review.sides import Side
    from platformspec.source.tree import Folder, GitRevision

    assert base.side is not None
    assert head.side is not None
    if not isinstance(base.side.tree, GitRevision):
        return base
    if isinstance(head.side.tree, GitRevision):
        tip = head.side.tree.revision
    elif isinstance(head.side.tree, Folder) and head.side.tree.root == base.side.tree.repository:
        tip = "HEAD"
    else:
        return base
    ancestor = base.side.tree.common_ancestor(tip)
    if ancestor is None:
        message = f"git finds no common ancestor of {args.base} and {args.head or tip} here, so the two are compared as they are"
        help = "in a shallow clone fetch the history first: git fetch --unshallow"
        notes.append(Diagnostic(NO_COMMON_ANCESTOR, message, None, help, severity="warning"))
        return base
    if ancestor.is_same_commit(base.side.tree):
        return base
    message = f"{args.base} has moved on since; this is what the change does to the commit at which it left"
    notes.append(Diagnostic(BASE_MOVED_ON, message, None, "merge or rebase to review it on top", severity="warning"))
    return _Read(Side(ancestor, base.side.file, base.label), base.label)


def _printed(review: Review, args: argparse.Namespace) -> str:
    if args.format == "json":
        from platformspec.review.render import json

        return json.render(review)
    if args.format == "markdown":
        from platformspec.review.render import markdown

        return markdown.render(review)
    if args.format == "text":
        from platformspec.review.render import text

        return text.render(review, color=wants_color(sys.stdout))
    from platformspec.diagnostics.render import github, sarif
    from platformspec.review.findings import findings
    from platformspec.version import VERSION

    found = findings(review)
    return github.render(found, {}) if args.format == "github" else sarif.render(found, {}, version=VERSION)
