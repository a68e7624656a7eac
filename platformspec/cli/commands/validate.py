"""`platformspec validate`: every check, nothing written."""

from __future__ import annotations

import argparse
from collections import Counter

from platformspec.cli import exit
from platformspec.cli.arguments import add_input_arguments
from platformspec.cli.session import compile_input, platform_input
from platformspec.plan.words import plural


def arguments(parser: argparse.ArgumentParser) -> None:
    """Its arguments."""
    parser.epilog = (
        "examples:\n  platformspec validate\n  platformspec validate platform.yaml --env prod --diagnostics github"
    )
    add_input_arguments(parser)


def run(args: argparse.Namespace) -> int:
    """Run it."""
    compilation = compile_input(platform_input(args.file), args)
    assert compilation.graph is not None
    if args.diagnostics in ("full", "concise"):
        kinds = Counter(
            address.kind for address in compilation.graph.declarations if address.kind not in ("network", "bucket")
        )
        what = ", ".join(
            plural(count, kind.replace("gpu_pool", "GPU pool").replace("_", " "))
            for kind, count in sorted(kinds.items())
        )
        where = f" ({args.env})" if args.env else ""
        warnings = len(compilation.report.warnings)
        print(f"{compilation.file}{where} is valid: {what}" + (f"; {plural(warnings, 'warning')}" if warnings else ""))
    return exit.OK
