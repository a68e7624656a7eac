"""Run other programs. The only module of this pass that starts a process."""

from __future__ import annotations

import os
import pathlib
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

POLL_SECONDS: Final = 0.05


@dataclass(frozen=True, slots=True)
class Finished:
    """How a program ended, and what it said."""

    code: int
    stdout: str
    stderr: str


@dataclass(frozen=True, slots=True)
class Program:
    """A program to run: its file, and the variables that it sees beside those of this process."""

    path: str
    environment: Mapping[str, str] = field(default_factory=dict)

    def run(
        self, arguments: Sequence[str], *, folder: pathlib.Path | None = None, stdin: str | None = None
    ) -> Finished:
        """Run it to its end. Raises `OSError` where it cannot be started."""
        done = subprocess.run(
            [self.path, *arguments],
            cwd=folder,
            input=stdin,
            stdin=subprocess.DEVNULL if stdin is None else None,
            capture_output=True,
            text=True,
            errors="replace",
            env={**os.environ, **self.environment},
            check=False,
        )
        return Finished(done.returncode, done.stdout, done.stderr)

    def follow(
        self,
        arguments: Sequence[str],
        *,
        folder: pathlib.Path,
        log: pathlib.Path,
        started: Callable[[int], None],
        line: Callable[[str], None],
    ) -> int:
        """Run it with its output going to `log`, hand over each line as it appears, and return the exit code.

        The output goes to a file and not to a pipe: should this process be killed, the program goes on undisturbed, finishes
        what it has begun and writes its state. An interrupt (Ctrl-C) reaches the program too, which then ends in an orderly
        way; it is waited for, and the interrupt is raised afterwards.
        """
        log.parent.mkdir(parents=True, exist_ok=True)
        interrupted = False
        with log.open("wb") as output, log.open("r", encoding="utf-8", errors="replace") as reader:
            process = subprocess.Popen(
                [self.path, *arguments],
                cwd=folder,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                env={**os.environ, **self.environment},
            )
            lost: BaseException | None = None
            try:
                started(process.pid)
            except BaseException as error:
                # It runs, and nobody else will wait for it.
                lost = error
            rest = ""
            while True:
                try:
                    ended = process.poll() is not None
                    rest = _hand_over(rest + reader.read(), line)
                    if ended:
                        break
                    time.sleep(POLL_SECONDS)
                except KeyboardInterrupt:
                    interrupted = True
            if rest:
                line(rest)
        if lost is not None:
            raise lost
        if interrupted:
            raise KeyboardInterrupt
        return process.returncode


def _hand_over(text: str, line: Callable[[str], None]) -> str:
    *whole, rest = text.split("\n")
    for found in whole:
        line(found)
    return rest


def identity(pid: int) -> str | None:
    """What tells a living process from a later one with the same number: its start, or None where it is gone."""
    try:
        fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except FileNotFoundError:
        if pathlib.Path("/proc/self/stat").exists():
            return None
        found = subprocess.run(["ps", "-o", "lstart=", "-p", str(pid)], capture_output=True, text=True, check=False)
        return found.stdout.strip() or None
    except ProcessLookupError:
        return None
    state, start = fields[0], fields[19]
    return None if state in ("Z", "X") else start


def process_space() -> str | None:
    """What tells the process numbers of this machine, since its start and in this container, from all others; None where nothing does."""
    try:
        boot = pathlib.Path("/proc/sys/kernel/random/boot_id").read_text().strip()
        return f"{boot} {os.readlink('/proc/self/ns/pid')}"
    except OSError:
        return None


def output_of(command: Sequence[str], **options: Any) -> str | None:
    """Standard output of a short command, or None where it fails or is not there."""
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False, **options)
    except OSError:
        return None
    return done.stdout.strip() if done.returncode == 0 else None
