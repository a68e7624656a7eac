"""Where an environment keeps what applying needs: `.platformspec/<platform>/<environment>` beside the platform file."""

from __future__ import annotations

import pathlib
from typing import Final

FOLDER: Final = ".platformspec"
RECORD: Final = "record.sqlite"
# No environment is called so: names begin with a letter.
NO_ENVIRONMENT: Final = "_"


def environment_folder(beside: pathlib.Path, platform: str, environment: str | None) -> pathlib.Path:
    """The folder of one environment. Its content belongs to one machine, or holds what the record says."""
    return beside / FOLDER / platform / (environment or NO_ENVIRONMENT)


def keep_out_of_git(beside: pathlib.Path) -> None:
    """State and logs do not belong into version control."""
    ignore = beside / FOLDER / ".gitignore"
    ignore.parent.mkdir(parents=True, exist_ok=True)
    if not ignore.exists():
        ignore.write_text("*\n", "utf-8")
