"""`platformspec graph`: declarations and the edges between them."""

from __future__ import annotations

import argparse
import pathlib
import sys
from typing import TYPE_CHECKING

from platformspec.cli import exit
from platformspec.cli.arguments import add_input_arguments
from platformspec.cli.pictures import picture_between, picture_of
from platformspec.cli.session import Input, compile_input, platform_input, revision_input
from platformspec.graph import render

if TYPE_CHECKING:
    from platformspec.driver import Compilation
    from platformspec.picture.cards import Picture

TEXTS = {"mermaid": render.mermaid, "dot": render.dot, "json": render.as_json}


def arguments(parser: argparse.ArgumentParser) -> None:
    """Its arguments."""
    parser.epilog = (
        "examples:\n  platformspec graph > platform.mmd\n  platformspec graph --format html > platform.html\n"
        "  platformspec graph --format html --against origin/main > change.html"
    )
    add_input_arguments(parser)
    parser.add_argument(
        "--format",
        choices=(*TEXTS, "svg", "html"),
        default="mermaid",
        help="form of the graph; html is one page with search and details (default: mermaid)",
    )
    parser.add_argument(
        "--against", metavar="REF|FILE", help="colour what differs from a git revision or another file (svg and html)"
    )


def run(args: argparse.Namespace) -> int:
    """Run it."""
    if args.against and args.format in TEXTS:
        sys.stderr.write("--against needs --format svg or html\n")
        return exit.USAGE
    source = platform_input(args.file)
    head = compile_input(source, args)
    assert head.graph is not None
    if args.format in TEXTS:
        print(TEXTS[args.format](head.graph), end="")
        return exit.OK
    from platformspec.picture.html import html
    from platformspec.picture.svg import svg

    picture = _compared(head, source, args) if args.against else picture_of(head)
    print(html(picture) if args.format == "html" else svg(picture), end="")
    return exit.OK


def _compared(head: Compilation, source: Input, args: argparse.Namespace) -> Picture:
    exists = pathlib.Path(args.against).exists()
    base = compile_input(platform_input(args.against) if exists else revision_input(args.against, source), args)
    return picture_between(base, head, args.against)
