"""`platformspec impact`: what depends on a line of the YAML."""

from __future__ import annotations

import argparse
import json
import os
import pathlib
import posixpath

from platformspec.cli import exit
from platformspec.cli.arguments import add_input_arguments
from platformspec.cli.session import compile_input, platform_input
from platformspec.diagnostics import Failure, dotted
from platformspec.diagnostics.render.terminal import visible
from platformspec.plan.words import plural
from platformspec.source.tree import Folder
from platformspec.source_map.find import address_of
from platformspec.source_map.impact import NOT_A_LINE, Impact, impact


def arguments(parser: argparse.ArgumentParser) -> None:
    """Its arguments."""
    parser.epilog = "examples:\n  platformspec impact platform.yaml:22 --env prod\n  platformspec impact teams/claims.yaml:3 platform.yaml --env prod"
    parser.add_argument("line", metavar="FILE:LINE", help="a line of the platform file, or of a file that it includes")
    add_input_arguments(parser)
    parser.add_argument("--format", choices=("text", "json"), default="text", help="form of the answer (default: text)")


def run(args: argparse.Namespace) -> int:
    """Run it."""
    name, _, number = args.line.rpartition(":")
    if not name or not number.isdigit():
        raise Failure(
            NOT_A_LINE, f"{visible(args.line)} is not a file and a line", "write it as platform.yaml:22, counted from 1"
        )
    source = platform_input(args.file)
    compilation = compile_input(source, args)
    assert isinstance(source.tree, Folder)
    file = _below(source.tree, source.file, name)
    found = impact(compilation, file, int(number))
    if found is None:
        raise Failure(
            NOT_A_LINE,
            f"no value of the platform stands at {visible(args.line)}" + (f" in {args.env}" if args.env else ""),
            "name a line with a key or a value, of the platform file or of a file that it includes",
        )
    print(_json(found) if args.format == "json" else _text(found))
    return exit.OK


def _below(tree: Folder, platform: str, name: str) -> str:
    """The file as the compiler calls it: as it stands below the current directory, or else beside the platform file."""
    absolute = pathlib.Path(os.path.abspath(name))
    below = absolute.relative_to(tree.root).as_posix() if absolute.is_relative_to(tree.root) else name
    beside = posixpath.normpath(posixpath.join(posixpath.dirname(platform), name))
    return beside if not tree.exists(below) and tree.exists(beside) else below


def _text(found: Impact) -> str:
    lines = [", ".join(dotted(path) for path in found.paths), ""]
    for touched in found.touched:
        lines.append(f"{touched.node.id}  {address_of(touched.node)}")
        if () in touched.attributes:
            lines.append("    exists because of it")
        lines += [f"    {dotted(attribute)}" for attribute in touched.attributes if attribute]
    lines += [f"{edge.id}  (edge)" for edge in found.edges]
    if not found.touched and not found.edges:
        lines.append("Nothing that is created depends on this line.")
    else:
        lines += ["", f"{plural(len(found.touched), 'resource')}, {plural(len(found.edges), 'edge')}"]
    return "\n".join(lines)


def _json(found: Impact) -> str:
    data = {
        "paths": [dotted(path) for path in found.paths],
        "resources": [
            {
                "id": touched.node.id,
                "address": address_of(touched.node),
                "type": touched.node.type,
                "stack": touched.node.stack,
                "attributes": [dotted(attribute) or "existence" for attribute in touched.attributes],
            }
            for touched in found.touched
        ],
        "edges": [edge.id for edge in found.edges],
    }
    return json.dumps(data, indent=2, ensure_ascii=False)
