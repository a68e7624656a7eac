"""The cache of weights: what the downloader's script leaves on a disk, and what pods of both versions read."""

from __future__ import annotations

import datetime
import os
import pathlib
import shutil
import subprocess
from typing import Any

import pytest
from platformspec_kubernetes.models.weights_cache import INITIALIZER, SCRIPT

from platformspec.driver import compile_platform
from platformspec.ir.node import Manifest
from platformspec.providers import installed_providers
from tests.support.memory_tree import MemoryTree

OLD, PRESENT, NEW = "a" * 40, "b" * 40, "c" * 40
# Stands for the initializer: notes what it is asked for, and fails halfway where it is told to.
INITIALIZER_STUB = """#!/bin/sh
echo "$1" >> "$CALLS"
mkdir -p "$2"
echo half > "$2/model"
if [ -n "${FAIL:-}" ]; then exit 1; fi
echo whole > "$2/model"
"""


class Disk:
    """A node's folder, on which the emitted script runs."""

    def __init__(self, root: pathlib.Path) -> None:
        self.folder, self.calls, self.initializer = root / "weights", root / "calls", root / "initializer"
        self.folder.mkdir()
        self.calls.touch()
        self.initializer.write_text(INITIALIZER_STUB)
        self.initializer.chmod(0o755)

    def run(self, *revisions: str, fail: bool = False) -> int:
        script = SCRIPT.replace(INITIALIZER, str(self.initializer)).replace("/weights", str(self.folder))
        variables = {"REPOSITORY": "acme/model", "REVISIONS": " ".join(revisions), "CALLS": str(self.calls)}
        env = {**os.environ, **variables, **({"FAIL": "1"} if fail else {})}
        return subprocess.run(["sh", "-c", script], env=env, check=False).returncode

    @property
    def kept(self) -> set[str]:
        return {entry.name for entry in self.folder.iterdir() if entry.name != ".lock"}


@pytest.fixture
def disk(tmp_path: pathlib.Path) -> Disk:
    if shutil.which("flock") is None:
        pytest.skip("the downloader's script needs flock, of util-linux")
    return Disk(tmp_path)


def test_a_revision_is_downloaded_once(disk: Disk) -> None:
    assert [disk.run(PRESENT), disk.run(PRESENT)] == [0, 0]
    assert disk.calls.read_text() == f"hf://acme/model:{PRESENT}\n"
    assert (disk.folder / PRESENT / "model").read_text() == "whole\n"


def test_half_a_download_is_never_under_the_final_name(disk: Disk) -> None:
    assert disk.run(PRESENT, fail=True) != 0
    assert disk.kept == {f".partial-{PRESENT}"}
    assert disk.run(PRESENT) == 0
    assert disk.kept == {PRESENT}
    assert (disk.folder / PRESENT / "model").read_text() == "whole\n"


def test_one_older_revision_stays(disk: Disk) -> None:
    for age, revision in enumerate((OLD, PRESENT, NEW)):
        assert disk.run(revision) == 0
        os.utime(disk.folder / revision, (age, age))
    assert disk.kept == {PRESENT, NEW}


def test_both_versions_of_a_canary_stay_with_the_one_before(disk: Disk) -> None:
    assert disk.run(OLD) == 0
    assert disk.run(PRESENT, NEW) == 0
    assert disk.run(PRESENT, NEW) == 0
    assert disk.kept == {OLD, PRESENT, NEW}


def manifests(extra: str = "", source: str = "") -> dict[str, Any]:
    """Kind/name -> object of a platform with one cached model."""
    text = f"""
apiVersion: platformspec.dev/v1
kind: Platform
metadata: {{name: p}}
cloud: {{account: "111122223333", region: us-east-1}}
gpu_pools: {{l40s: {{accelerator: l40s, instances: [g6e.2xlarge], capacity: {{nodes: {{max: 4}}}}}}}}
models:
  chat:
    source: {{hugging_face: Qwen/Qwen3-8B, revision: {PRESENT}{source}}}
    serve: {{weights_cache: node, context_tokens: 16384}}
    scale: {{min: 1}}
{extra}
"""
    compilation = compile_platform(
        MemoryTree({"platform.yaml": text}),
        "platform.yaml",
        environment=None,
        as_of=datetime.date(2026, 11, 23),
        providers=installed_providers(),
    )
    assert compilation.program is not None, [d.message for d in compilation.report]
    nodes = compilation.program.nodes.values()
    return {f"{node.attrs['kind']}/{node.name}": node.attrs for node in nodes if isinstance(node, Manifest)}


def test_a_canary_reads_its_own_revision_from_the_same_volume() -> None:
    objects = manifests(f"    rollout: {{canary: {{version: {NEW}, percent: 10}}}}")
    for name, revision in (("chat", PRESENT), ("chat-canary", NEW)):
        pod: Any = objects[f"Deployment/{name}"]["spec"]["template"]["spec"]
        assert f"/models/{revision}" in pod["containers"][0]["args"]
        assert pod["initContainers"][0]["env"][0]["value"] == f"/models/{revision}"
    env = {
        e["name"]: e.get("value")
        for e in objects["DaemonSet/chat"]["spec"]["template"]["spec"]["initContainers"][0]["env"]
    }
    assert env["REVISIONS"] == f"{PRESENT} {NEW}"


def test_only_the_downloader_has_token_and_internet() -> None:
    objects = manifests(source=", token_secret: hf")
    server: Any = objects["Deployment/chat"]["spec"]["template"]["spec"]["containers"][0]
    assert "HF_TOKEN" not in {entry["name"] for entry in server["env"]}
    assert "NetworkPolicy/chat-download" not in objects
    downloader: Any = objects["DaemonSet/chat"]["spec"]["template"]["spec"]["initContainers"][0]
    assert "HF_TOKEN" in {entry["name"] for entry in downloader["env"]}


def test_adapters_are_still_fetched() -> None:
    objects = manifests(
        f"    adapters: {{tone: {{hugging_face: acme/tone, revision: {NEW}, rank: 16}}}}", ", token_secret: hf"
    )
    pod: Any = objects["Deployment/chat"]["spec"]["template"]["spec"]
    fetcher = next(one for one in pod["initContainers"] if one["name"] == "adapters")
    assert "HF_TOKEN" in {entry["name"] for entry in fetcher["env"]}
    assert "NetworkPolicy/chat-download" in objects
