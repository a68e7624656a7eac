"""Files that a command writes."""

from __future__ import annotations

import os
import pathlib

from platformspec.diagnostics import Code, Failure

CANNOT_WRITE = Code(
    "PS613",
    "a file that cannot be written",
    explain="The system refused: no permission, a full disk, or a folder that is a file. What was there before is untouched.",
)


def cannot_write(error: OSError) -> Failure:
    """The failure to raise for an error of the system."""
    return Failure(
        CANNOT_WRITE,
        f"{error.filename} cannot be written: {error.strerror}",
        "free space or give permission, or name another place",
    )


def write_text(path: pathlib.Path, text: str) -> None:
    """Replace a file's text in one step, keeping its permissions. Raises `Failure`; the old file is then untouched."""
    beside = path.with_name(f".{path.name}.new")
    try:
        beside.write_bytes(text.encode())
        if path.exists():
            os.chmod(beside, path.stat().st_mode)
        os.replace(beside, os.path.realpath(path))
    except OSError as error:
        beside.unlink(missing_ok=True)
        raise cannot_write(error) from error
