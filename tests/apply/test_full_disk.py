"""A disk that is full: the record, the log and the state, each as small as it can be."""

from __future__ import annotations

import errno
import json
import os
import pathlib
import shlex
import subprocess
from typing import Any

import pytest

from platformspec.apply.disk import disk_failures
from platformspec.apply.doubtful import narrow_doubts
from platformspec.apply.record import Record
from platformspec.diagnostics import Failure
from tests.apply.bench import Bench, header, needs_terraform, program, refers, thing

HEAD = program(thing("network.main/vpc", "network"))


def test_a_record_that_cannot_grow_says_so_and_stays_whole(tmp_path: pathlib.Path) -> None:
    record = Record(tmp_path / "record.sqlite", "acme", None)
    record.begin_run(header(Bench(tmp_path).plan(record, HEAD)), HEAD)
    record._database.execute(f"pragma max_page_count = {record._rows('pragma page_count')[0][0]}")
    with pytest.raises(Failure, match="PS790") as failed:
        record.applied([thing(f"network.main/{'x' * 9000}", "network")])
    assert "the record cannot be written: database or disk is full" in failed.value.diagnostic.message
    record.close()
    again = Record(tmp_path / "record.sqlite", "acme", None)
    assert again.known() == {}
    assert again.runs()[-1].status == "running"


@pytest.mark.parametrize(
    ("number", "code"), [(errno.ENOSPC, "PS790"), (errno.EDQUOT, "PS790"), (errno.EROFS, "PS790"), (errno.ENOENT, None)]
)
def test_only_what_a_disk_answers_is_taken_for_a_disk(number: int, code: str | None) -> None:
    expected: type[Exception] = Failure if code else FileNotFoundError
    with pytest.raises(expected, match=code), disk_failures():
        raise OSError(number, os.strerror(number), "logs/1/network.apply.log")


def start(address: str) -> str:
    return json.dumps({"type": "apply_start", "hook": {"resource": {"addr": address}, "action": "create"}}) + "\n"


@pytest.mark.parametrize(("end", "doubts"), [("", {"a.b"}), ('{"type": "apply_st', {"a.b", "c.d"})])
def test_a_log_that_breaks_off_within_a_line_settles_nothing(
    end: str, doubts: set[str], tmp_path: pathlib.Path
) -> None:
    record = Record(tmp_path / "record.sqlite", "acme", None)
    record.doubt("network", ["a.b", "c.d"])
    (tmp_path / "log").write_text(start("a.b") + end)
    narrow_doubts(record, "network", tmp_path / "log", tmp_path)
    assert record.doubts("network") == doubts


@needs_terraform
@pytest.mark.parametrize("content", ["", '{"version": 4, "terra'])
def test_a_rescued_state_that_is_damaged_is_put_aside(content: str, tmp_path: pathlib.Path) -> None:
    bench = Bench(tmp_path)
    assert bench.apply(HEAD).complete
    folder = tmp_path / "terraform/stacks/network"
    (folder / "errored.tfstate").write_text(content)
    assert bench.apply(HEAD).complete
    assert (folder / "errored.tfstate.damaged").read_text() == content
    assert not (folder / "errored.tfstate").exists()


@needs_terraform
def test_a_damaged_state_is_restored_by_the_command_in_the_help(tmp_path: pathlib.Path) -> None:
    bench = Bench(tmp_path)
    assert bench.apply(HEAD).complete
    state = tmp_path / "terraform/state/network.tfstate"
    text = state.read_text()
    state.write_text(text[:100])
    assert "`" not in help_for_damage(bench), "there is no earlier one on this machine"
    state.write_text(text)
    assert bench.apply(program(thing("network.main/vpc", "network", "y"))).complete
    record = bench.record()
    record.state_is("network", *serial_of(text))
    state.write_text(state.read_text()[:100])
    subprocess.run(shlex.split(help_for_damage(bench).split("`")[1]), check=True)
    assert bench.apply(HEAD).complete


@needs_terraform
def test_a_state_that_no_apply_has_finished_is_moved_away(tmp_path: pathlib.Path) -> None:
    bench = Bench(tmp_path)
    command = {"provisioner": [{"local-exec": {"command": "exit 1"}}]}
    bad = thing("network.main/subnet", "network", refers("network.main/vpc"), attrs=command)
    assert not bench.apply(program(*HEAD, bad)).complete
    state = tmp_path / "terraform/state/network.tfstate"
    state.write_text(state.read_text()[:100])
    subprocess.run(shlex.split(help_for_damage(bench).split("`")[1]), check=True)
    assert not state.exists()
    assert [failure.code.id for failure in bench.resume(HEAD).failures] == ["PS727"], "what it held is looked for"


def help_for_damage(bench: Bench) -> str:
    before = (bench.folder / "terraform/state/network.tfstate").read_bytes()
    failed = bench.apply(HEAD)
    assert [failure.code.id for failure in failed.failures] == ["PS726"]
    assert (bench.folder / "terraform/state/network.tfstate").read_bytes() == before
    return str(failed.failures[0].help)


def serial_of(text: str) -> tuple[str, int]:
    state = json.loads(text)
    return state["lineage"], state["serial"]


def failing_once(folder: pathlib.Path) -> dict[str, Any]:
    marker = folder / "failed"
    command = f"test -e {marker} || {{ touch {marker}; echo timeout while waiting; exit 1; }}"
    return {"provisioner": [{"local-exec": {"command": command}}]}


@needs_terraform
@pytest.mark.parametrize("by", ["us", "the cloud", "nobody"])
def test_what_is_protected_is_kept_though_its_creation_was_reported_to_have_failed(
    by: str, tmp_path: pathlib.Path
) -> None:
    bench = Bench(tmp_path)
    lifecycle = {"prevent_destroy": True} if by == "us" else {}
    head = program(thing("database.a/cluster", "data", True, attrs=failing_once(tmp_path), lifecycle=lifecycle))
    guards = {"terraform_data": {"input": False}} if by == "the cloud" else {}
    assert not bench.apply(head).complete
    made = id_of(tmp_path)
    assert bench.resume(head, site={"guards": guards}).complete
    assert (id_of(tmp_path) == made) == (by != "nobody")
    assert any("it is kept" in event.message for event in bench.events) == (by != "nobody")


def id_of(folder: pathlib.Path) -> str:
    state = json.loads((folder / "terraform/state/data.tfstate").read_text())
    return str(state["resources"][0]["instances"][0]["attributes"]["id"])
