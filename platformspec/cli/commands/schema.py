"""`platformspec schema`: the JSON Schema of platform.yaml."""

from __future__ import annotations

import argparse
import json

from platformspec.cli import exit
from platformspec.kinds.schema import fragment_schema, platform_schema


def arguments(parser: argparse.ArgumentParser) -> None:
    """Its arguments."""
    parser.epilog = (
        "use it in an editor with the YAML language server:\n"
        "  platformspec schema > platform.schema.json\n"
        "  # yaml-language-server: $schema=./platform.schema.json   (first line of platform.yaml)"
    )
    parser.add_argument(
        "--fragment", action="store_true", help="the schema of an included file, which has any of the sections"
    )


def run(args: argparse.Namespace) -> int:
    """Run it."""
    print(json.dumps(fragment_schema() if args.fragment else platform_schema(), indent=2, ensure_ascii=False))
    return exit.OK
