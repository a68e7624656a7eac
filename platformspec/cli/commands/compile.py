"""`platformspec compile`: Terraform CDK stacks and Kubernetes manifests on disk."""

from __future__ import annotations

import argparse
import pathlib

from platformspec.cli import exit
from platformspec.cli.arguments import add_input_arguments
from platformspec.cli.emit_settings import emit_settings
from platformspec.cli.files import cannot_write
from platformspec.cli.output import progress
from platformspec.cli.paths import cache_folder
from platformspec.cli.session import compile_input, platform_input, write_lock
from platformspec.emit.emit import emit
from platformspec.plan.words import plural


def arguments(parser: argparse.ArgumentParser) -> None:
    """Its arguments."""
    parser.epilog = (
        "examples:\n  platformspec compile -o out\n  platformspec compile platforms/acme -o out/prod --env prod"
    )
    add_input_arguments(parser)
    parser.add_argument(
        "-o",
        "--out",
        required=True,
        metavar="DIR",
        help="folder for the output; files of an earlier run that are no longer made are removed",
    )
    parser.add_argument(
        "--cdk",
        choices=("cdktf", "cdktn"),
        default="cdktf",
        help="CDK that synthesises; the output is the same (default: cdktf)",
    )


def run(args: argparse.Namespace) -> int:
    """Run it. platform.lock is written beside the platform file, last."""
    source = platform_input(args.file)
    compilation = compile_input(source, args)
    assert compilation.program is not None
    assert compilation.spec is not None
    out = pathlib.Path(args.out)
    try:
        with progress("synthesising Terraform stacks"):
            artifacts = emit(compilation.program, emit_settings(compilation, args.cdk), cache=cache_folder() / "stacks")
        written = artifacts.write(out)
        write_lock(source, compilation)
    except OSError as error:
        raise cannot_write(error) from error
    print(f"wrote {plural(len(artifacts.files), 'file')} to {out} ({written} changed)")
    return exit.OK
