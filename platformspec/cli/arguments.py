"""Arguments that all compiling commands have. Imports nothing of the compiler: a cached plan needs only this."""

from __future__ import annotations

import argparse
import datetime

DEFAULT_FILE = "platform.yaml"


def add_input_arguments(parser: argparse.ArgumentParser) -> None:
    """FILE, --env, --as-of and --diagnostics, which all compiling commands have."""
    add_file_argument(parser)
    parser.add_argument(
        "--env", metavar="NAME", help="environment whose patch is applied; needed where the file has environments"
    )
    add_day_argument(parser)
    parser.add_argument(
        "--diagnostics",
        choices=("full", "concise", "json", "github", "sarif"),
        default="full",
        metavar="FORM",
        help="form of errors and warnings: full, concise, json, github or sarif (default: full)",
    )


def add_file_argument(parser: argparse.ArgumentParser) -> None:
    """FILE."""
    parser.add_argument(
        "file",
        nargs="?",
        default=DEFAULT_FILE,
        metavar="FILE",
        help="the platform file, or its folder (default: platform.yaml)",
    )


def add_day_argument(parser: argparse.ArgumentParser) -> None:
    """--as-of."""
    parser.add_argument(
        "--as-of",
        type=day,
        default=datetime.date.today(),
        metavar="DATE",
        help="day for rules with dates, as 2026-12-31 (default: today)",
    )


def day(text: str) -> datetime.date:
    """A day as an argument."""
    try:
        return datetime.date.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not a day such as 2026-12-31") from None
