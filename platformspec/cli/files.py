"""Files that a command writes."""

from __future__ import annotations

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
