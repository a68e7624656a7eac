"""A rehearsed apply is killed at random times, and resumed: it ends where an undisturbed one ends.

PLATFORMSPEC_KILL_SEED repeats the kills of an earlier run, as far as time can be repeated.
"""

from __future__ import annotations

import contextlib
import os
import pathlib
import random
import signal
import subprocess
import time
from collections.abc import Callable
from typing import Final

import pytest

from tests.apply.conftest import Undisturbed
from tests.support.processes import POLL_SECONDS, in_group, kill_group, needs_proc
from tests.support.rehearsed import needs_kubectl, needs_terraform
from tests.support.rehearsed_apply import Platform, differences, ended

pytestmark = [needs_terraform, needs_kubectl, needs_proc, pytest.mark.slow, pytest.mark.matrix]
SEED: Final = "PLATFORMSPEC_KILL_SEED"
KILLS: Final = 50
# An apply that was faster than the undisturbed one may be over before it is killed; then it is killed this much sooner.
SOONER: Final = 0.8


@pytest.fixture(scope="module")
def seed() -> str:
    return os.environ.get(SEED) or str(random.SystemRandom().randrange(1 << 32))


@pytest.mark.parametrize("number", range(KILLS))
def test_killed_at_a_random_time(
    number: int,
    seed: str,
    tmp_path: pathlib.Path,
    undisturbed: Undisturbed,
    record_property: Callable[[str, object], None],
) -> None:
    chosen = random.Random(f"{seed} {number}")
    whom, seconds = chosen.choice(["self", "group", "provider"]), chosen.uniform(0, undisturbed.seconds)
    print(f"{SEED}={seed}: {whom} after {seconds:.2f} of {undisturbed.seconds:.2f} seconds")
    attempt = 0
    while True:
        attempt += 1
        platform = killed(undisturbed, tmp_path / str(attempt), whom, seconds)
        if platform is not None:
            break
        seconds *= SOONER
    how = platform.resumed()
    assert list(differences(undisturbed.end, platform.end())) == []
    record_property("count", f"killed: {whom}, at a random time ({SEED}={seed})")
    record_property("count", f"ended: {how}")


def killed(undisturbed: Undisturbed, folder: pathlib.Path, whom: str, seconds: float) -> Platform | None:
    """Kill an apply so many seconds after its beginning; None where it was over before.

    What an undisturbed apply does before the steps that are at work then is not done again.
    """
    folder.mkdir()
    begun = [step for step, began in undisturbed.began.items() if began <= seconds]
    if begun:
        platform, more = undisturbed.before[begun[-1]].copied(folder), ["--resume"]
        first = min(undisturbed.began.values())
        seconds -= max(undisturbed.began[step] for step in begun) - first
    else:
        platform, more = undisturbed.platform.again(folder), []
    with platform.start(*more) as process:
        time.sleep(seconds)
        if whom == "group":
            kill_group(process.pid)
        elif whom == "self":
            process.kill()
        else:
            struck = kill_the_provider(process)
        done = ended(process)
    if whom != "provider":
        struck = done.code == -signal.SIGKILL
    return platform if struck else None


def kill_the_provider(process: subprocess.Popen[str]) -> bool:
    """Kill a provider of terraform, or kubectl, as soon as one is at work; False where none comes any more."""
    names = ("platformspec_rehearsal.plugin", "kubectl ")
    while process.poll() is None:
        for other in in_group(process.pid):
            if any(name in other.command for name in names):
                with contextlib.suppress(ProcessLookupError):
                    os.kill(other.pid, signal.SIGKILL)
                    return True
        time.sleep(POLL_SECONDS)
    return False
