"""The same platform gives the same bytes: other hash seeds, other folders, other orders of declarations."""

from __future__ import annotations

import os
import pathlib
import random
import shutil
import subprocess
import sys
from typing import Any

import pytest

from platformspec.driver import compile_platform
from platformspec.ir.serialise import to_json
from platformspec.providers import installed_providers
from tests.support.examples import AS_OF, ROOT, Case, cases, compiled
from tests.support.memory_tree import MemoryTree, as_yaml


def shuffled(data: Any, random: random.Random) -> Any:
    """The same document with the keys of every mapping in another order; lists keep theirs."""
    if isinstance(data, dict):
        keys = list(data)
        random.shuffle(keys)
        return {key: shuffled(data[key], random) for key in keys}
    return [shuffled(item, random) for item in data] if isinstance(data, list) else data


@pytest.mark.parametrize("case", cases(), ids=str)
def test_order_of_declarations_does_not_matter(case: Case) -> None:
    document, program = compiled(case).document, compiled(case).program
    assert document is not None
    assert program is not None
    for seed in range(3):
        # The environment's patch is applied already.
        data = {**document.data, **({"environments": {case.environment: {}}} if case.environment else {})}
        data = shuffled(data, random.Random(seed))
        again = compile_platform(
            MemoryTree({"platform.yaml": as_yaml(data)}),
            "platform.yaml",
            environment=case.environment,
            as_of=AS_OF,
            providers=installed_providers(),
        )
        assert again.program is not None, [(d.code.id, d.message) for d in again.report]
        assert to_json(again.program) == to_json(program)


def _compile(folder: pathlib.Path, out: pathlib.Path, seed: str, cache: pathlib.Path) -> dict[str, bytes]:
    environment = {**os.environ, "PYTHONHASHSEED": seed, "XDG_CACHE_HOME": str(cache)}
    command = [sys.executable, "-m", "platformspec", "compile", ".", "--out", str(out), "--as-of", AS_OF.isoformat()]
    subprocess.run(command, cwd=folder, env=environment, check=True, capture_output=True, timeout=300)
    return {path.relative_to(out).as_posix(): path.read_bytes() for path in sorted(out.rglob("*")) if path.is_file()}


def test_hash_seeds_and_folders_do_not_matter(tmp_path: pathlib.Path) -> None:
    one, two = tmp_path / "one", tmp_path / "deep/er/two"
    for folder in (one, two):
        shutil.copytree(ROOT / "examples/rag-assistant", folder)
    first = _compile(one, tmp_path / "out1", "1", tmp_path / "cache1")
    second = _compile(two, tmp_path / "out2", "4242", tmp_path / "cache2")
    assert first == second
    assert any(path.endswith("cdk.tf.json") for path in first)
