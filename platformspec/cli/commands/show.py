"""`platformspec show`: the effective platform, its defaults, or its resources."""

from __future__ import annotations

import argparse
import json
import sys
from typing import Any

from pydantic import BaseModel

from platformspec.cli import exit
from platformspec.cli.arguments import add_input_arguments
from platformspec.cli.session import compile_input, platform_input
from platformspec.diagnostics import Path, dotted
from platformspec.driver import Compilation
from platformspec.graph.platform import Platform
from platformspec.kinds.base import Ref, yaml_key
from platformspec.plan.words import noun


def arguments(parser: argparse.ArgumentParser) -> None:
    """Its arguments."""
    parser.epilog = "examples:\n  platformspec show --defaults\n  platformspec show --env prod --origin --at models.chat\n  platformspec show --resources --at gpu_pool.l4"
    add_input_arguments(parser)
    parser.add_argument(
        "--at",
        default="",
        metavar="PATH",
        help="only what is under this path (models.chat) or belongs to this address (model.chat)",
    )
    what = parser.add_mutually_exclusive_group()
    what.add_argument(
        "--defaults", action="store_true", help="only values that nobody wrote, with the layer that set them"
    )
    what.add_argument(
        "--origin",
        action="store_true",
        help="where each value comes from: file and line, environment, profile or default",
    )
    what.add_argument("--resources", action="store_true", help="ids and types of everything that is created")


def run(args: argparse.Namespace) -> int:
    """Run it."""
    compilation = compile_input(platform_input(args.file), args)
    if args.resources:
        return _resources(compilation, args.at)
    assert compilation.graph is not None
    platform = compilation.graph.platform
    shown = 0
    for path, value in _values(platform.spec, ()):
        text = dotted(path)
        if args.at and text != args.at and not text.startswith((f"{args.at}.", f"{args.at}[")):
            continue
        layer = platform.layer_of(path)
        if args.defaults and layer in ("file", "environment"):
            continue
        shown += 1
        suffix = f"  # {_origin(platform, path, layer)}" if args.origin or args.defaults else ""
        print(f"{text}: {_scalar(value)}{suffix}")
    if not shown and args.at:
        sys.stderr.write(f"nothing stands at {args.at}; paths look like models.chat.serve\n")
        return exit.ERRORS
    return exit.OK


def _origin(platform: Platform, path: Path, layer: str) -> str:
    if layer == "default":
        return "default"
    if layer == "profile":
        return f"profile {platform.spec.profile}"
    span = platform.document.span(path)
    where = f"{span.file}:{span.line}" if span else "file"
    return f"environment {platform.environment}, {where}" if layer == "environment" else where


def _values(value: Any, path: Path) -> list[tuple[Path, Any]]:
    if isinstance(value, BaseModel):
        return [
            pair
            for name in type(value).model_fields
            for pair in _values(getattr(value, name), (*path, yaml_key(type(value), name)))
        ]
    if isinstance(value, dict) and value:
        return [pair for key, item in value.items() for pair in _values(item, (*path, key))]
    if isinstance(value, tuple) and any(isinstance(item, (BaseModel, dict)) for item in value):
        return [pair for position, item in enumerate(value) for pair in _values(item, (*path, position))]
    return [(path, value)]


def _scalar(value: Any) -> str:
    if isinstance(value, tuple):
        return "[" + ", ".join(_scalar(item) for item in value) + "]"
    return json.dumps(str(value) if isinstance(value, Ref) else value, ensure_ascii=False)


def _resources(compilation: Compilation, at: str) -> int:
    assert compilation.program is not None
    nouns = compilation.providers.nouns
    shown = [node for node in compilation.program if not at or node.declaration == at or node.id.startswith(f"{at}/")]
    for node in shown:
        print(f"{node.id}  {node.type}  {node.stack}  ({noun(node.type, nouns)})")
    if not shown:
        sys.stderr.write(f"nothing belongs to {at}; addresses look like model.chat\n")
        return exit.ERRORS
    return exit.OK
