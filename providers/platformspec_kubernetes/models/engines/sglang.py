"""SGLang. Flags and metrics are those of 0.5.23 (read in its wheel)."""

from __future__ import annotations

from typing import Any

from platformspec.sdk import EngineMemory, Gpu
from platformspec_kubernetes import images
from platformspec_kubernetes.models.engines.engine import PARALLEL_FIELDS, Container, Engine, Group, Launch
from platformspec_kubernetes.models.engines.vllm import tool_parser

PORT, RENDEZVOUS_PORT = 30000, 20000
SHARED_MEMORY_GIB, SHARED_MEMORY_PARALLEL_GIB = 2, 16
HOME = "/home/sglang"


def container(launch: Launch) -> Container:
    """The server of one replica. It listens on loopback unless told otherwise, and counts nothing unless asked."""
    ctx, spec, serve = launch.ctx, launch.spec, launch.spec.serve
    source = launch.weights
    args: list[Any] = [
        "--model-path", source.model,
        "--served-model-name", ctx.called,
        "--host", "0.0.0.0",
        "--port", str(PORT),
        "--tp-size", ctx.src(str(serve.tensor_parallel), "serve.tensor_parallel"),
        "--context-length", ctx.src(str(serve.context_tokens), "serve.context_tokens"),
        "--max-running-requests", ctx.src(str(serve.concurrency), "serve.concurrency"),
        "--mem-fraction-static", launch.gpu_memory,
        "--enable-metrics",
    ]  # fmt: skip
    splits = (("--pp-size", "pipeline_parallel"), ("--dp-size", "data_parallel"))
    for flag, field in splits:
        if getattr(serve, field) > 1:
            args += [ctx.src(flag, f"serve.{field}"), ctx.src(str(getattr(serve, field)), f"serve.{field}")]
    if serve.expert_parallel:
        args += [
            ctx.src("--ep-size", "serve.expert_parallel"),
            ctx.src(str(serve.tensor_parallel), "serve.expert_parallel", "serve.tensor_parallel"),
        ]
    if serve.kv_offload_gib is not None:
        # SGLang counts gigabytes for each rank.
        share = max(1, serve.kv_offload_gib // launch.parallelism.gpus)
        args += [
            ctx.src("--enable-hierarchical-cache", "serve.kv_offload_gib"),
            ctx.src("--hicache-size", "serve.kv_offload_gib"),
            ctx.src(str(share), "serve.kv_offload_gib", *PARALLEL_FIELDS),
        ]
    if source.revision is not None:
        args += ["--revision", source.revision]
    if spec.task != "chat":
        args.append(ctx.src("--is-embedding", "task"))
    if "tools" in spec.capabilities:
        args += [ctx.src("--tool-call-parser", "capabilities"), tool_parser(launch)]
    parallel = launch.parallelism.gpus_per_pod > 1
    return Container(
        image=images.SGLANG,
        command=("python3", "-m", "sglang.launch_server"),
        args=args,
        port=PORT,
        health="/health",
        user=1000,
        group=1000,
        home=HOME,
        shared_memory_gib=ctx.src(SHARED_MEMORY_PARALLEL_GIB if parallel else SHARED_MEMORY_GIB, *PARALLEL_FIELDS),
        # PyTorch names its cache after the user, and the image knows none with this number.
        env={"HOME": HOME, "USER": "sglang", "HF_HOME": f"{HOME}/.cache/huggingface"},
    )


def group(pods: int) -> Group:
    """All pods run the same command and meet at the leader; rank 0 has the API."""
    common = ("--nnodes", str(pods), "--dist-init-addr", f"$(LWS_LEADER_ADDRESS):{RENDEZVOUS_PORT}")
    return Group(leader=(*common, "--node-rank", "0"), worker=(*common, "--node-rank", "$(LWS_WORKER_INDEX)"))


def batched_tokens(gpu: Gpu) -> int:
    """Default of --chunked-prefill-size. Source: sglang 0.5.23, srt/arg_groups/memory_hook.py."""
    for below_gib, tokens in ((20, 2048), (60, 4096), (160, 8192)):
        if gpu.memory_gib < below_gib:
            return tokens
    return 16384


MEMORY = EngineMemory(
    name="sglang",
    covers="weights_and_cache",
    batched_tokens=batched_tokens,
    cache=True,
    windows=False,
    source="sglang 0.5.23, srt/mem_cache/kv_cache_configurator.py: --mem-fraction-static of the memory that is free at start holds weights and KV cache; activations and CUDA graphs have the rest",
)

SGLANG = Engine(
    name="sglang",
    container=container,
    clients=dict.fromkeys(("chat", "embedding"), ("openai", "/v1")),
    sources=("hugging_face", "oci"),
    splits=("tensor", "pipeline", "data", "expert"),
    metrics={
        "queue_depth": "sglang:num_queue_reqs",
        "kv_cache": "sglang:token_usage",
        "tokens": "sglang:generation_tokens_total",
    },
    memory=MEMORY,
    group=group,
    offloads=True,
)
