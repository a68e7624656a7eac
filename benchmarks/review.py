"""Measure reviews of a one-line change in CPU seconds, each in a process of its own with nothing cached.

python benchmarks/review.py
"""

from __future__ import annotations

import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).parent))
from generate import platform
from run import ROOT, measure

IDENTITY = {
    "GIT_AUTHOR_NAME": "a",
    "GIT_AUTHOR_EMAIL": "a@b.c",
    "GIT_COMMITTER_NAME": "a",
    "GIT_COMMITTER_EMAIL": "a@b.c",
}
RUNS = 5


def two_commits(folder: pathlib.Path, find: str, put: str) -> None:
    """A repository whose second commit changes one line of platform.yaml."""
    file = folder / "platform.yaml"
    before = file.read_text("utf-8")
    if before.count(find) != 1:
        raise SystemExit(f"{find!r} stands {before.count(find)} times in {file}")
    for text in (before, before.replace(find, put)):
        file.write_text(text, "utf-8")
        for arguments in (["init", "-q"], ["add", "-A"], ["commit", "-q", "-m", "x"]):
            subprocess.run(["git", "-C", str(folder), *arguments], check=True, env={**os.environ, **IDENTITY})


def report(name: str, folder: pathlib.Path) -> None:
    """One line for one repository."""
    environment = {**os.environ, "XDG_CACHE_HOME": str(folder / "cache")}
    command = [sys.executable, "-m", "platformspec", "review", str(folder), "--base", "HEAD~1", "--head", "HEAD"]
    os.chdir(folder)
    seconds, memory = min(measure([*command, "--format", "markdown"], environment) for _ in range(RUNS))
    print(f"review {name}: {seconds:.2f} CPU s, at most {memory:.0f} MiB")


def main() -> None:
    """Print one line for each measurement."""
    with tempfile.TemporaryDirectory() as temporary:
        enterprise = pathlib.Path(temporary) / "enterprise"
        shutil.copytree(ROOT / "examples/enterprise", enterprise)
        two_commits(enterprise, "context_tokens: 32768", "context_tokens: 65536")
        report("one line of enterprise, two environments", enterprise)
        for nodes in (1_000, 10_000):
            large = pathlib.Path(temporary) / str(nodes)
            large.mkdir()
            data = {**platform(nodes), "environments": {"dev": {"patch": {"profile": "dev"}}, "prod": {}}}
            data["models"]["m00001"]["scale"] = {"min": 1, "max": 2}
            text = json.dumps(data, indent=1)
            (large / "platform.yaml").write_text(text)
            two_commits(large, '"max": 2\n', '"max": 3\n')
            report(f"one line of {nodes} nodes, two environments", large)


if __name__ == "__main__":
    main()
