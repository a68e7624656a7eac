"""`platformspec annotate`: findings of other scanners at the line of YAML that they come from."""

from __future__ import annotations

import argparse
import pathlib
import sys

from platformspec.cli import exit
from platformspec.cli.arguments import add_input_arguments
from platformspec.cli.output import diagnostics_text, wants_color
from platformspec.cli.session import compile_input, platform_input, texts_of
from platformspec.diagnostics import Failure
from platformspec.source_map.annotate import UNREADABLE_FINDINGS, annotate, read_findings


def arguments(parser: argparse.ArgumentParser) -> None:
    """Its arguments."""
    parser.epilog = (
        "examples:\n  checkov -d out -o json > checkov.json; platformspec annotate --from checkov.json\n"
        "  platformspec annotate --from results.sarif --env prod --diagnostics github"
    )
    add_input_arguments(parser)
    parser.add_argument(
        "--from", dest="findings", required=True, metavar="F", help="findings: JSON of checkov, or SARIF of any scanner"
    )


def run(args: argparse.Namespace) -> int:
    """Run it. What cannot be led back to a line is printed too."""
    try:
        text = pathlib.Path(args.findings).read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = f"{args.findings} cannot be read: {error}"
        raise Failure(UNREADABLE_FINDINGS, reason, "name a file that a scanner has written") from error
    findings = read_findings(text, args.findings)
    compilation = compile_input(platform_input(args.file), args)
    found = annotate(compilation, findings)
    out = diagnostics_text(found, texts_of(compilation), args.diagnostics, color=wants_color(sys.stdout))
    sys.stdout.write(out if out.endswith("\n") or not out else out + "\n")
    return exit.OK
