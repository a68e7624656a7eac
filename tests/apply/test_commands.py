"""apply, destroy, approve, record and unlock as people call them, as far as nothing is done."""

from __future__ import annotations

import io
import json
import os
import pathlib
import socket
import sqlite3

import pytest

from platformspec.apply.process import identity
from platformspec.apply.record import Record
from platformspec.cli import exit
from platformspec.cli.main import main
from tests.apply.bench import Bench, header, program, thing

pytestmark = pytest.mark.usefixtures("platform")


def run(*argv: str) -> int:
    return main([argv[0], "--env", "dev", *argv[1:]] if "--env" not in argv else list(argv))


def record(environment: str = "dev") -> Record:
    folder = next(pathlib.Path(".platformspec").glob(f"*/{environment}"))
    return Record(folder / "record.sqlite", folder.parent.name, environment)


def test_without_terraform_apply_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PATH", "/nonexistent")
    assert run("apply", "--auto-approve") == exit.ERRORS
    printed = capsys.readouterr()
    assert "error[PS700]: terraform or tofu is not installed" in printed.err
    assert "install Terraform 1.11" in printed.err
    assert record().runs() == ()
    assert run("plan") == exit.OK


@pytest.mark.parametrize(
    ("version", "code"), [("1.10.5", "PS701"), ("not json", "PS700"), ("2.0.0-rc1", None), ("1.11.0", None)]
)
def test_versions_of_terraform(
    version: str,
    code: str | None,
    tmp_path: pathlib.Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    fake = tmp_path / "terraform"
    fake.write_text(
        "#!/bin/sh\necho " + (version if version == "not json" else f"'{json.dumps({'terraform_version': version})}'")
    )
    fake.chmod(0o755)
    monkeypatch.setenv("PLATFORMSPEC_TERRAFORM", str(fake))
    monkeypatch.setenv("PLATFORMSPEC_KUBECTL", "no-such-kubectl")
    assert run("apply", "--auto-approve") == exit.ERRORS
    err = capsys.readouterr().err
    assert f"error[{code}]" in err if code else "PLATFORMSPEC_KUBECTL names no-such-kubectl" in err


@pytest.mark.parametrize("variable", ["PLATFORMSPEC_TERRAFORM", "PLATFORMSPEC_KUBECTL"])
@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("no program at all", "cannot be started: Exec format error"),
        ("#!/bin/sh\nexit 1\n", "does not answer `version"),
        (
            '#!/bin/sh\necho \'{"terraform_version": "unknown", "clientVersion": {"gitVersion": "unknown"}}\'\n',
            "says that its version is unknown",
        ),
        ('#!/bin/sh\necho \'{"terraform_version": null, "clientVersion": []}\'\n', "does not answer `version"),
    ],
)
def test_something_else_in_place_of_a_tool(
    variable: str,
    content: str,
    said: str,
    tmp_path: pathlib.Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    good = tmp_path / "terraform"
    good.write_text(f"#!/bin/sh\necho '{json.dumps({'terraform_version': '1.11.4'})}'\n")
    other = tmp_path / "other"
    other.write_text(content)
    for file in (good, other):
        file.chmod(0o755)
    monkeypatch.setenv("PLATFORMSPEC_TERRAFORM", str(good))
    monkeypatch.setenv(variable, str(other))
    assert run("apply", "--auto-approve") == exit.ERRORS
    assert f"error[PS700]: {other} {said}" in capsys.readouterr().err
    assert record().runs() == ()


@pytest.mark.parametrize(
    ("prints", "said"),
    [
        ('echo \'{"Account": "999988887777"}\'', "the credentials are for account 999988887777"),
        ("exit 255", "there are no valid credentials"),
        ("echo hello", "does not say whose account"),
        ("echo '{}'", "does not say whose account"),
    ],
)
def test_credentials_of_another_account(
    prints: str,
    said: str,
    tmp_path: pathlib.Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    answers = {
        "terraform": f"echo '{json.dumps({'terraform_version': '1.11.4'})}'",
        "kubectl": f"echo '{json.dumps({'clientVersion': {'gitVersion': 'v1.31.0'}})}'",
        "aws": prints,
    }
    (tmp_path / "bin").mkdir()
    for name, answer in answers.items():
        file = tmp_path / "bin" / name
        file.write_text(f"#!/bin/sh\n{answer}\n")
        file.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:/bin:/usr/bin")
    assert run("apply", "--auto-approve") == exit.ERRORS
    err = capsys.readouterr().err
    assert "error[PS702]" in err
    assert said in err
    assert record().runs() == ()


@pytest.mark.parametrize(
    ("argv", "said"),
    [
        (["apply", "--inject", "rules.yaml"], "--inject does something only with --rehearse"),
        (["apply", "--cluster", "kind"], "--cluster does something only with --rehearse"),
        (["destroy", "--inject", "rules.yaml"], "--inject does something only with --rehearse"),
        (["rollback", "--inject", "rules.yaml"], "--inject does something only with --rehearse"),
        (["apply", "--create-again"], "--create-again does something only with --resume"),
        (["apply", "--resume", "--target", "model.chat"], "--target cannot change that"),
        (["apply", "--resume", "--plan", "plan.json"], "--plan cannot change that"),
    ],
)
def test_options_that_would_do_nothing(argv: list[str], said: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(*argv) == exit.USAGE
    assert said in capsys.readouterr().err


def test_a_record_from_a_newer_version(capsys: pytest.CaptureFixture[str]) -> None:
    run("record")
    (file,) = pathlib.Path(".platformspec").rglob("record.sqlite")
    with sqlite3.connect(file) as database:
        database.execute("update meta set value = '99' where key = 'format'")
    database.close()
    before = file.read_bytes()
    for command in ("plan", "apply", "rollback", "destroy", "approve", "record", "unlock"):
        assert run(command) == exit.ERRORS
        assert "error[PS706]" in capsys.readouterr().err
    assert file.read_bytes() == before


def test_a_run_that_failed_is_not_said_to_have_done_it(capsys: pytest.CaptureFixture[str]) -> None:
    run("record")
    here = record()
    head = program(thing("model.a/x", "data"))
    here.begin_run(header(Bench(pathlib.Path()).plan(here, head)), head)
    here.end_run(1, "failed", "2026-11-25T10:00:00+00:00")
    here.close()
    capsys.readouterr()
    assert run("record") == exit.OK
    assert "1 to create" in capsys.readouterr().out


def test_nobody_to_ask(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO())
    assert run("apply") == exit.ERRORS
    printed = capsys.readouterr()
    assert "PS725" in printed.err
    assert "to create" in printed.out


def test_a_saved_plan_of_another_file(platform: pathlib.Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("plan", "--out", "plan.json") == exit.OK
    platform.write_text(platform.read_text().replace("metadata: {", "metadata: {owner: somebody, "))
    assert run("apply", "--auto-approve", "--plan", "plan.json") == exit.ERRORS
    assert "error[PS712]: the platform has changed" in capsys.readouterr().err


def test_a_lock_in_use_a_dead_one_and_unlock(capsys: pytest.CaptureFixture[str]) -> None:
    run("record")
    held = {
        "token": "t",
        "command": "apply",
        "who": "lea",
        "host": socket.gethostname(),
        "pid": os.getpid(),
        "since": "2026",
    }
    record().take_lock({**held, "identity": identity(os.getpid())})
    for command in (["apply", "--auto-approve"], ["apply", "--resume"], ["destroy"], ["unlock"]):
        assert run(*command) == exit.ERRORS
        assert "error[PS707]: the apply of lea" in capsys.readouterr().err
    assert run("unlock", "--force") == exit.OK
    record().take_lock({**held, "identity": "gone"})
    assert run("apply", "--auto-approve") == exit.ERRORS
    assert "error[PS708]" in capsys.readouterr().err
    assert run("unlock") == exit.OK
    assert record().lock_owner() is None
    assert run("unlock") == exit.OK


def test_approvals_by_others(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("PATH", "/nonexistent")
    for person, code in (("lea", "PS721"), ("kim", "PS721")):
        monkeypatch.setenv("LOGNAME", person)
        assert run("apply", "--env", "prod", "--auto-approve") == exit.ERRORS
        assert code in capsys.readouterr().err
    assert run("approve", "--env", "prod", "--auto-approve") == exit.OK
    assert run("apply", "--env", "prod", "--auto-approve") == exit.ERRORS
    assert "needs 1 approval by others than kim, and has none" in capsys.readouterr().err
    monkeypatch.setenv("LOGNAME", "lea")
    assert run("apply", "--env", "prod", "--auto-approve") == exit.ERRORS
    assert "PS700" in capsys.readouterr().err, "approved, and stopped by the missing terraform only"


def test_nothing_to_resume_destroy_or_target(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("apply", "--resume") == exit.ERRORS
    assert "PS709" in capsys.readouterr().err
    record().take_lock(
        {
            "token": "t",
            "command": "apply",
            "who": "lea",
            "host": socket.gethostname(),
            "pid": 1,
            "identity": "gone",
            "since": "2026",
        }
    )
    assert run("apply", "--resume") == exit.ERRORS
    assert "`platformspec unlock`, then `platformspec apply`" in capsys.readouterr().err
    assert run("unlock") == exit.OK
    assert run("destroy", "--auto-approve") == exit.ERRORS
    assert "PS729" in capsys.readouterr().err
    assert run("apply", "--auto-approve", "--target", "model.none") == exit.ERRORS
    assert "PS728" in capsys.readouterr().err
    assert run("record") == exit.OK
    assert "nothing was applied yet" in capsys.readouterr().out
    assert run("record", "--run", "3") == exit.USAGE


def test_a_permission_to_destroy_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("apply", "--auto-approve", "--allow-destroy", "network.main/vcp") == exit.ERRORS
    printed = capsys.readouterr()
    assert "error[PS772]: --allow-destroy network.main/vcp names no resource" in printed.err
    assert "did you mean network.main/vpc?" in printed.err
    assert "Plan for" not in printed.out
    assert record().runs() == ()


def test_a_damaged_record_stops_plan_and_apply(capsys: pytest.CaptureFixture[str]) -> None:
    run("record")
    next(pathlib.Path(".platformspec").glob("*/dev/record.sqlite")).write_bytes(b"")
    for command in ("plan", "apply", "record", "unlock"):
        assert run(command) == exit.ERRORS
        assert "error[PS705]" in capsys.readouterr().err
