"""NVIDIA NIM: one container image for each model, pinned by the user. Variables are those of NIM LLM 2.0 (its reference documentation)."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from platformspec.sdk import Code, ModelSpec
from platformspec_kubernetes.models.engines.engine import PARALLEL_FIELDS, Container, Engine, Launch
from platformspec_kubernetes.models.engines.vllm import (
    MEMORY,
    SHARE,
    SHARED_MEMORY_GIB,
    SHARED_MEMORY_PARALLEL_GIB,
    tool_parser,
)

NO_KEY = Code(
    "PS527",
    "a NIM without a key for NGC",
    explain="Images and weights of NVIDIA NIMs are given to holders of an NGC key only. It is read from AWS Secrets Manager.",
)

PORT = 8000
CACHE = "/opt/nim/.cache"


def container(launch: Launch) -> Container:
    """The NIM as its image is, told what vLLM inside it shall do. Embedding and rerank NIMs have no such arguments."""
    ctx, spec = launch.ctx, launch.spec
    assert spec.source is not None
    if spec.source.token_secret is None:
        ctx.reject(
            NO_KEY,
            f"{ctx.address} is a NIM, and no key for NGC is named",
            at="source.nim",
            help="add `token_secret: name-of-the-secret` with an NGC key",
        )
    env: dict[str, Any] = {
        "NIM_SERVER_PORT": str(PORT),
        "NIM_CACHE_PATH": CACHE,
        "NIM_JSONL_LOGGING": "true",
        "HOME": CACHE,
    }
    if spec.task == "chat":
        env["NIM_PASSTHROUGH_ARGS"] = _arguments(launch)
    parallel = launch.parallelism.gpus_per_pod > 1
    return Container(
        image=ctx.src(spec.source.nim, "source.nim"),
        args=[],
        port=PORT,
        health="/v1/health/ready",
        live="/v1/health/live",
        user=1000,
        group=1000,
        home=CACHE,
        shared_memory_gib=ctx.src(SHARED_MEMORY_PARALLEL_GIB if parallel else SHARED_MEMORY_GIB, *PARALLEL_FIELDS),
        env=env,
        writable_root=True,
        registry="nvcr.io",
        token_variable="NGC_API_KEY",
    )


def _arguments(launch: Launch) -> Any:
    ctx, spec, serve = launch.ctx, launch.spec, launch.spec.serve
    taken = launch.gpu_memory(SHARE)
    arguments = [
        f"--served-model-name {ctx.called}",
        f"--tensor-parallel-size {serve.tensor_parallel}",
        f"--pipeline-parallel-size {serve.pipeline_parallel}",
        f"--max-model-len {serve.context_tokens}",
        f"--max-num-seqs {serve.concurrency}",
        f"--gpu-memory-utilization {taken.value}",
    ]
    if "tools" in spec.capabilities:
        arguments.append(f"--enable-auto-tool-choice --tool-call-parser {tool_parser(launch).value}")
    fields = ("context_tokens", "concurrency", "tensor_parallel", "pipeline_parallel")
    return ctx.src(
        " ".join(arguments),
        taken,
        *(f"serve.{field}" for field in fields),
        "capabilities",
        "facts.tool_parser",
        "facts.like",
        "task",
    )


def served_name(spec: ModelSpec, name: str) -> str:
    """Chat NIMs take our name; the others answer to their own, which is that of their image."""
    assert spec.source is not None
    assert spec.source.nim is not None
    if spec.task == "chat":
        return name
    image = spec.source.nim.partition("@")[0].rpartition("/")
    return f"{image[0].rpartition('/')[2]}/{image[2].partition(':')[0]}"


NIM = Engine(
    name="nim",
    container=container,
    clients={"chat": ("openai", "/v1"), "embedding": ("nvidia_nim", "/v1"), "rerank": ("nvidia_nim/ranking", "")},
    sources=("nim",),
    splits=("tensor", "pipeline"),
    metrics={
        "queue_depth": "vllm:num_requests_waiting",
        "kv_cache": "vllm:kv_cache_usage_perc",
        "tokens": "vllm:generation_tokens_total",
    },
    # Nothing says which vLLM is inside, so nothing is said about its KV cache.
    memory=replace(MEMORY, fp8_cache_from=None),
    metrics_path="/v1/metrics",
    served_name=served_name,
)
