"""apply, apply again and destroy from the command line in the simulated cloud."""

from __future__ import annotations

import pathlib
import shutil

import pytest

from platformspec.cli import exit
from platformspec.cli.main import main
from tests.support.examples import ROOT
from tests.support.rehearsed import needs_kubectl, needs_terraform

pytestmark = [needs_terraform, needs_kubectl]


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
