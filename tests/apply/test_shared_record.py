"""The record beside the state in S3: who may write, what is noticed, and what a lost connection does."""

from __future__ import annotations

import json
import multiprocessing
import pathlib
import socket
import sqlite3
from collections.abc import Iterator
from typing import Any

import pytest
from platformspec_aws.acting import open_objects

from platformspec.apply.kept_locks import KeptLocks
from platformspec.apply.lock import is_dead, locked
from platformspec.apply.record import Record
from platformspec.apply.shared import SharedRecord
from platformspec.cli import exit
from platformspec.cli.main import main
from platformspec.diagnostics import Failure
from platformspec.emit.settings import EmitSettings, S3State
from platformspec.lower.objects import Objects, ObjectsProblem, Stored
from tests.apply.bench import program, thing
from tests.support.examples import ROOT
from tests.support.moto_server import ACCOUNT, REGION, state_bucket

BUCKET = "acme-state"
SETTINGS = EmitSettings("acme", "prod", S3State(BUCKET, REGION, "all"), {})
KEY = "all/acme/prod/record.sqlite"
HEAD = program(thing("network.main/vpc", "network"), thing("cluster.main/nodes", "cluster"))
OWNER = {"token": "t", "command": "apply", "who": "lea", "host": "elsewhere", "pid": 1, "identity": "0", "since": "s"}


@pytest.fixture
def s3(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    with state_bucket(BUCKET, monkeypatch) as client:
        yield client


def machine(folder: pathlib.Path, objects: Objects | None = None) -> Record:
    """The record as a process on a machine of its own opens it."""
    here = objects if objects is not None else open_objects(BUCKET, REGION)
    shared = SharedRecord(here, BUCKET, SETTINGS.state_key, folder, lambda: "2026-11-25T10:00:00+00:00")
    return Record(folder / "record.sqlite", "acme", "prod", shared)


class Flaky:
    """Objects whose connection fails: before a write (`lost`), or after it, so that only the answer is lost (`silent`)."""

    def __init__(self) -> None:
        self.objects = open_objects(BUCKET, REGION)
        self.lost = self.silent = False

    def read(self, key: str) -> Stored | None:
        self._fail(self.lost)
        return self.objects.read(key)

    def write(self, key: str, content: bytes, replaces: str | None) -> str:
        self._fail(self.lost)
        tag = self.objects.write(key, content, replaces)
        self._fail(self.silent)
        return tag

    def remove(self, key: str, tag: str) -> None:
        self._fail(self.lost)
        self.objects.remove(key, tag)

    def _fail(self, fails: bool) -> None:
        if fails:
            raise ObjectsProblem("unreachable", "no route to host")


def stored(s3: Any, key: str = KEY) -> bytes:
    content: bytes = s3.get_object(Bucket=BUCKET, Key=key)["Body"].read()
    return content


def test_what_one_machine_writes_another_reads(s3: Any, tmp_path: pathlib.Path) -> None:
    first = machine(tmp_path / "a")
    assert "Contents" not in s3.list_objects_v2(Bucket=BUCKET), "nothing is written by looking"
    with locked(first, "apply", "now"):
        first.applied(HEAD)
    second = machine(tmp_path / "b")
    assert set(second.known()) == set(HEAD.nodes)
    assert [o["Key"] for o in s3.list_objects_v2(Bucket=BUCKET)["Contents"]] == [KEY]
    copy = Record(tmp_path / "b/record.sqlite", "acme", "prod")
    assert set(copy.known()) == set(HEAD.nodes), "the copy is a record like any other"
    seen = json.loads((tmp_path / "b/record.seen.json").read_text())
    assert seen == {"where": f"s3://{BUCKET}/{KEY}", "at": "2026-11-25T10:00:00+00:00", "there": True}


def test_the_lock_makes_what_was_read_before_it_fresh(s3: Any, tmp_path: pathlib.Path) -> None:
    early = machine(tmp_path / "a")
    with locked(machine(tmp_path / "b"), "apply", "now") as _:
        pass
    other = machine(tmp_path / "b")
    other.applied(HEAD)
    assert early.known() == {}
    with locked(early, "apply", "now"):
        assert set(early.known()) == set(HEAD.nodes)
        early.gone(HEAD.nodes)
    assert machine(tmp_path / "b").known() == {}


def test_a_record_that_somebody_else_wrote_is_never_overwritten(s3: Any, tmp_path: pathlib.Path) -> None:
    mine = machine(tmp_path / "a")
    mine.applied([HEAD.nodes["network.main/vpc"]])
    theirs = machine(tmp_path / "b")
    theirs.applied([HEAD.nodes["cluster.main/nodes"]])
    before = stored(s3)
    for _ in range(2):
        with pytest.raises(Failure, match="PS760"):
            mine.gone(["network.main/vpc"])
    assert stored(s3) == before
    s3.delete_object(Bucket=BUCKET, Key=KEY)
    with pytest.raises(Failure, match="PS760"):
        theirs.gone(["network.main/vpc"])


def test_two_that_begin_a_record_at_once(s3: Any, tmp_path: pathlib.Path) -> None:
    one, two = machine(tmp_path / "a"), machine(tmp_path / "b")
    one.applied(HEAD)
    with pytest.raises(Failure, match="PS760"):
        two.attempt(HEAD)
    assert set(machine(tmp_path / "c").known()) == set(HEAD.nodes)


def test_an_answer_that_was_lost_is_not_taken_for_somebody_else(s3: Any, tmp_path: pathlib.Path) -> None:
    flaky = Flaky()
    record = machine(tmp_path, flaky)
    flaky.silent = True
    with pytest.raises(Failure, match="PS761"):
        record.applied([HEAD.nodes["network.main/vpc"]])
    flaky.silent = False
    record.applied([HEAD.nodes["cluster.main/nodes"]])
    assert set(machine(tmp_path / "b").known()) == set(HEAD.nodes)


def test_a_lock_whose_answer_was_lost_is_ours(s3: Any, tmp_path: pathlib.Path) -> None:
    record = machine(tmp_path)
    assert record.take_lock(OWNER) is None
    assert record.take_lock(OWNER) is None, "as boto3 repeats a request"
    assert record.take_lock({**OWNER, "token": "other"}) == OWNER
    record.drop_lock("other")
    assert record.lock_owner() == OWNER
    record.drop_lock("t")
    assert record.lock_owner() is None


def test_a_lost_connection_stops_and_loses_nothing(s3: Any, tmp_path: pathlib.Path) -> None:
    flaky = Flaky()
    record = machine(tmp_path, flaky)
    record.attempt(HEAD)
    before = stored(s3)
    flaky.lost = True
    with pytest.raises(Failure, match="PS761.*no route to host"):
        record.applied([HEAD.nodes["network.main/vpc"]])
    assert stored(s3) == before
    flaky.lost = False
    record.applied([HEAD.nodes["cluster.main/nodes"]])
    assert {k.certainty for k in machine(tmp_path / "b").known().values()} == {"applied"}


@pytest.mark.parametrize(
    ("damage", "code"),
    [
        pytest.param(lambda content: b"", "PS705", id="empty"),
        pytest.param(lambda content: content[:-1], "PS705", id="one byte less"),
        pytest.param(lambda content: content[: len(content) // 2], "PS705", id="cut"),
        pytest.param(lambda content: b"not a record" + content[12:], "PS705", id="overwritten"),
        pytest.param(lambda content: content.replace(b'"input": "x"', b'"input": "y"', 1), "PS705", id="one letter"),
        pytest.param(lambda content: changed(content, "format", "2"), "PS706", id="newer"),
        pytest.param(lambda content: changed(content, "platform", "other"), "PS732", id="foreign"),
    ],
)
def test_damage_is_seen_and_never_written_over(s3: Any, tmp_path: pathlib.Path, damage: Any, code: str) -> None:
    machine(tmp_path / "a").applied(HEAD)
    content = damage(stored(s3))
    assert content != stored(s3)
    s3.put_object(Bucket=BUCKET, Key=KEY, Body=content)
    copy = (tmp_path / "a/record.sqlite").read_bytes()
    with pytest.raises(Failure, match=code):
        machine(tmp_path / "a")
    assert stored(s3) == content
    assert (tmp_path / "a/record.sqlite").read_bytes() == copy, "plan goes on with the last good one"


def changed(content: bytes, key: str, value: str) -> bytes:
    database = sqlite3.connect(":memory:")
    database.deserialize(content)
    database.execute("update meta set value = ? where key = ?", (value, key))
    database.commit()
    return database.serialize()


def test_a_record_that_this_machine_knows_and_the_bucket_does_not(s3: Any, tmp_path: pathlib.Path) -> None:
    machine(tmp_path).applied(HEAD)
    s3.delete_object(Bucket=BUCKET, Key=KEY)
    with pytest.raises(Failure, match="PS762") as raised:
        machine(tmp_path)
    assert "last version" in raised.value.diagnostic.help
    (tmp_path / "record.seen.json").unlink()
    with pytest.raises(Failure, match="PS762") as raised:
        machine(tmp_path)
    assert f"aws s3 cp {tmp_path / 'record.sqlite'} s3://{BUCKET}/{KEY}" in raised.value.diagnostic.help
    empty = tmp_path / "empty/record.sqlite"
    Record(empty, "acme", "prod").close()
    assert machine(empty.parent).known() == {}, "a record in which nothing is written is nothing to lose"


def _contend(folder: str, barrier: Any, results: Any) -> None:
    record = machine(pathlib.Path(folder))
    barrier.wait()
    try:
        with locked(record, "apply", "t"):
            results.put("held")
            barrier.wait()
    except Failure as failure:
        results.put(failure.diagnostic.code.id)
        barrier.wait()


def test_of_several_applies_at_once_exactly_one_proceeds(s3: Any, tmp_path: pathlib.Path) -> None:
    context = multiprocessing.get_context("spawn")
    number = 3
    barrier, results = context.Barrier(number), context.Queue()
    workers = [context.Process(target=_contend, args=(str(tmp_path / str(n)), barrier, results)) for n in range(number)]
    for worker in workers:
        worker.start()
    found = sorted(results.get(timeout=120) for _ in workers)
    for worker in workers:
        worker.join(60)
    assert found == ["PS707"] * (number - 1) + ["held"]
    assert machine(tmp_path).lock_owner() is None


def test_a_dead_owner_is_known_only_where_its_process_could_be_seen(s3: Any, tmp_path: pathlib.Path) -> None:
    record = machine(tmp_path)
    with locked(record, "apply", "t"):
        owner = record.lock_owner()
    assert owner is not None
    assert not is_dead(owner)
    assert is_dead({**owner, "identity": "0"})
    assert owner["host"] == socket.gethostname()
    assert not is_dead({**owner, "identity": "0", "space": "of a container of the same name"})


def test_a_fresh_checkout_installs_the_providers_of_the_last_apply(s3: Any, tmp_path: pathlib.Path) -> None:
    kept = KeptLocks(open_objects(BUCKET, REGION), SETTINGS.state_key)
    first, second = tmp_path / "first", tmp_path / "second"
    first.mkdir()
    (first / "network.lock.hcl").write_text("as installed")
    (first / "cluster.lock.hcl").write_text("as installed too")
    kept.keep(["network", "cluster", "no-such-stack"], first)
    second.mkdir()
    (second / "cluster.lock.hcl").write_text("as reviewed")
    kept.fetch(["network", "cluster", "no-such-stack"], second)
    found = {file.name: file.read_text() for file in second.iterdir()}
    assert found == {"network.lock.hcl": "as installed", "cluster.lock.hcl": "as reviewed"}
    kept.keep(["network", "cluster"], second)
    assert stored(s3, "all/acme/prod/terraform-locks/cluster.lock.hcl") == b"as reviewed"


# As people call it.


@pytest.fixture
def platform(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> pathlib.Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path)
    text = (ROOT / "examples/bedrock-only/platform.yaml").read_text("utf-8")
    file = tmp_path / "platform.yaml"
    file.write_text(
        text + "environments:\n"
        f'  prod: {{approvals: 1, patch: {{cloud.account: "{ACCOUNT}", cloud.region: {REGION}, cloud.state: {{bucket: {BUCKET}}}}}}}\n'
    )
    return file


def run(*argv: str) -> int:
    return main([argv[0], "--env", "prod", *argv[1:]])


def test_plan_says_which_record_it_compares_with(
    s3: Any, platform: pathlib.Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("plan") == exit.OK
    assert "has not been read on this machine; `platformspec record` reads it" in capsys.readouterr().out
    assert run("record") == exit.OK
    assert run("plan") == exit.OK
    out = capsys.readouterr().out
    assert "nothing was applied yet" in out
    assert f"it was not applied yet, as s3://{BUCKET}/" in out
    assert run("approve", "--auto-approve") == exit.OK
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    assert run("plan") == exit.OK, "without a network"
    for command in (["record"], ["apply", "--auto-approve"], ["unlock"]):
        assert run(*command) == exit.ERRORS
        assert "error[PS761]" in capsys.readouterr().err


def test_approvals_are_shared_and_refused_during_an_apply(
    s3: Any, platform: pathlib.Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PATH", "/nonexistent")
    monkeypatch.setenv("LOGNAME", "kim")
    lock = "bedrock/prod/record.lock"
    s3.put_object(Bucket=BUCKET, Key=lock, Body=json.dumps(OWNER))
    assert run("approve", "--auto-approve") == exit.ERRORS
    assert "error[PS707]: the apply of lea on elsewhere (process 1) since s has the lock" in capsys.readouterr().err
    assert run("unlock") == exit.ERRORS
    assert "unlock --force" in capsys.readouterr().err
    assert run("unlock", "--force") == exit.OK
    assert run("approve", "--auto-approve") == exit.OK
    # Another machine: nothing is left of this one's folder.
    for file in sorted(pathlib.Path(".platformspec").rglob("*")):
        if file.is_file():
            file.unlink()
    monkeypatch.setenv("LOGNAME", "lea")
    assert run("apply", "--auto-approve") == exit.ERRORS
    assert "PS700" in capsys.readouterr().err, "approved, and stopped by the missing terraform only"


def test_a_bucket_that_does_not_exist_and_no_credentials(
    s3: Any, platform: pathlib.Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    assert run("record") == exit.ERRORS
    assert "error[PS742]" in capsys.readouterr().err
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    s3.delete_bucket(Bucket=BUCKET)
    assert run("apply", "--auto-approve") == exit.ERRORS
    printed = capsys.readouterr().err
    assert f"error[PS704]: the bucket {BUCKET} does not exist" in printed
    assert "platformspec bootstrap" in printed
