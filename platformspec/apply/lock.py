"""One apply at a time: who has an environment's lock, and whether that process still lives."""

from __future__ import annotations

import getpass
import os
import socket
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Any

from platformspec.apply.process import identity, process_space
from platformspec.apply.record import Record
from platformspec.diagnostics import Code, Failure

LOCKED = Code(
    "PS707",
    "another apply has the lock",
    explain="One apply runs at a time in an environment. Another one began before this one and is at work, as far as can be seen "
    "from here. Nothing was done. A lock whose owner is known to be dead is taken over by `apply --resume` or released by "
    "`platformspec unlock`; `unlock --force` releases one of another machine, whose processes cannot be seen from here.",
)
INTERRUPTED = Code(
    "PS708",
    "an apply that was interrupted",
    explain="An earlier apply ended without finishing or giving back its lock: it was killed, or its machine went down. The record "
    "knows each of its steps. `platformspec apply --resume` goes on with it; `platformspec unlock` gives it up, and the next apply then "
    "starts from what the record knows.",
)


def who() -> str:
    """The person at the keyboard, by the name of the account."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return str(os.getuid())


def is_dead(owner: Mapping[str, Any]) -> bool:
    """Whether the owner is known to be gone: a process of this machine that no longer runs.

    The name of a host alone says little of a shared lock: containers and machines share names, and so would process numbers.
    """
    here = owner["host"] == socket.gethostname() and owner.get("space", process_space()) == process_space()
    return bool(here and identity(owner["pid"]) != owner["identity"])


def described(owner: Mapping[str, Any]) -> str:
    """`the apply of lea on build-7 (process 4711) since 2026-11-25T10:00:00+00:00`."""
    return (
        f"the {owner['command']} of {owner['who']} on {owner['host']} (process {owner['pid']}) since {owner['since']}"
    )


@contextmanager
def locked(record: Record, command: str, at: str, *, take_over: bool = False) -> Iterator[None]:
    """Hold the environment's lock. `take_over`: also where its owner is dead. Raises `Failure` where somebody has it."""
    owner: dict[str, Any] = {
        "token": uuid.uuid4().hex,
        "command": command,
        "who": who(),
        "host": socket.gethostname(),
        "pid": os.getpid(),
        "identity": identity(os.getpid()),
        "since": at,
    }
    if record.is_shared:
        owner["space"] = process_space()
    held = record.take_lock(owner)
    if held is not None and take_over and is_dead(held):
        record.drop_lock(held["token"])
        held = record.take_lock(owner)
    if held is not None:
        raise refusal(held)
    try:
        yield
    except BaseException:
        # What went wrong first is what matters. A lock that stays is one whose owner is dead.
        with suppress(Failure):
            record.drop_lock(owner["token"])
        raise
    record.drop_lock(owner["token"])


def refusal(owner: Mapping[str, Any]) -> Failure:
    """Why nothing can be done while this owner has the lock."""
    if is_dead(owner):
        return Failure(
            INTERRUPTED,
            f"{described(owner)} was interrupted",
            "`platformspec apply --resume` goes on with it; `platformspec unlock` gives it up",
        )
    return Failure(
        LOCKED,
        f"{described(owner)} has the lock",
        "wait until it has ended; if its machine is gone or was restarted, `platformspec unlock --force`",
    )
