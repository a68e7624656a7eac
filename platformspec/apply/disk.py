"""When this machine's disk is what fails: an apply then ends as after any other failure, and is resumed once there is room."""

from __future__ import annotations

import errno
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from platformspec.apply.resuming import RESUME
from platformspec.diagnostics import Code, Failure

CANNOT_WRITE = Code(
    "PS790",
    "a disk that cannot be written",
    explain="Records, logs, generated files and local Terraform states lie below `.platformspec/` beside the platform file. The disk is full, over "
    "its quota, read-only or broken. Every step is written down before it is taken, so nothing further was begun. What terraform could not write down "
    "is looked for by the resume, as after a kill.",
)
# What a disk answers, whatever it is asked to write, and what SQLite makes of it.
REASONS: Final = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EIO})
SQLITE_REASONS: Final = frozenset(
    {sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN}
)


@contextmanager
def disk_failures(again: str = RESUME) -> Iterator[None]:
    """Turns what a disk answers into `Failure`; everything else passes. `again`: the command that goes on once there is room."""
    try:
        yield
    except OSError as error:
        if error.errno not in REASONS:
            raise
        raise _failure(error.filename or "a file", error.strerror or "", again) from error
    except sqlite3.OperationalError as error:
        # The lower eight bits are the kind of an extended code.
        if error.sqlite_errorcode & 0xFF not in SQLITE_REASONS:
            raise
        raise _failure("the record", str(error), again) from error


def _failure(what: str, why: str, again: str) -> Failure:
    return Failure(CANNOT_WRITE, f"{what} cannot be written: {why}", f"make room on the disk, then `{again}`")
