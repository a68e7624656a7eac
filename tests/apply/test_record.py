"""The record: what it keeps, that damage is seen and never written over, and that one apply runs at a time."""

from __future__ import annotations

import multiprocessing
import os
import pathlib
import socket
import sqlite3

import pytest

from platformspec.apply.lock import is_dead, locked
from platformspec.apply.record import Record
from platformspec.diagnostics import Failure
from platformspec.emit.emit import emit
from platformspec.emit.settings import EmitSettings
from platformspec.plan.digest import digest
from tests.apply.bench import Bench, header, program, refers, thing
from tests.support.examples import Case, compiled

HEAD = program(thing("network.main/vpc", "network"), thing("cluster.main/nodes", "cluster", refers("network.main/vpc")))


def open_record(folder: pathlib.Path) -> Record:
    return Record(folder / "record.sqlite", "acme", None)


def filled(folder: pathlib.Path) -> pathlib.Path:
    record = open_record(folder)
    run = record.begin_run(header(Bench(folder).plan(record, HEAD)), HEAD)
    record.applied(HEAD)
    record.end_run(run, "complete", "2026-11-25T00:00:00+00:00")
    record.back_up()
    record.close()
    return folder / "record.sqlite"


@pytest.mark.parametrize("example", ["rag-assistant", "enterprise"])
def test_the_program_of_the_record_is_the_one_that_was_applied(tmp_path: pathlib.Path, example: str) -> None:
    case = Case(example, "prod" if example == "enterprise" else None)
    head = compiled(case).program
    assert head is not None
    record = Record(tmp_path / "r.sqlite", head.platform, head.environment)
    record.applied(head)
    known = record.program(head.platform, head.environment)
    assert known is not None
    assert digest(known) == digest(head)
    settings = EmitSettings(head.platform, head.environment, None, {})
    again, first = emit(known, settings).files, emit(head, settings).files
    # Byte for byte: Terraform compares policy documents as text. The bill, and what an account must have, are compile's to say.
    assert {path for path in first if again[path] != first[path]} <= {"ir.json", "requirements.json"}


def test_runs_steps_and_approvals(tmp_path: pathlib.Path) -> None:
    record = open_record(tmp_path)
    run = record.begin_run(header(Bench(tmp_path).plan(record, HEAD)), HEAD)
    record.begin_step(run, "stack network", "t1")
    record.step_process(run, "stack network", 4711, "x")
    assert [(step.status, step.pid) for step in record.steps(run)] == [("running", 4711)]
    record.end_step(run, "stack network", "done", "t2", {"summary": "1 created"})
    assert [(step.status, step.pid) for step in record.steps(run)] == [("done", None)]
    assert digest(record.program_of(run)) == digest(HEAD)
    record.approve("h", None, "lea", "finops", "t")
    assert record.approvals("h", None) == (("lea", "finops"),)
    assert record.approvals("h", "b") == ()


def test_an_attempt_does_not_replace_what_is_known(tmp_path: pathlib.Path) -> None:
    record = open_record(tmp_path)
    record.applied(HEAD)
    record.attempt([thing("network.main/vpc", "network", "other"), thing("network.main/new", "network")])
    known = record.known()
    assert known["network.main/vpc"].node.attrs["input"] == "x"
    assert known["network.main/new"].certainty == "attempted"


@pytest.mark.parametrize(
    "damage",
    [
        pytest.param(lambda content: b"", id="empty"),
        pytest.param(lambda content: content[: len(content) // 2], id="cut"),
        pytest.param(lambda content: b"not a record" + content[12:], id="overwritten"),
        pytest.param(lambda content: content.replace(b'"input": "x"', b'"input": "y"', 1), id="one letter"),
    ],
)
def test_damage_is_seen_and_never_written_over(tmp_path: pathlib.Path, damage: object) -> None:
    file = filled(tmp_path)
    content = damage(file.read_bytes())  # type: ignore[operator]
    assert content != file.read_bytes()
    file.write_bytes(content)
    with pytest.raises(Failure, match="PS705"):
        open_record(tmp_path)
    assert file.read_bytes() == content
    backup = file.with_name("record.sqlite.bak")
    file.write_bytes(backup.read_bytes())
    assert len(open_record(tmp_path).known()) == 2


def test_a_newer_record_and_another_platform_are_refused(tmp_path: pathlib.Path) -> None:
    file = filled(tmp_path)
    with pytest.raises(Failure, match="PS732"):
        Record(file, "other", None)
    with pytest.raises(Failure, match="PS732"):
        Record(file, "acme", "prod")
    with sqlite3.connect(file) as database:
        database.execute("update meta set value = '2' where key = 'format'")
    with pytest.raises(Failure, match="PS706"):
        open_record(tmp_path)


def _contend(folder: str, barrier: object, results: object) -> None:
    record = open_record(pathlib.Path(folder))
    barrier.wait()  # type: ignore[attr-defined]
    try:
        with locked(record, "apply", "t"):
            results.put("held")  # type: ignore[attr-defined]
            barrier.wait()  # type: ignore[attr-defined]
    except Failure as failure:
        results.put(failure.diagnostic.code.id)  # type: ignore[attr-defined]
        barrier.wait()  # type: ignore[attr-defined]


def test_of_several_applies_at_once_exactly_one_proceeds(tmp_path: pathlib.Path) -> None:
    context = multiprocessing.get_context("spawn")
    number = 4
    barrier, results = context.Barrier(number), context.Queue()
    workers = [context.Process(target=_contend, args=(str(tmp_path), barrier, results)) for _ in range(number)]
    for worker in workers:
        worker.start()
    found = sorted(results.get(timeout=60) for _ in workers)
    for worker in workers:
        worker.join(60)
    assert found == ["PS707"] * (number - 1) + ["held"]


def test_the_lock_of_a_dead_process_is_explained_and_taken_over(tmp_path: pathlib.Path) -> None:
    record = open_record(tmp_path)
    owner = {
        "token": "t",
        "command": "apply",
        "who": "lea",
        "host": socket.gethostname(),
        "pid": os.getpid(),
        "identity": "0",
        "since": "s",
    }
    record.take_lock(owner)
    assert is_dead(owner)
    with pytest.raises(Failure, match="PS708.*interrupted"), locked(record, "apply", "t"):
        pass
    with locked(record, "apply", "t", take_over=True):
        assert record.lock_owner() != owner
    assert record.lock_owner() is None


def test_the_lock_of_another_machine_is_never_taken_over(tmp_path: pathlib.Path) -> None:
    record = open_record(tmp_path)
    record.take_lock(
        {"token": "t", "command": "apply", "who": "lea", "host": "elsewhere", "pid": 1, "identity": "0", "since": "s"}
    )
    with pytest.raises(Failure, match="PS707.*lea on elsewhere"), locked(record, "apply", "t", take_over=True):
        pass
