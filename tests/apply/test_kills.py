"""Killed at every event of an apply, and resumed: the end is that of an undisturbed run, and nothing is created twice."""

from __future__ import annotations

import pathlib
import subprocess
import sys

import pytest

from platformspec.apply.lock import is_dead
from tests.apply.bench import Bench, needs_terraform
from tests.apply.victim import platform
from tests.support.examples import ROOT

pytestmark = needs_terraform
# An undisturbed run tells this many events; see `test_an_undisturbed_run`.
EVENTS = 14
QUICK = (1, 3, 5)


def run(folder: pathlib.Path, at: int, whom: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "tests.apply.victim", str(folder), str(at), whom],
        cwd=ROOT,
        capture_output=True,
        text=True,
        start_new_session=True,
        check=False,
    )


def created(folder: pathlib.Path) -> list[str]:
    return sorted((folder / "created").read_text().split())


def test_an_undisturbed_run(tmp_path: pathlib.Path) -> None:
    done = run(tmp_path, 0, "self")
    assert done.returncode == 0, done.stderr
    assert len(done.stdout.splitlines()) == EVENTS
    assert created(tmp_path) == ["cluster.main/nodes", "database.a/cluster", "network.main/vpc"]


@pytest.mark.parametrize("whom", ["self", "group"])
@pytest.mark.parametrize(
    "at", [at if at in QUICK else pytest.param(at, marks=pytest.mark.slow) for at in range(1, EVENTS + 1)]
)
def test_killed_and_resumed(tmp_path: pathlib.Path, at: int, whom: str) -> None:
    killed = run(tmp_path, at, whom)
    assert killed.returncode == -9, killed.stdout + killed.stderr
    bench = Bench(tmp_path)
    record = bench.record()
    owner = record.lock_owner()
    # The last event comes when everything is done but the lock.
    assert owner is not None
    assert is_dead(owner)
    assert record.runs()[-1].status in ("running", "complete")
    record.close()
    head = platform(tmp_path)
    outcome = bench.resume(head)
    if {failure.code.id for failure in outcome.failures} == {"PS727"}:
        # Terraform died too, while it was creating: the resource has no name of ours, so a person has to say.
        assert whom == "group"
        assert {failure.code.id for failure in bench.resume(head).failures} == {"PS727"}, "asking again changes nothing"
        outcome = bench.resume(head, create_again=True)
        twice = 2
    else:
        twice = 1
    assert outcome.complete, outcome.failures
    record = bench.record()
    assert record.lock_owner() is None
    assert {id: item.certainty for id, item in record.known().items()} == dict.fromkeys(head.nodes, "applied")
    record.close()
    for stack, name in (
        ("network", "network_main__vpc"),
        ("data", "database_a__cluster"),
        ("cluster", "cluster_main__nodes"),
    ):
        assert bench.state(stack) == {name}
    assert set(created(tmp_path)) == set(head.nodes)
    assert all(created(tmp_path).count(id) <= twice for id in head.nodes)
    again = bench.apply(head)
    assert again.complete
    assert not again.acted
