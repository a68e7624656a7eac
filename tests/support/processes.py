"""The programs at work in a process group, as Linux shows them under /proc; and stopping, watching and killing them."""

from __future__ import annotations

import contextlib
import os
import pathlib
import signal
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, TypeVar

import pytest

needs_proc = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="processes are found under /proc")
PATIENCE_SECONDS: Final = 60.0
POLL_SECONDS: Final = 0.005
T = TypeVar("T")


@dataclass(frozen=True)
class Process:
    """One of them. `state` as in proc_pid_stat(5)."""

    pid: int
    state: str
    command: str
    folder: pathlib.Path


def in_group(group: int) -> list[Process]:
    """All living processes of a group."""
    found = []
    for entry in pathlib.Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            state, _, of, *_ = (entry / "stat").read_text().rpartition(")")[2].split()
            if int(of) == group and state not in "ZX":
                command = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
                found.append(Process(int(entry.name), state, command, pathlib.Path(os.readlink(entry / "cwd"))))
        except (FileNotFoundError, ProcessLookupError, ValueError):
            # It has just ended.
            continue
    return found


def until(true: Callable[[], T], what: str) -> T:
    """Poll until something is true, and return what it is. Fails after a minute."""
    end = time.monotonic() + PATIENCE_SECONDS
    while not (found := true()):
        assert time.monotonic() < end, f"waited in vain: {what}"
        time.sleep(POLL_SECONDS)
    return found


def stop(group: int) -> None:
    """Let all processes of a group stand still. One that has just forked (D) waits for a child that does."""
    os.killpg(group, signal.SIGSTOP)
    until(lambda: all(process.state in "TD" for process in in_group(group)), "the group stands still")


def go_on(group: int) -> None:
    """Let them go on."""
    os.killpg(group, signal.SIGCONT)


def kill_group(group: int) -> None:
    """Kill them all at once, if they are still there, and see that none is left."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(group, signal.SIGKILL)
    until(lambda: not in_group(group), "the group is gone")
