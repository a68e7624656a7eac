"""`platformspec init`: a commented platform.yaml to start from."""

from __future__ import annotations

import argparse
import pathlib
import sys
from importlib.resources import files

from platformspec.cli import exit
from platformspec.cli.arguments import DEFAULT_FILE


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
    target = pathlib.Path(args.folder) / DEFAULT_FILE
    text = files("platformspec.cli").joinpath("data/quickstart.yaml").read_text("utf-8")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with target.open("x", encoding="utf-8") as file:
            file.write(text.replace("name: quickstart", f"name: {args.name}", 1))
    except FileExistsError:
        sys.stderr.write(f"{target} is already there; it was not touched\n")
        return exit.ERRORS
    except OSError as error:
        sys.stderr.write(f"{target} cannot be written: {error.strerror}\n")
        return exit.ERRORS
    print(f"wrote {target}\nnext:\n  platformspec plan {args.folder if args.folder != '.' else ''}".rstrip())
    return exit.OK
