"""`platformspec explain PS301`: the long text of a diagnostic code."""

from __future__ import annotations

import argparse
import sys
import textwrap

from platformspec.cli import codes, exit
from platformspec.diagnostics.suggest import closest


def arguments(parser: argparse.ArgumentParser) -> None:
    """Its arguments."""
    parser.epilog = "examples:\n  platformspec explain PS301\n  platformspec explain --all"
    parser.add_argument("code", nargs="?", metavar="CODE", help="a code, such as PS301")
    parser.add_argument("--all", action="store_true", help="list every code with its summary")


def run(args: argparse.Namespace) -> int:
    """Run it."""
    known = {code.id: code for code in codes.every_code()}
    if args.all or not args.code:
        for code in known.values():
            print(f"{code.id}  {code.summary}")
        return exit.OK
    wanted = args.code.upper()
    found = known.get(wanted)
    if found is None:
        near = closest(wanted, known)
        hint = f"; did you mean {near}?" if near else "; `platformspec explain --all` lists every code"
        sys.stderr.write(f"there is no code {args.code}{hint}\n")
        return exit.USAGE
    print(f"{found.id}: {found.summary}\n")
    print(textwrap.fill(found.explain, 100))
    return exit.OK
