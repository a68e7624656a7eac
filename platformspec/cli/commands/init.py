"""`platformspec init`: a commented platform.yaml to start from."""

from __future__ import annotations

import argparse
import pathlib
import re
from importlib.resources import files

from platformspec.address import NAME_PATTERN
from platformspec.cli import exit
from platformspec.cli.arguments import DEFAULT_FILE
from platformspec.cli.files import cannot_write
from platformspec.diagnostics import Code, Failure

ALREADY_THERE = Code(
    "PS614", "a platform file that is there already", explain="`init` writes a new file and never overwrites one."
)
NOT_A_NAME = Code(
    "PS615",
    "a name that no platform can have",
    explain="Physical names of cloud resources begin with the platform's name, so it keeps to what they may contain.",
)
# As in the schema: room for what follows it in names of resources.
MOST_NAME_CHARACTERS = 24


def arguments(parser: argparse.ArgumentParser) -> None:
    """Its arguments."""
    parser.epilog = "examples:\n  platformspec init\n  platformspec init platforms/acme --name acme"
    parser.add_argument(
        "folder", nargs="?", default=".", metavar="FOLDER", help="folder for the file (default: this one)"
    )
    parser.add_argument(
        "--name", default="quickstart", metavar="NAME", help="name of the platform (default: quickstart)"
    )


def run(args: argparse.Namespace) -> int:
    """Run it. An existing file is never overwritten."""
    if not re.fullmatch(NAME_PATTERN, args.name) or len(args.name) > MOST_NAME_CHARACTERS:
        raise Failure(
            NOT_A_NAME,
            f"{args.name!r} cannot be the name of a platform",
            f"write lower-case letters, digits and dashes, {MOST_NAME_CHARACTERS} characters at most, such as acme-ai",
        )
    target = pathlib.Path(args.folder) / DEFAULT_FILE
    text = files("platformspec.cli").joinpath("data/quickstart.yaml").read_text("utf-8")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with target.open("x", encoding="utf-8") as file:
            file.write(text.replace("name: quickstart", f"name: {args.name}", 1))
    except FileExistsError as error:
        raise Failure(
            ALREADY_THERE,
            f"{target} is already there; it was not touched",
            "name another folder: `platformspec init FOLDER`",
        ) from error
    except OSError as error:
        raise cannot_write(error) from error
    print(f"wrote {target}\nnext:\n  platformspec plan {args.folder if args.folder != '.' else ''}".rstrip())
    return exit.OK
