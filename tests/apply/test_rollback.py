"""rollback: which run it goes back to, what it refuses, and a platform that went forward, back, and was killed on the way."""

from __future__ import annotations

import dataclasses
import json
import os
import pathlib
import shutil
import signal
import subprocess
import sys

import pytest

from platformspec.apply.record import Record, Run
from platformspec.apply.rollback import chosen, program_at, renamed_since
from platformspec.apply.versions import refuse_lowered
from platformspec.cli import exit
from platformspec.cli.main import main
from platformspec.diagnostics import Failure
from platformspec.ir.node import Import
from platformspec.ir.program import Program
from platformspec.plan.digest import digest
from tests.apply.bench import PLACE, Bench, header, needs_terraform, program, thing
from tests.apply.test_renames import FORMER, after, called, ids
from tests.support.examples import ROOT
from tests.support.rehearsed import needs_kubectl


def run_of(id: int, says: str, status: str = "complete", **more: object) -> Run:
    row = Run(
        id, "apply", "2026-11-25T10:00:00+00:00", None, "lea", "vm", "0.1.0", None, "platform.yaml", says, "", status, {}, {}
    )  # type: ignore[arg-type]  # fmt: skip
    return dataclasses.replace(row, **more)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("runs", "expected"),
    [
        ([run_of(1, "a"), run_of(2, "b")], 1),
        # Nothing changed in the last one.
        ([run_of(1, "a"), run_of(2, "b"), run_of(3, "b")], 1),
        # What failed on the way forward is left.
        ([run_of(1, "a"), run_of(2, "b", "failed")], 1),
        ([run_of(1, "a"), run_of(2, "b", "failed"), run_of(3, "c")], 1),
        ([run_of(1, "a"), run_of(2, "b", options={"target": "model.a"}), run_of(3, "c")], 1),
        # What was applied before everything was destroyed.
        ([run_of(1, "a"), run_of(2, "", command="destroy")], 1),
        ([run_of(1, "a"), run_of(2, "b"), run_of(3, "a", command="rollback")], 2),
    ],
)
def test_the_run_before_what_was_applied_last(runs: list[Run], expected: int) -> None:
    assert chosen(runs, None).id == expected
    assert chosen(runs, 1).id == 1


@pytest.mark.parametrize(
    ("runs", "number", "code", "said"),
    [
        ([], None, "PS781", "nothing was applied here"),
        ([], 3, "PS781", "nothing was applied here"),
        ([run_of(1, "a")], None, "PS781", "no run before run 1"),
        ([run_of(1, "a"), run_of(2, "a")], None, "PS781", "no run before run 2"),
        ([run_of(1, "a")], 2, "PS781", "there is no run 2"),
        ([run_of(1, "", command="destroy")], 1, "PS781", "run 1 is a destroy"),
        ([run_of(1, "a", "failed")], 1, "PS782", "run 1 is failed: it never finished"),
        ([run_of(1, "a", "interrupted")], 1, "PS782", "run 1 is interrupted"),
        ([run_of(1, "a", options={"target": "model.chat"})], 1, "PS782", "applied no more than model.chat"),
        ([run_of(1, "a", tool_version="99.0.0")], 1, "PS783", "run 1 is by platformspec 99.0.0"),
        ([run_of(1, "a", tool_version="99.0.0"), run_of(2, "b")], None, "PS783", "run 1 is by platformspec 99.0.0"),
    ],
)
def test_runs_that_cannot_be_gone_back_to(runs: list[Run], number: int | None, code: str, said: str) -> None:
    with pytest.raises(Failure, match=f"{code}.*{said}"):
        chosen(runs, number)


@pytest.mark.parametrize(
    ("before", "later", "refused"),
    [("17", "16", True), ("17.4", "17", False), ("17", "17.4", False), ("9.6", "10.1", False), ("8.2", "8.0", True)],
)
def test_versions_that_only_rise(tmp_path: pathlib.Path, before: str, later: str, refused: bool) -> None:
    bench = Bench(tmp_path)
    record = bench.record()
    record.applied([thing("database.a/cluster", "data", attrs={"engine_version": before})])
    plan = bench.plan(record, program(thing("database.a/cluster", "data", attrs={"engine_version": later})))
    rises = {"terraform_data": "engine_version"}
    refuse_lowered(plan, {})
    refuse_lowered(plan.within({"cache.b/group"}, ""), rises)
    if refused:
        with pytest.raises(Failure, match=f"PS784.*has version {before}, and the plan lowers it to {later}"):
            refuse_lowered(plan, rises)
    else:
        refuse_lowered(plan, rises)


def test_a_program_that_this_version_cannot_read(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    record = Bench(tmp_path).record()
    head = program(thing("a.a/x", "data"))
    monkeypatch.setattr("platformspec.ir.serialise.FORMAT_VERSION", 99)
    record.begin_run(header(Bench(tmp_path).plan(record, head)), head)
    monkeypatch.undo()
    with pytest.raises(Failure, match="PS783.*cannot be read"):
        program_at(record, record.runs()[0])


@needs_terraform
def test_back_across_a_rename(tmp_path: pathlib.Path) -> None:
    """What was renamed keeps its present name, and is not made anew under the old one."""
    bench = Bench(tmp_path)
    assert bench.apply(program(*called("old"))).complete
    made = ids(bench)
    assert bench.apply(after("y", thing("queue.q/queue", "data"))).complete
    # The earlier name is no longer in the file.
    assert bench.apply(program(*called("new", "z"))).complete
    record = bench.record()
    first = record.runs()[0]
    back = program_at(record, first)
    assert renamed_since(record, first) == {"database.old": "database.new"}
    assert {change.action for change in bench.plan(record, back).changes} == {"update"}
    record.close()
    assert bench.apply(back).complete
    assert sorted(ids(bench).values()) == sorted(made.values())
    assert digest(back) == digest(program(*called("new")))


def test_an_import_names_what_it_takes_over_as_it_is_called_now(tmp_path: pathlib.Path) -> None:
    bench = Bench(tmp_path)
    record = bench.record()
    old = "database.old/cluster"
    taken = Import(
        f"{old}/import",
        "import",
        "data",
        PLACE,
        {"to": "terraform_data.database_old__cluster", "id": "x"},
        "database.old",
    )
    for head in (program(thing(old, "data"), taken), after()):
        record.end_run(record.begin_run(header(bench.plan(record, head)), head), "complete", None)
    back = program_at(record, record.runs()[0])
    assert back.imported == {"database.new/cluster": "x"}
    assert back.nodes["database.new/cluster/import"].attrs["to"] == "terraform_data.database_new__cluster"
    record.close()


@needs_terraform
def test_back_from_the_middle_of_a_rename(tmp_path: pathlib.Path) -> None:
    """Terraform still has the old addresses, and the record the new names: the moves are done on the way back."""
    bench = Bench(tmp_path)
    assert bench.apply(program(*called("old"))).complete
    made = ids(bench)
    record = bench.record()
    head = after("y")
    record.begin_run(header(bench.plan(record, head)), head)
    record.rename(FORMER)
    back = program_at(record, record.runs()[0])
    record.close()
    assert bench.apply(back).complete
    assert sorted(ids(bench).values()) == sorted(made.values())
    assert not any("old" in name for name in ids(bench))


@pytest.fixture
def platform(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> pathlib.Path:
    """A folder under git, with the quickstart in it."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    folder = tmp_path / "platform"
    shutil.copytree(ROOT / "examples/quickstart", folder, ignore=shutil.ignore_patterns(".platformspec"))
    monkeypatch.chdir(folder)
    return folder


def commit(folder: pathlib.Path, message: str) -> str:
    git = ["git", "-c", "user.name=lea", "-c", "user.email=lea@example.com"]
    subprocess.run([*git, "init", "-q"], cwd=folder, check=True)
    subprocess.run([*git, "add", "platform.yaml", "platform.lock"], cwd=folder, check=True)
    subprocess.run([*git, "commit", "-qm", message], cwd=folder, check=True)
    return subprocess.run(
        ["git", "rev-parse", "HEAD"], cwd=folder, check=True, capture_output=True, text=True
    ).stdout.strip()


def history(*programs: Program) -> None:
    """Write down that these were applied, one after another."""
    assert main(["record"]) == exit.OK
    folder = next(file.parent for file in pathlib.Path(".platformspec").rglob("record.sqlite"))
    record = Record(folder / "record.sqlite", "quickstart", None)
    for head in programs:
        plan = Bench(folder).plan(record, head)
        run = record.begin_run({**header(plan), "tool_version": "0.1.0", "file": "platform.yaml"}, head)
        record.gone([id for id in record.known() if id not in head.nodes])
        record.applied(head)
        record.end_run(run, "complete", "2026-11-25T10:00:00+00:00")
    record.close()


def of(*things: object) -> Program:
    return Program.of("quickstart", None, things)  # type: ignore[arg-type]


def test_what_is_protected_stays(platform: pathlib.Path, capsys: pytest.CaptureFixture[str]) -> None:
    kept = thing("database.a/cluster", "data", lifecycle={"prevent_destroy": True})
    history(of(thing("model.a/x", "data")), of(thing("model.a/x", "data"), kept))
    assert main(["rollback", "--auto-approve"]) == exit.ERRORS
    assert "error[PS715]: the plan deletes database.a/cluster" in capsys.readouterr().err


def test_a_rollback_needs_its_own_approval(
    platform: pathlib.Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    file = platform / "platform.yaml"
    file.write_text(file.read_text().replace("profile:", "environments: {prod: {approvals: 1}}\nprofile:"))
    monkeypatch.setenv("PATH", "/nonexistent")
    monkeypatch.setenv("LOGNAME", "lea")
    options = ["--env", "prod", "--auto-approve"]
    assert main(["record", "--env", "prod"]) == exit.OK
    folder = next(f.parent for f in pathlib.Path(".platformspec").rglob("record.sqlite"))
    record = Record(folder / "record.sqlite", "quickstart", "prod")
    for value in ("a", "b"):
        head = Program.of("quickstart", "prod", [thing("model.a/x", "data", value)])
        plan = Bench(folder).plan(record, head)
        run = record.begin_run({**header(plan), "tool_version": "0.1.0"}, head)
        record.applied(head)
        record.end_run(run, "complete", None)
    record.close()
    assert main(["rollback", *options]) == exit.ERRORS
    assert "run `platformspec approve --to 1`" in capsys.readouterr().err
    monkeypatch.setenv("LOGNAME", "kim")
    assert main(["approve", *options]) == exit.OK
    monkeypatch.setenv("LOGNAME", "lea")
    assert main(["rollback", *options]) == exit.ERRORS
    assert "PS721" in capsys.readouterr().err, "the approval of the way forward is none of the way back"
    monkeypatch.setenv("LOGNAME", "kim")
    assert main(["approve", *options, "--to", "1"]) == exit.OK
    monkeypatch.setenv("LOGNAME", "lea")
    assert main(["rollback", *options]) == exit.ERRORS
    assert "PS700" in capsys.readouterr().err, "approved, and stopped by the missing terraform only"


def state(folder: pathlib.Path) -> set[str]:
    """Terraform addresses of everything in the states, with their stacks."""
    found = set()
    for file in sorted(folder.rglob("terraform/state/*.tfstate")):
        for resource in json.loads(file.read_text("utf-8"))["resources"]:
            found.add(f"{file.stem}/{resource['mode']}.{resource['type']}.{resource['name']}")
    return found


def killed_at(step: str, *argv: str) -> None:
    """Run a command, and kill it with SIGKILL when this step begins."""
    process = subprocess.Popen(
        [sys.executable, "-m", "platformspec", *argv, "--json"],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    assert process.stdout is not None
    for line in process.stdout:
        event = json.loads(line)
        if event["kind"] == "step" and event["name"] == step and event["status"] == "begins":
            process.send_signal(signal.SIGKILL)
            break
    process.stdout.close()
    assert process.wait() == -signal.SIGKILL, f"{step} never began"


@pytest.mark.slow
@needs_terraform
@needs_kubectl
def test_forward_back_and_killed_on_the_way(platform: pathlib.Path, capfd: pytest.CaptureFixture[str]) -> None:
    rehearsed = ["--rehearse", "--auto-approve"]
    first = commit(platform, "one")
    text = (platform / "platform.yaml").read_text("utf-8")
    assert main(["apply", *rehearsed]) == exit.OK, capfd.readouterr()
    before, exists = state(platform), said(capfd, "Exists now")
    later = text.replace("gpus_per_node: 1}", "gpus_per_node: 1, disk_gib: 300}") + "caches: {fast: {}}\n"
    (platform / "platform.yaml").write_text(later, "utf-8")
    commit(platform, "two")
    assert main(["apply", *rehearsed]) == exit.OK, capfd.readouterr()
    assert "data/managed.aws_elasticache_replication_group.cache_fast__group" in state(platform)
    capfd.readouterr()

    killed_at("retire data", "rollback", *rehearsed)
    assert main(["rollback", *rehearsed]) == exit.ERRORS
    assert "error[PS708]: the rollback of" in capfd.readouterr().err
    assert main(["apply", "--resume", *rehearsed]) == exit.OK, capfd.readouterr()
    out = capfd.readouterr().out
    assert "platform.yaml is ahead of what runs now: run 1, the apply of" in out
    assert f"git checkout {first[:12]} -- platform.yaml" in out
    assert next(line for line in out.splitlines() if line.startswith("Exists now")) == exists
    assert state(platform) == before
    folder = next(file.parent for file in platform.rglob("record.sqlite"))
    record = Record(folder / "record.sqlite", "quickstart", None)
    now = record.program("quickstart", None)
    runs = record.runs()
    record.close()
    assert now is not None
    assert digest(now) == runs[0].head_digest
    assert [(run.command, run.status) for run in runs[2:]] == [("rollback", "interrupted"), ("rollback", "complete")]
    assert runs[3].revision is not None
    assert runs[3].revision.startswith(first), "the record names the commit whose platform runs"

    # Forward again is what the file says; taken back, it says what runs.
    (platform / "platform.yaml").write_text(text, "utf-8")
    assert main(["apply", *rehearsed]) == exit.OK
    assert "Done: no changes." in capfd.readouterr().out


def said(capfd: pytest.CaptureFixture[str], begins: str) -> str:
    return next(line for line in capfd.readouterr().out.splitlines() if line.startswith(begins))
