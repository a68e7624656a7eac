"""`platformspec why`: the lines that a resource came from, and the passes that made it."""

from __future__ import annotations

import argparse
import json
from typing import Any

from platformspec.cli import exit
from platformspec.cli.arguments import add_input_arguments
from platformspec.cli.session import compile_input, platform_input
from platformspec.diagnostics import Failure, Path, dotted
from platformspec.diagnostics.render.terminal import visible
from platformspec.source_map.find import NOT_FOUND, address_of, file_of, find, nearest
from platformspec.source_map.why import Cause, Why, why

# With more nodes than this a list of names helps more than everything about each.
MOST_IN_FULL = 8


def arguments(parser: argparse.ArgumentParser) -> None:
    """Its arguments."""
    parser.epilog = (
        "examples:\n  platformspec why model.chat --env prod\n  platformspec why Deployment/chat\n"
        "  platformspec why aws_vpc.network_main__vpc\n  platformspec why out/kubernetes/main/models/deployment-chat.yaml"
    )
    parser.add_argument(
        "name",
        metavar="NAME",
        help="an address, the id of a resource or an edge, a written file, a Terraform address, or Kind/name",
    )
    add_input_arguments(parser)
    parser.add_argument("--format", choices=("text", "json"), default="text", help="form of the answer (default: text)")


def run(args: argparse.Namespace) -> int:
    """Run it."""
    compilation = compile_input(platform_input(args.file), args)
    assert compilation.program is not None
    nodes = find(args.name, compilation.program)
    if not nodes:
        near = nearest(args.name, compilation.program)
        raise Failure(
            NOT_FOUND,
            f"nothing is called {visible(args.name)}",
            f"did you mean {near}?" if near else "`platformspec show --resources` lists every id",
        )
    answers = [why(compilation, node) for node in nodes]
    if args.format == "json":
        print(json.dumps([_as_data(answer) for answer in answers], indent=2, ensure_ascii=False))
    elif len(answers) <= MOST_IN_FULL:
        print("\n\n".join(_text(answer) for answer in answers))
    else:
        for answer in answers:
            print(f"{answer.node.id}  {address_of(answer.node)}  {_lines(answer.causes)}")
        print(f"\n{len(answers)} resources; name one of them to see the attributes and the passes")
    return exit.OK


def _text(answer: Why) -> str:
    lines = [f"{answer.node.id}  ({answer.node.type})"]
    for cause in answer.causes:
        lines.append(f"  {_place(cause)}  {dotted(cause.path)}")
        names = [dotted(attribute) for attribute in cause.attributes if attribute]
        if () in cause.attributes:
            names.insert(0, "that it exists")
        lines.append(f"      {', '.join(names)}")
    lines.append("  passes")
    lines += [f"    {name:<12}{what}" for name, what in answer.chain]
    return "\n".join(lines)


def _place(cause: Cause) -> str:
    where = f"{cause.span.file}:{cause.span.line}" if cause.span else ""
    return {"default": "default", "profile": f"profile, {where}" if where else "profile"}.get(cause.layer, where)


def _lines(causes: tuple[Cause, ...]) -> str:
    return ", ".join(
        f"{file}:{line}" for file, line in sorted({(c.span.file, c.span.line) for c in causes if c.span is not None})
    )


def _as_data(answer: Why) -> dict[str, Any]:
    return {
        "id": answer.node.id,
        "type": answer.node.type,
        "stack": answer.node.stack,
        "declaration": answer.node.declaration,
        "address": address_of(answer.node),
        "file": file_of(answer.node),
        "from": [
            {
                "path": dotted(cause.path),
                "layer": cause.layer,
                "file": cause.span.file if cause.span else None,
                "line": cause.span.line if cause.span else None,
                "attributes": [_attribute(attribute) for attribute in cause.attributes],
            }
            for cause in answer.causes
        ],
        "passes": [{"pass": name, "what": what} for name, what in answer.chain],
    }


def _attribute(path: Path) -> str:
    return dotted(path) or "existence"
