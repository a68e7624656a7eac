"""`platformspec cost`: what the platform costs a month."""

from __future__ import annotations

import argparse
import sys

from platformspec.cli import exit
from platformspec.cli.arguments import add_input_arguments
from platformspec.cli.session import compile_input, platform_input
from platformspec.diagnostics import Path, Span
from platformspec.driver import Compilation
from platformspec.plan.cost_report import CostReport
from platformspec.plan.render import cost_json, cost_markdown, cost_text


def arguments(parser: argparse.ArgumentParser) -> None:
    """Its arguments."""
    parser.epilog = (
        "examples:\n  platformspec cost\n  platformspec cost --env prod --by team\n"
        "  platformspec cost --format markdown > cost.md"
    )
    add_input_arguments(parser)
    parser.add_argument("--by", choices=("team", "model", "pool"), help="sums for each; every line where left out")
    parser.add_argument(
        "--format", choices=("text", "json", "markdown"), default="text", help="form of the estimate (default: text)"
    )


def run(args: argparse.Namespace) -> int:
    """Run it."""
    report = cost_report(compile_input(platform_input(args.file), args), args.by)
    render = {"text": cost_text.render, "json": cost_json.render, "markdown": cost_markdown.render}[args.format]
    sys.stdout.write(render(report))
    return exit.OK


def cost_report(compilation: Compilation, by: str | None) -> CostReport:
    """The report of a compilation without errors."""
    assert compilation.graph is not None
    assert compilation.estimate is not None
    platform = compilation.graph.platform
    return CostReport(
        platform.name,
        platform.environment,
        platform.spec.cloud.region,
        platform.as_of,
        platform.spec.cost.average_load,
        compilation.estimate,
        by,  # type: ignore[arg-type]
        lambda path: _place(compilation, path),
    )


def _place(compilation: Compilation, path: Path) -> Span | None:
    """The line that says it: the value's own, the profile's where that set it, or else the nearest one above it."""
    assert compilation.document is not None
    assert compilation.graph is not None
    document, platform = compilation.document, compilation.graph.platform
    if platform.layer_of(path) == "profile" and document.written(("profile",)):
        return document.span(("profile",))
    written = next((path[:end] for end in range(len(path), 0, -1) if document.written(path[:end])), None)
    return document.key_span(written) if written is not None else None
