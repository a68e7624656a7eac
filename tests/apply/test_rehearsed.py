"""apply, apply again and destroy from the command line in the simulated cloud, and where its secrets do not turn up."""

from __future__ import annotations

import io
import json
import pathlib
import shutil
import sqlite3
import sys
import types
import zipfile
import zlib
from collections.abc import Iterator

import platformspec_rehearsal.mirror
import pytest

from platformspec.cli import exit
from platformspec.cli.main import main
from tests.support.examples import ROOT
from tests.support.rehearsed import needs_kubectl, needs_terraform

pytestmark = [needs_terraform, needs_kubectl]
# What the simulated Secrets Manager makes when it is asked for a random password.
CANARY = "Q" * 16
# A provider whose passwords are nothing but this letter, and which writes down how often it made one's letter.
PLANTING = """#!{python}
import pathlib, runpy, secrets, sys
made = pathlib.Path({made!r})
def choice(letters):
    with made.open("a") as file:
        file.write("Q")
    return "Q"
secrets.choice = choice
sys.argv = sys.argv[3:]
runpy.run_module("platformspec_rehearsal.plugin", run_name="__main__")
"""


@pytest.fixture
def example(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> pathlib.Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    folder = tmp_path / "platform"
    shutil.copytree(ROOT / "examples" / request.param, folder, ignore=shutil.ignore_patterns(".platformspec"))
    return folder


def run(command: str, folder: pathlib.Path, *more: str) -> int:
    return main([command, str(folder), "--rehearse", "--auto-approve", *more])


@pytest.mark.slow
@pytest.mark.parametrize(("example", "secrets"), [("quickstart", 0), ("rag-assistant", 2)], indirect=["example"])
def test_a_platform_comes_stays_and_goes(
    example: pathlib.Path, secrets: int, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("apply", example) == exit.OK, capsys.readouterr()
    assert "created." in capsys.readouterr().out
    assert run("apply", example) == exit.OK, capsys.readouterr()
    assert "Done: no changes." in capsys.readouterr().out
    assert run("destroy", example, "--include-protected") == exit.OK, capsys.readouterr()
    said = capsys.readouterr().out
    assert "Exists now: 0 resources of 0 types, 0 Kubernetes objects." in said
    assert "kept by AWS: a KMS key" in said
    assert said.count("kept by AWS: secret ") == secrets
    # The quickstart's profile keeps no deleted secret, so that the platform can be made again at once.
    assert run("apply", example) == (exit.PARTIAL if secrets else exit.OK), capsys.readouterr()


def contents(name: str, data: bytes) -> Iterator[tuple[str, bytes]]:
    """A file as it is, and what it holds packed: saved plans are zip files, the record keeps programs compressed."""
    yield name, data
    if zipfile.is_zipfile(io.BytesIO(data)):
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            for member in archive.namelist():
                yield from contents(f"{name}!{member}", archive.read(member))


def traces(folder: pathlib.Path) -> list[str]:
    found = []
    for file in sorted(path for path in folder.rglob("*") if path.is_file()):
        found += [name for name, data in contents(str(file), file.read_bytes()) if CANARY.encode() in data]
        if file.name == "record.sqlite":
            with sqlite3.connect(file) as record:
                packed = [row[0] for row in record.execute("select ir from runs")]
            found += [f"{file}!ir" for ir in packed if CANARY.encode() in zlib.decompress(ir)]
    return found


def test_a_trace_would_be_found(tmp_path: pathlib.Path) -> None:
    with zipfile.ZipFile(tmp_path / "saved.tfplan", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("tfstate", json.dumps({"value": CANARY}))
    (tmp_path / "log").write_text(f"password={CANARY}")
    assert len(traces(tmp_path)) == 2


@pytest.mark.parametrize("example", ["quickstart"], indirect=True)
def test_secrets_turn_up_nowhere(
    example: pathlib.Path,
    tmp_path: pathlib.Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    made, program = tmp_path / "made", tmp_path / "python"
    program.write_text(PLANTING.format(python=sys.executable, made=str(made)))
    program.chmod(0o755)
    monkeypatch.setattr(platformspec_rehearsal.mirror, "sys", types.SimpleNamespace(executable=str(program)))
    assert run("apply", example) == exit.OK, capfd.readouterr()
    said = capfd.readouterr()
    assert len(made.read_text()) >= 2 * len(CANARY), "the passwords of the gateway were made"
    assert CANARY not in said.out + said.err
    assert traces(example) == []
    assert traces(tmp_path / "cache") == []
