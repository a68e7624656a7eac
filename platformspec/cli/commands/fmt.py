"""`platformspec fmt`: write platform files in the one canonical form."""

from __future__ import annotations

import argparse

from platformspec.cli import exit
from platformspec.cli.arguments import DEFAULT_FILE
from platformspec.cli.files import write_text
from platformspec.cli.session import platform_input, say
from platformspec.diagnostics import Code, Diagnostic, Report, Span
from platformspec.source import Texts, parse
from platformspec.source.format import formatted

NOT_FORMATTED = Code(
    "PS640",
    "a file that is not formatted",
    explain="`platformspec fmt` writes files in one form, so that a review shows changes of meaning only. Comments and data stay.",
)


def arguments(parser: argparse.ArgumentParser) -> None:
    """Its arguments."""
    parser.epilog = "examples:\n  platformspec fmt\n  platformspec fmt --check platforms/acme"
    parser.add_argument(
        "file",
        nargs="?",
        default=DEFAULT_FILE,
        metavar="FILE",
        help="the platform file, or its folder; what it includes is formatted too (default: platform.yaml)",
    )
    parser.add_argument("--check", action="store_true", help="write nothing; end with 1 where a file would change")


def run(args: argparse.Namespace) -> int:
    """Run it. Files that cannot be read are not touched."""
    source = platform_input(args.file)
    report = Report()
    document = parse(source.tree, source.file, report)
    if document is None or not report.ok:
        say(list(report), Texts(source.tree), args)
        return exit.ERRORS
    changed = {file: new for file, text in document.texts.items() if (new := formatted(text)) != text}
    if args.check:
        help = f"platformspec fmt {args.file}"
        say([Diagnostic(NOT_FORMATTED, f"{f} is not formatted", Span(f, 1, 1, 1, 1), help) for f in changed], {}, args)
        return exit.ERRORS if changed else exit.OK
    for file, text in changed.items():
        write_text(source.path_of(file), text)
        print(f"formatted {file}")
    return exit.OK
