"""SGLang. Flags and metrics are those of 0.5.23 (read in its wheel)."""

from __future__ import annotations

from typing import Any

from platformspec.sdk import EngineMemory, Gpu, Load, facts_of
from platformspec_kubernetes import images
from platformspec_kubernetes.models.engines.engine import PARALLEL_FIELDS, Container, Engine, Group, Launch
from platformspec_kubernetes.models.engines.vllm import tool_parser
from platformspec_kubernetes.models.pool_gpu import smallest_gpu

PORT, RENDEZVOUS_PORT = 30000, 20000
SHARED_MEMORY_GIB, SHARED_MEMORY_PARALLEL_GIB = 2, 16
HOME = "/home/sglang"
CACHE_TYPES = {"fp8": "fp8_e4m3"}
"""Precision of the KV cache -> value of --kv-cache-dtype."""


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
        "--enable-metrics",
    ]  # fmt: skip
    if serve.gpu_memory_utilization is not None or launch.pool.visible_memory_share.value < 1:
        args += [
            ctx.src("--mem-fraction-static", "serve.gpu_memory_utilization", "pool", launch.pool.visible_memory_share),
            launch.gpu_memory(_own_share(launch)),
        ]
    if serve.kv_cache_precision != "auto":
        args += [
            ctx.src("--kv-cache-dtype", "serve.kv_cache_precision"),
            ctx.src(CACHE_TYPES[serve.kv_cache_precision], "serve.kv_cache_precision"),
        ]
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


def _own_share(launch: Launch) -> float:
    device, serve = smallest_gpu(launch.pool), launch.spec.serve
    memory = device.memory_gib * device.visible_share
    facts = facts_of(launch.spec)
    return share(
        Load(memory, facts, serve.concurrency, batched_tokens(device), serve.tensor_parallel, serve.pipeline_parallel)
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


def share(load: Load) -> float:
    """What SGLang takes for weights and KV cache where --mem-fraction-static is left out: the GPU without a reserve, in MiB.

    The reserve is 512, 1.5 a token of a prefill chunk, 128 a GPU of tensor and pipeline parallelism, 2 a sequence of the largest
    decode graph, and 8 a prefill graph (1536 with latent attention); at least 10 GiB on GPUs above 60 GiB. A model with an image
    encoder leaves 5 % more, and more the larger that is. Source: sglang 0.5.23, srt/arg_groups/memory_hook.py.
    """
    gpu_mib = load.gpu_gib * 1024
    graph = min(load.sequences, _largest_graph(load.gpu_gib, load.tensor))
    prefill = 1536 if load.facts.kv_lora_rank is not None else 8 * _prefill_graphs(load.batched_tokens)
    reserve = 512 + 1.5 * max(load.batched_tokens, 2048) + load.tensor * load.pipeline * 128 + 2 * graph + prefill
    if load.gpu_gib > 60:
        reserve = max(reserve, 10 * 1024)
    left = round((gpu_mib - reserve) / gpu_mib, 3)
    if load.facts.vision_parameters_billion is None:
        return left
    encoder = load.facts.vision_parameters_billion / VISION_BASE_BILLION
    return left * 0.95 * max(0.8, min(1.05, 1.0 - 0.1 * (encoder - 1.0)))


def _largest_graph(gpu_gib: float, tensor: int) -> int:
    """Sequences of the largest CUDA graph for decoding. Source: as above."""
    for below_gib, few, many in ((20, 8, 8), (35, 48, 160), (60, 32, 160), (160, 256, 512)):
        if gpu_gib < below_gib:
            return few if tensor < 4 else many
    return 512


def _prefill_graphs(most: int) -> int:
    """CUDA graphs for prompts of up to `most` tokens. Source: sglang 0.5.23, srt/arg_groups/cuda_graph_hook.py."""
    steps = ((4, 33, 4), (48, 257, 16), (288, 513, 32), (576, 1025, 64), (1280, 4097, 256), (4608, most + 1, 512))
    return sum(size <= most for first, end, step in steps for size in range(first, end, step))


# 24 layers of 12 x 1024 x 1024 weights: the encoder that SGLang compares others with (ViT-L/14).
VISION_BASE_BILLION = 24 * 12 * 1024**2 / 1e9

MEMORY = EngineMemory(
    name="sglang",
    covers="weights_and_cache",
    batched_tokens=batched_tokens,
    cache=True,
    windows=False,
    source="sglang 0.5.23, srt/mem_cache/kv_cache_configurator.py: --mem-fraction-static of the memory that is free at start holds weights and KV cache; activations and CUDA graphs have the rest",
    share=share,
    # Below, it depends on the attention kernel: Triton has no e4m3 there. Source: Triton, "type fp8e4nv not supported in this architecture".
    fp8_cache_from=8.9,
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
