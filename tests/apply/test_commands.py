"""apply, destroy, approve, record and unlock as people call them, as far as nothing is done."""

from __future__ import annotations

import io
import json
import os
import pathlib
import socket

import pytest

from platformspec.apply.process import identity
from platformspec.apply.record import Record
from platformspec.cli import exit
from platformspec.cli.main import main
from tests.support.examples import ROOT


@pytest.fixture(autouse=True)
def platform(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> pathlib.Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path)
    file = tmp_path / "platform.yaml"
    text = (ROOT / "examples/bedrock-only/platform.yaml").read_text("utf-8")
    file.write_text(text + "environments:\n  dev: {}\n  prod: {approvals: 1}\n", "utf-8")
    return file


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


@pytest.mark.parametrize("option", [["--cluster", "kind"], ["--inject", "rules.yaml"]])
def test_what_only_rehearsals_have_is_not_ignored_elsewhere(
    option: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("apply", "--auto-approve", *option) == exit.USAGE
    assert f"{option[0]} is for rehearsals; add --rehearse" in capsys.readouterr().err


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


def test_a_damaged_record_stops_plan_and_apply(capsys: pytest.CaptureFixture[str]) -> None:
    run("record")
    next(pathlib.Path(".platformspec").glob("*/dev/record.sqlite")).write_bytes(b"")
    for command in ("plan", "apply", "record", "unlock"):
        assert run(command) == exit.ERRORS
        assert "error[PS705]" in capsys.readouterr().err
