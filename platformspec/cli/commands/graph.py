"""`platformspec graph`: declarations and the edges between them."""

from __future__ import annotations

import argparse

from platformspec.cli import exit
from platformspec.cli.arguments import add_input_arguments
from platformspec.cli.session import compile_input, platform_input
from platformspec.graph import render


def arguments(parser: argparse.ArgumentParser) -> None:
    """Its arguments."""
    parser.epilog = (
        "examples:\n  platformspec graph > platform.mmd\n  platformspec graph --format dot | dot -Tsvg > platform.svg"
    )
    add_input_arguments(parser)
    parser.add_argument(
        "--format", choices=("mermaid", "dot", "json"), default="mermaid", help="form of the graph (default: mermaid)"
    )


def run(args: argparse.Namespace) -> int:
    """Run it."""
    compilation = compile_input(platform_input(args.file), args)
    assert compilation.graph is not None
    print(
        {"mermaid": render.mermaid, "dot": render.dot, "json": render.as_json}[args.format](compilation.graph), end=""
    )
    return exit.OK
