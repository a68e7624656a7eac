"""A small platform for commands, and one undisturbed rehearsed apply of a whole one for all tests that disturb another."""

from __future__ import annotations

import json
import pathlib
import time
from dataclasses import dataclass, field
from typing import Any

import pytest

from tests.support.examples import ROOT
from tests.support.processes import go_on, stop
from tests.support.rehearsed_apply import Platform


@dataclass
class Undisturbed:
    """Where it ended, and what it left behind on its way.

    - `before`: step -> everything as it was when the steps that began together with this one began: what would be left had all
      processes been killed there.
    - `began`: step -> seconds from the start of the process.
    """

    platform: Platform
    end: dict[str, Any] = field(default_factory=dict)
    before: dict[str, Platform] = field(default_factory=dict)
    began: dict[str, float] = field(default_factory=dict)
    seconds: float = 0.0


@pytest.fixture
def platform(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> pathlib.Path:
    """The file of a small platform with two environments, in the folder of the test."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path)
    file = tmp_path / "platform.yaml"
    text = (ROOT / "examples/bedrock-only/platform.yaml").read_text("utf-8")
    file.write_text(text + "environments:\n  dev: {}\n  prod: {approvals: 1}\n", "utf-8")
    return file


@pytest.fixture(scope="session")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> Undisturbed:
    cache = tmp_path_factory.mktemp("cache")
    found = Undisturbed(Platform.fresh(tmp_path_factory.mktemp("undisturbed"), cache))
    stood_still, start = 0.0, time.monotonic()
    with found.platform.start() as process:
        assert process.stdout is not None
        assert process.stderr is not None
        at_work: set[str] = set()
        for line in process.stdout:
            event, now = json.loads(line), time.monotonic()
            if event["kind"] != "step":
                continue
            if event["status"] != "begins":
                at_work.remove(event["name"])
                continue
            if not at_work:
                stop(process.pid)
                copy = found.platform.copied(tmp_path_factory.mktemp("before"))
                go_on(process.pid)
                stood_still += time.monotonic() - now
            at_work.add(event["name"])
            found.before[event["name"]] = copy
            found.began[event["name"]] = now - start - stood_still
        said = process.stderr.read()
    assert process.returncode == 0, said
    found.seconds = time.monotonic() - start - stood_still
    found.end = found.platform.end()
    return found
