"""`platformspec validate`: every check, nothing written."""

from __future__ import annotations

import argparse
from collections import Counter

from platformspec.cli import exit
from platformspec.cli.arguments import add_input_arguments
from platformspec.cli.session import compile_input, platform_input, providers_or_stop, say, texts_of
from platformspec.diagnostics import Diagnostic
from platformspec.driver import PASSES, Compilation, in_environment, run_passes
from platformspec.plan.words import plural

ALL = "all"


def arguments(parser: argparse.ArgumentParser) -> None:
    """Its arguments."""
    parser.epilog = (
        "examples:\n  platformspec validate\n  platformspec validate --env all\n"
        "  platformspec validate platform.yaml --env prod --diagnostics github\n\n"
        "--env all checks every environment, and says once what all have in common"
    )
    add_input_arguments(parser)


def run(args: argparse.Namespace) -> int:
    """Run it."""
    if args.env == ALL:
        return _every_environment(args)
    compilation = compile_input(platform_input(args.file), args)
    _print_summary(compilation, args)
    return exit.OK


def _every_environment(args: argparse.Namespace) -> int:
    source = platform_input(args.file)
    parsed = Compilation(source.tree, source.file, None, args.as_of, providers_or_stop(args))
    run_passes(parsed, PASSES[:1])
    compilations = [parsed]
    if parsed.document is not None and parsed.report.ok:
        names = parsed.document.environments or (None,)
        compilations = [in_environment(parsed, name) for name in names]
        for compilation in compilations:
            run_passes(compilation, PASSES[1:])
    found: dict[Diagnostic, None] = {}
    for compilation in compilations:
        found |= dict.fromkeys(compilation.report)
    say(sorted(found, key=lambda one: one.sort_key), texts_of(parsed), args)
    for compilation in compilations:
        if compilation.ok:
            _print_summary(compilation, args)
    return exit.OK if all(compilation.ok for compilation in compilations) else exit.ERRORS


def _print_summary(compilation: Compilation, args: argparse.Namespace) -> None:
    if args.diagnostics not in ("full", "concise"):
        return
    assert compilation.graph is not None
    kinds = Counter(
        address.kind for address in compilation.graph.declarations if address.kind not in ("network", "bucket")
    )
    what = ", ".join(
        plural(count, kind.replace("gpu_pool", "GPU pool").replace("_", " ")) for kind, count in sorted(kinds.items())
    )
    where = f" ({compilation.environment})" if compilation.environment else ""
    warnings = len(compilation.report.warnings)
    print(f"{compilation.file}{where} is valid: {what}" + (f"; {plural(warnings, 'warning')}" if warnings else ""))
