"""The tutorial, run from top to bottom in a repository of its own."""

from __future__ import annotations

import os
import pathlib
import re
import subprocess
import sys

from tests.support.documents import fences
from tests.support.examples import ROOT

TUTORIAL = ROOT / "docs/tutorial.md"


def steps() -> list[tuple[str, list[str]]]:
    """`(command, the lines that it prints)`, over all blocks."""
    found: list[tuple[str, list[str]]] = []
    for block in fences(TUTORIAL.read_text("utf-8"), "console"):
        for line in block.splitlines():
            if line.startswith("$ "):
                found.append((line[2:], []))
            else:
                found[-1][1].append(line)
    return found


def follows(shown: list[str], printed: list[str]) -> bool:
    """Whether the lines are those that were printed, where `...` stands for any number of them, or for a part of one."""

    def same(some: list[str], others: list[str]) -> bool:
        return len(some) == len(others) and all(
            re.fullmatch(".*".join(map(re.escape, line.split("..."))), other)
            for line, other in zip(some, others, strict=True)
        )

    parts: list[list[str]] = [[]]
    for line in shown:
        if line == "...":
            parts.append([])
        else:
            parts[-1].append(line)
    if len(parts) == 1:
        return same(parts[0], printed)
    first, *middle, last = parts
    if not same(first, printed[: len(first)]) or not same(last, printed[len(printed) - len(last) :]):
        return False
    at, end = len(first), len(printed) - len(last)
    for part in middle:
        fitting = [i for i in range(at, end - len(part) + 1) if same(part, printed[i : i + len(part)])]
        if not fitting:
            return False
        at = fitting[0] + len(part)
    return at <= end


def test_follows() -> None:
    assert follows(["a", "...", "c"], ["a", "b", "c"])
    assert follows(["a", "...", "c", "..."], ["a", "b", "c", "d"])
    assert follows(["wrote ... files"], ["wrote 3 files"])
    assert not follows(["wrote ... files"], ["wrote 3 rows"])
    assert not follows(["a", "..."], ["b", "a"])
    assert not follows(["a", "c"], ["a", "b", "c"])
    assert not follows(["...", "c", "...", "b", "..."], ["a", "b", "c", "d"])


def test_every_step_prints_what_is_shown(tmp_path: pathlib.Path) -> None:
    program = tmp_path / "bin/platformspec"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m platformspec "$@"\n')
    program.chmod(0o755)
    people = {f"GIT_{who}_{what}": "lea@acme.example" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith("GIT_")},
        **people,
        "PATH": f"{program.parent}:{os.environ['PATH']}",
        "PYTHONPATH": f"{ROOT}:{ROOT / 'providers'}",
        "XDG_CACHE_HOME": str(tmp_path / "cache"),
        "GIT_CONFIG_GLOBAL": os.devnull,
        "LC_ALL": "C.UTF-8",
    }
    folder = tmp_path
    for command, shown in steps():
        if command.startswith("cd "):
            folder /= command[3:]
            continue
        done = subprocess.run(
            command, shell=True, cwd=folder, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
        )
        printed = [line.rstrip() for line in done.stdout.decode().splitlines()]
        assert follows(shown, printed), f"$ {command}\n" + "\n".join(printed)
        failed = any(line.startswith("error[") for line in shown)
        assert done.returncode == (1 if failed else 0), command


def test_the_tutorial_is_long_enough_to_mean_something() -> None:
    ran = {command.split()[1] for command, _ in steps() if command.startswith("platformspec ")}
    assert {"init", "validate", "plan", "cost", "fit", "compile", "graph", "set", "fmt", "review", "why"} <= ran
