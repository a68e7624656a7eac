"""vLLM. Flags, metrics and image facts are those of 0.33.0 (read in its wheel and Dockerfile)."""

from __future__ import annotations

import math
from typing import Any

from platformspec.sdk import Code, EngineMemory, Gpu, facts_of
from platformspec_kubernetes import images
from platformspec_kubernetes.models import adapters
from platformspec_kubernetes.models.engines.engine import PARALLEL_FIELDS, Container, Engine, Group, Launch
from platformspec_kubernetes.models.topology import disaggregated

NO_TOOL_PARSER = Code(
    "PS565",
    "a model that promises tools without a parser",
    explain="vLLM and SGLang read tool calls out of a model's text with a parser of the model's family. The catalogue knows it for many models; `facts.tool_parser` says it for others.",
)

PORT = 8000
SHARE = 0.92
"""Default of --gpu-memory-utilization. Source: vllm 0.33.0, config/cache.py."""
# One GPU needs little shared memory; parallel workers exchange tensors through it.
SHARED_MEMORY_GIB, SHARED_MEMORY_PARALLEL_GIB = 2, 16


def container(launch: Launch) -> Container:
    """The server of one replica."""
    ctx, spec, serve = launch.ctx, launch.spec, launch.spec.serve
    source = launch.weights
    sequences = math.ceil(serve.concurrency / serve.data_parallel)
    args: list[Any] = [
        "--model", source.model,
        "--served-model-name", ctx.called,
        "--port", str(PORT),
        "--tensor-parallel-size", ctx.src(str(serve.tensor_parallel), "serve.tensor_parallel"),
        "--max-model-len", ctx.src(str(serve.context_tokens), "serve.context_tokens"),
        "--max-num-seqs", ctx.src(str(sequences), "serve.concurrency", "serve.data_parallel"),
        "--gpu-memory-utilization", launch.gpu_memory(SHARE),
        "--shutdown-timeout", ctx.src(str(serve.drain_seconds), "serve.drain_seconds"),
    ]  # fmt: skip
    if serve.pipeline_parallel > 1:
        args += _pair(launch, "--pipeline-parallel-size", serve.pipeline_parallel, "serve.pipeline_parallel")
    if serve.data_parallel > 1:
        args += _pair(launch, "--data-parallel-size", serve.data_parallel, "serve.data_parallel")
    if serve.expert_parallel:
        args.append(ctx.src("--enable-expert-parallel", "serve.expert_parallel"))
    if serve.kv_cache_precision != "auto":
        args += _pair(launch, "--kv-cache-dtype", serve.kv_cache_precision, "serve.kv_cache_precision")
    if source.revision is not None:
        args += ["--revision", source.revision]
    if source.streamed:
        args += ["--load-format", "runai_streamer"]
    if spec.task != "chat":
        args += ["--runner", ctx.src("pooling", "task")]
    # The flag replaces the connector; where servers hand KV cache on, it stands beside theirs (see disaggregation.py).
    if serve.kv_offload_gib is not None and not disaggregated(spec):
        args += _pair(launch, "--kv-offloading-size", serve.kv_offload_gib, "serve.kv_offload_gib")
    args += adapters.arguments(ctx, spec)
    if "tools" in spec.capabilities:
        args += [
            ctx.src("--enable-auto-tool-choice", "capabilities"),
            ctx.src("--tool-call-parser", "capabilities"),
            tool_parser(launch),
        ]
    parallel = launch.parallelism.gpus_per_pod > 1
    return Container(
        image=images.VLLM,
        args=args,
        port=PORT,
        health="/health",
        user=2000,
        group=0,
        home="/home/vllm",
        shared_memory_gib=ctx.src(SHARED_MEMORY_PARALLEL_GIB if parallel else SHARED_MEMORY_GIB, *PARALLEL_FIELDS),
        env={
            "HOME": "/home/vllm",
            "HF_HOME": "/home/vllm/.cache/huggingface",
            "VLLM_NO_USAGE_STATS": "1",
            "DO_NOT_TRACK": "1",
            "VLLM_ENGINE_READY_TIMEOUT_S": ctx.src(str(serve.startup_minutes * 60), "serve.startup_minutes"),
        },
    )


def tool_parser(launch: Launch) -> Any:
    """The parser of the model's tool calls; what it promises cannot be kept without one."""
    ctx, spec = launch.ctx, launch.spec
    parser = facts_of(spec).tool_parser
    if parser is None:
        position = spec.capabilities.index("tools")
        ctx.reject(
            NO_TOOL_PARSER,
            f"{ctx.address} promises tools, and no parser of its tool calls is known",
            at=f"capabilities.{position}",
            help="add `facts: {tool_parser: hermes}`, with the parser that the model's page names",
        )
    return ctx.src(parser, "capabilities", "facts.tool_parser", "facts.like", "source.hugging_face")


def group(pods: int) -> Group:
    """Native multi-node serving: rank 0 has the API, the others run headless. vLLM derives each pod's ranks from its own."""
    common = ("--nnodes", str(pods), "--master-addr", "$(LWS_LEADER_ADDRESS)")
    return Group(
        leader=(*common, "--node-rank", "0"), worker=(*common, "--node-rank", "$(LWS_WORKER_INDEX)", "--headless")
    )


def _pair(launch: Launch, flag: str, value: int | str, field: str) -> list[Any]:
    return [launch.ctx.src(flag, field), launch.ctx.src(str(value), field)]


def batched_tokens(gpu: Gpu) -> int:
    """Default of --max-num-batched-tokens of the API server. Source: vllm 0.33.0, engine/arg_utils.py."""
    if gpu.memory_gib >= 160:
        return 16384
    return 8192 if gpu.memory_gib >= 70 and gpu.accelerator != "a100" else 2048


MEMORY = EngineMemory(
    name="vllm",
    covers="everything",
    batched_tokens=batched_tokens,
    cache=True,
    windows=True,
    source="vllm 0.33.0, v1/worker/gpu_worker.py: the share must hold weights, peak activations, CUDA graphs and KV cache",
    share=lambda load: SHARE,
    # Below, it depends on the attention kernel that vLLM picks: FlashInfer reads fp8, Triton refuses. Source: vllm 0.33.0,
    # v1/attention/backends/triton_attn.py and mla/triton_mla.py, which ask for 8.9.
    fp8_cache_from=8.9,
)

VLLM = Engine(
    name="vllm",
    container=container,
    clients={
        "chat": ("hosted_vllm", "/v1"),
        "embedding": ("hosted_vllm", "/v1"),
        "rerank": ("hosted_vllm", ""),
    },
    sources=("hugging_face", "bucket", "oci"),
    splits=("tensor", "pipeline", "data", "expert"),
    metrics={
        "queue_depth": "vllm:num_requests_waiting",
        "kv_cache": "vllm:kv_cache_usage_perc",
        "tokens": "vllm:generation_tokens_total",
    },
    memory=MEMORY,
    group=group,
    offloads=True,
)
