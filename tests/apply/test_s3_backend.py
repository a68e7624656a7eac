"""The real terraform with its S3 backend and native locking, against a simulated S3 that it reaches over HTTP."""

from __future__ import annotations

import json
import os
import pathlib
import shutil
import subprocess
from collections.abc import Iterator
from typing import Any

import pytest
from platformspec_aws.acting import open_objects

from platformspec.apply.apply import Outcome
from platformspec.apply.record import Record
from platformspec.apply.shared import SharedRecord
from platformspec.emit.settings import EmitSettings, S3State
from tests.apply.bench import Bench, needs_terraform, program, refers, thing
from tests.support.moto_server import REGION, state_bucket

pytestmark = needs_terraform

BUCKET = "acme-state"
SETTINGS = EmitSettings("acme", None, S3State(BUCKET, REGION, "all"), {})
BASE = thing("network.main/vpc", "network")
USER = thing("cluster.main/nodes", "cluster", refers("network.main/vpc"))
STATE = "all/acme/network.tfstate"
KEY = f"arn:aws:kms:{REGION}:111122223333:key/0a1b2c3d-1111-4222-8333-444455556666"


class SharedBench(Bench):
    """A machine whose states and record are in the bucket."""

    def record(self) -> Record:
        shared = SharedRecord(open_objects(BUCKET, REGION), BUCKET, SETTINGS.state_key, self.folder, lambda: "now")
        return Record(self.folder / "record.sqlite", "acme", None, shared)

    def site(self, record: Record, **more: Any) -> Any:
        site = super().site(record, **more)
        site.settings = SETTINGS
        return site


class LocalRecordBench(SharedBench):
    """One whose record is a file, so that terraform itself is the first to look for the bucket."""

    def record(self) -> Record:
        return Bench.record(self)


@pytest.fixture
def s3(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    with state_bucket(BUCKET, monkeypatch) as client:
        yield client


def keys(s3: Any) -> set[str]:
    return {found["Key"] for found in s3.list_objects_v2(Bucket=BUCKET).get("Contents", ())}


class KeyedBench(SharedBench):
    """One whose states and record are encrypted with a key of the platform's owner."""

    def record(self) -> Record:
        objects = open_objects(BUCKET, REGION, KEY)
        shared = SharedRecord(objects, BUCKET, SETTINGS.state_key, self.folder, lambda: "now")
        return Record(self.folder / "record.sqlite", "acme", None, shared)

    def site(self, record: Record, **more: Any) -> Any:
        site = super().site(record, **more)
        site.settings = EmitSettings("acme", None, S3State(BUCKET, REGION, "all", KEY), {})
        return site


def codes(outcome: Outcome) -> list[str]:
    return [failure.code.id for failure in outcome.failures]


def test_two_machines_one_platform(s3: Any, tmp_path: pathlib.Path) -> None:
    first, second = SharedBench(tmp_path / "a"), SharedBench(tmp_path / "b")
    outcome = first.apply(program(BASE, USER))
    assert outcome.complete, outcome.failures
    assert keys(s3) == {STATE, "all/acme/cluster.tfstate", "all/acme/record.sqlite"}, "no lock stays"
    again = second.apply(program(BASE, USER))
    assert again.complete
    assert not again.acted, "the other machine sees what is there"
    assert second.apply(program(BASE)).complete
    record = first.record()
    assert set(record.known()) == {"network.main/vpc"}
    assert [run.status for run in record.runs()] == ["complete"] * 3
    record.close()


def test_a_key_of_ones_own_encrypts_states_and_record_from_its_first_apply_on(s3: Any, tmp_path: pathlib.Path) -> None:
    assert SharedBench(tmp_path).apply(program(BASE, USER)).complete
    assert "SSEKMSKeyId" not in s3.head_object(Bucket=BUCKET, Key=STATE)
    outcome = KeyedBench(tmp_path).apply(program(BASE, USER, thing("network.main/b", "network")))
    assert outcome.complete, outcome.failures
    for name in (STATE, "all/acme/record.sqlite"):
        assert s3.head_object(Bucket=BUCKET, Key=name)["SSEKMSKeyId"] == KEY


def test_a_foreign_lock_stops_the_apply_and_says_how_to_release_it(
    s3: Any, tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench = SharedBench(tmp_path)
    assert bench.apply(program(BASE)).complete
    id = "0a1b2c3d-1111-2222-3333-444455556666"
    # As terraform writes it: internal/states/statemgr/locker.go, LockInfo.
    lock = {"ID": id, "Operation": "OperationTypeApply", "Info": "", "Who": "kim@build-7", "Version": "1.11.4",
            "Created": "2026-11-25T06:00:00.1Z", "Path": f"{BUCKET}/{STATE}"}  # fmt: skip
    s3.put_object(Bucket=BUCKET, Key=f"{STATE}.tflock", Body=json.dumps(lock))
    monkeypatch.setattr("platformspec.apply.terraform.LOCK_TIMEOUT", "0s")
    before = s3.get_object(Bucket=BUCKET, Key=STATE)["Body"].read()
    more = program(BASE, thing("network.main/b", "network"))
    stopped = bench.apply(more)
    assert codes(stopped) == ["PS768"], stopped.failures
    assert not stopped.acted
    (failure,) = stopped.failures
    assert failure.message.startswith(
        "the state of stack network is locked by kim@build-7 (OperationTypeApply) since 2026-11-25"
    )
    assert s3.get_object(Bucket=BUCKET, Key=STATE)["Body"].read() == before
    # What the help says to type, typed.
    assert failure.help is not None
    command = failure.help.split("`")[1].split()
    assert command[:1] == ["terraform"]
    assert command[-2:] == ["force-unlock", id]
    released = subprocess.run(
        [*command[:-1], "-force", id], capture_output=True, text=True, env={**os.environ}, check=False
    )
    assert released.returncode == 0, released.stderr
    assert f"{STATE}.tflock" not in keys(s3)
    resumed = bench.resume(more)
    assert resumed.complete, resumed.failures


def test_a_state_that_is_gone_or_older_is_refused(s3: Any, tmp_path: pathlib.Path) -> None:
    bench = SharedBench(tmp_path)
    assert bench.apply(program(BASE)).complete
    old = s3.get_object(Bucket=BUCKET, Key=STATE)["Body"].read()
    assert bench.apply(program(BASE, thing("network.main/b", "network"))).complete
    s3.put_object(Bucket=BUCKET, Key=STATE, Body=old)
    assert codes(bench.apply(program(BASE))) == ["PS726"]
    s3.delete_object(Bucket=BUCKET, Key=STATE)
    assert codes(bench.apply(program(BASE))) == ["PS726"]


def test_a_resume_on_another_machine(s3: Any, tmp_path: pathlib.Path) -> None:
    first, second = SharedBench(tmp_path / "a"), SharedBench(tmp_path / "b")
    command = {"provisioner": [{"local-exec": {"command": "test -e allowed"}}]}
    head = program(BASE, thing("cluster.main/nodes", "cluster", refers("network.main/vpc"), attrs=command))
    assert codes(first.apply(head)) == ["PS716"]
    shutil.rmtree(tmp_path / "a")
    folder = tmp_path / "b/terraform/stacks/cluster"
    folder.mkdir(parents=True)
    (folder / "allowed").touch()
    resumed = second.resume(head)
    assert resumed.complete, resumed.failures
    assert {known.certainty for known in second.record().known().values()} == {"applied"}


def test_a_bucket_that_is_gone_names_the_next_command(s3: Any, tmp_path: pathlib.Path) -> None:
    bench = LocalRecordBench(tmp_path)
    s3.delete_bucket(Bucket=BUCKET)
    outcome = bench.apply(program(BASE))
    assert codes(outcome) == ["PS704"], outcome.failures
    assert "`platformspec bootstrap` makes it" in str(outcome.failures[0].help)
