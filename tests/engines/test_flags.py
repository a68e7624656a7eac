"""Every flag that we give to a model server exists in the version that we pin."""

from __future__ import annotations

import json
import os
import pathlib
import shlex
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest
from platformspec_kubernetes import images

from platformspec.ir.node import Manifest
from platformspec.providers import installed_providers
from scripts.read_engine_flags import choices_of, flags_of, version_of, wheel_of
from tests.support.platforms import base, lowered

ROOT = pathlib.Path(__file__).resolve().parents[2]
KNOWN: dict[str, Any] = json.loads((ROOT / "tests/engines/flags.json").read_text("utf-8"))
FOLDER_VARIABLE = "PLATFORMSPEC_WHEELS"
# Image -> engine whose flags its arguments are.
IMAGES = {"vllm-openai": "vllm", "sglang": "sglang", "text-embeddings-inference": "tei", "tritonserver": "triton"}

L40S = {"l40s": {"accelerator": "l40s", "instances": ["g6e.12xlarge"], "capacity": {"nodes": {"max": 8}}}}
QWEN = {"hugging_face": "Qwen/Qwen3-30B-A3B", "revision": "ad44e777bcd18fa416d9da3bd8f70d33ebb85d39"}
EVERYTHING = {
    "tensor_parallel": 2,
    "pipeline_parallel": 2,
    "expert_parallel": True,
    "context_tokens": 16384,
    "concurrency": 8,
    "drain_seconds": 60,
    "kv_offload_gib": 32,
    "gpu_memory_utilization": 0.85,
    "kv_cache_precision": "fp8",
}
# Models that between them make every engine use every flag that it knows.
MODELS: dict[str, dict[str, Any]] = {
    "vllm": {"source": QWEN, "serve": {"engine": "vllm", **EVERYTHING}, "capabilities": ["chat", "tools"]},
    "vllm-data": {"source": QWEN, "serve": {"engine": "vllm", "tensor_parallel": 2, "data_parallel": 4}},
    "vllm-split": {
        "source": QWEN,
        "serve": {"engine": "vllm", "tensor_parallel": 2},
        "topology": {"prefill": 1, "decode": 1},
        "adapters": {"tone": {"hugging_face": "acme/tone", "rank": 16}},
    },
    "vllm-bucket": {"source": {"bucket": "qwen"}, "facts": {"like": "Qwen/Qwen3-8B"}},
    "vllm-pooling": {"task": "embedding", "source": {"hugging_face": "Qwen/Qwen3-Embedding-8B"}, "serve": {"engine": "vllm"}},
    "sglang": {"source": QWEN, "serve": {"engine": "sglang", **EVERYTHING}, "capabilities": ["chat", "tools"]},
    "sglang-data": {"source": QWEN, "serve": {"engine": "sglang", "data_parallel": 2}},
    "sglang-nodes": {"source": QWEN, "serve": {"engine": "sglang", "tensor_parallel": 4, "pipeline_parallel": 2}},
    "sglang-pooling": {"task": "embedding", "source": {"hugging_face": "Qwen/Qwen3-Embedding-8B"}, "serve": {"engine": "sglang"}},
    "tei": {"task": "embedding", "source": {"hugging_face": "BAAI/bge-m3", "revision": "5617a9f61b028005a4858fdac845db406aefb181"}},
    "triton": {
        "source": {"hugging_face": "mistralai/Mistral-7B-Instruct-v0.3"},
        "serve": {"engine": "triton", "tensor_parallel": 2},
        "capabilities": ["tools"],
    },
}  # fmt: skip


def containers(value: Any) -> Iterator[dict[str, Any]]:
    """Every container of a manifest, wherever its pods are."""
    if isinstance(value, dict):
        if isinstance(value.get("image"), str):
            yield value
        for item in value.values():
            yield from containers(item)
    elif isinstance(value, list):
        for item in value:
            yield from containers(item)


def used_flags(name: str) -> Iterator[tuple[str, str, str]]:
    """(engine, flag, the word after it) of what a model's pods are given."""
    program = lowered(base(gpu_pools=L40S, models={name: MODELS[name]}), *installed_providers().providers).program
    for node in program.nodes.values():
        if not isinstance(node, Manifest):
            continue
        for container in containers(dict(node.attrs)):
            engine = next((engine for part, engine in IMAGES.items() if part in container["image"]), None)
            if engine is not None:
                args = [str(arg) for arg in container.get("args", ())]
                after = [*args[1:], ""]
                yield from ((engine, arg, word) for arg, word in zip(args, after, strict=True) if arg.startswith("--"))


@pytest.mark.parametrize("name", MODELS)
def test_flags_exist(name: str) -> None:
    used = set(used_flags(name))
    assert used, "the model's pods are given no flags"
    unknown = sorted(f"{engine} {flag}" for engine, flag, _ in used if flag not in KNOWN[engine]["flags"])
    assert not unknown, f"not in the pinned version: {', '.join(unknown)}"
    choices = {engine: KNOWN[engine].get("choices", {}) for engine in KNOWN}
    values = [(choices[engine][flag], word) for engine, flag, word in used if flag in choices[engine]]
    assert all(word in known for known, word in values)
    assert bool(values) == ("kv_cache_precision" in MODELS[name].get("serve", {}))


def test_a_nim_gives_flags_of_vllm() -> None:
    """A chat NIM hands its arguments on to the vLLM inside it."""
    model = {
        "source": {"nim": "nvcr.io/nim/meta/llama-3.1-8b-instruct:2.0.9", "token_secret": "ngc"},
        "facts": {"tool_parser": "llama3_json"},
        "capabilities": ["tools"],
    }
    program = lowered(base(gpu_pools=L40S, models={"chat": model}), *installed_providers().providers).program
    (server,) = containers(dict(program.nodes["model.chat/deployment"].attrs))
    variables = {entry["name"]: entry.get("value") for entry in server["env"]}
    flags = [word for word in shlex.split(variables["NIM_PASSTHROUGH_ARGS"]) if word.startswith("--")]
    assert set(flags) >= {"--served-model-name", "--tool-call-parser"}
    assert not [flag for flag in flags if flag not in KNOWN["vllm"]["flags"]]


def test_the_images_are_those_whose_flags_were_read() -> None:
    pinned = {"vllm": images.VLLM, "sglang": images.SGLANG, "triton": images.TRITON}
    for engine, image in pinned.items():
        tag = image.rpartition(":")[2].removeprefix("v")
        assert tag == KNOWN[engine]["version"] or tag.startswith(f"{KNOWN[engine]['version']}-")
    assert all(tag.endswith(KNOWN["tei"]["version"]) for tag in images.TEI.values())


@pytest.mark.slow
@pytest.mark.parametrize("engine", ["vllm", "sglang"])
def test_flags_are_those_of_the_published_wheel(engine: str, tmp_path: pathlib.Path) -> None:
    """Reads the wheel again. `PLATFORMSPEC_WHEELS` names a folder that keeps it (vLLM's has 0.4 GB); otherwise it is fetched."""
    folder = pathlib.Path(os.environ.get(FOLDER_VARIABLE, tmp_path))
    if wheel_of(engine, folder) is None:
        wanted = f"{engine}=={KNOWN[engine]['version']}"
        command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--dest", str(folder), wanted]
        done = subprocess.run(command, capture_output=True, text=True)
        if done.returncode:
            pytest.skip(f"pip could not fetch {wanted}: {done.stderr.strip().splitlines()[-1:]}")
    wheel = wheel_of(engine, folder)
    assert wheel is not None
    assert version_of(wheel) == KNOWN[engine]["version"]
    assert flags_of(engine, wheel) == KNOWN[engine]["flags"]
    assert choices_of(engine, wheel) == KNOWN[engine]["choices"]
