"""vLLM Neuron: vLLM with AWS's plug-in for Trainium2. It serves the declarations of `engine: vllm` on pools of Neuron chips.

Facts are those of AWS's documentation of Neuron SDK 2.32 (aws-neuron/aws-neuron-sdk, vllm-neuron/docs); each names its page there. Flags are also in the wheel of vLLM 0.24.0.
"""

from __future__ import annotations

import json
from typing import Any, Final

from platformspec.sdk import TRAINIUM2, EngineMemory
from platformspec_kubernetes import images
from platformspec_kubernetes.models.engines.engine import Container, Engine, Launch
from platformspec_kubernetes.models.engines.vllm import PORT, SHARED_MEMORY_PARALLEL_GIB, VLLM, tool_parser

# Family -> repositories of its weights in bf16. Source: model-recipes/llama-3.md, compatible model checkpoints (one serving path for
# the 1B, 8B and 70B of releases 3.1 to 3.3). gpt-oss, Qwen3-VL and Qwen3-Embedding-8B have recipes too, with arguments of their own.
FAMILIES: Final[dict[str, tuple[str, ...]]] = {
    "Llama 3": (
        "meta-llama/Llama-3.1-70B-Instruct",
        "meta-llama/Llama-3.1-8B-Instruct",
        "meta-llama/Llama-3.2-1B-Instruct",
        "meta-llama/Llama-3.3-70B-Instruct",
    ),
}
# Static fp8 needs a ModelOpt checkpoint and a packed cache, which no entry of the catalogue has. Source: the same page.
PRECISIONS: Final = frozenset({"bf16"})
# Sizes for which the attention kernel of segmented prefill is built; prefix caching, which is on, needs it.
# Source: guides/reference-configuration.md, kv_segment_size_buckets; tutorials/tutorial-llama3-70b.md.
SEGMENTS: Final = (512, 1024, 2048, 4096, 8192)
COMPILE_MINUTES: Final = 20
"""The longest first start that is published: 15 to 20 minutes for 70B. Source: tutorials/tutorial-llama3-70b.md."""
SHARE: Final = 0.9
"""Always said, so that the estimate and the server have the same."""
# Of the share, the KV cache takes at most 0.30, and the server ends where that is less than 1 GiB.
# Source: design/vllm/determine_available_memory_design.md.
CACHE_SHARE, CACHE_LEAST_GIB = 0.30, 1.0


def segment(context_tokens: int) -> int:
    """Tokens that are read at once: the largest segment that the context fills."""
    return max((size for size in SEGMENTS if size <= context_tokens), default=SEGMENTS[0])


def container(launch: Launch) -> Container:
    """The server of one replica. One bucket for prompts and one for answers are compiled, so that the first start is short."""
    ctx, spec, serve = launch.ctx, launch.spec, launch.spec.serve
    tokens = segment(serve.context_tokens)
    buckets = {
        "kv_segment_size_buckets": [tokens],
        "num_batched_tokens_buckets": [tokens],
        "num_seqs_buckets": [serve.concurrency],
    }
    config = json.dumps({"neuron_config": buckets})
    args: list[Any] = [
        launch.weights.model,
        "--served-model-name", ctx.called,
        "--port", str(PORT),
        "--tensor-parallel-size", ctx.src(str(serve.tensor_parallel), "serve.tensor_parallel"),
        "--max-model-len", ctx.src(str(serve.context_tokens), "serve.context_tokens"),
        "--max-num-batched-tokens", ctx.src(str(tokens), "serve.context_tokens"),
        "--max-num-seqs", ctx.src(str(serve.concurrency), "serve.concurrency"),
        "--gpu-memory-utilization", launch.gpu_memory(SHARE),
        "--shutdown-timeout", ctx.src(str(serve.drain_seconds), "serve.drain_seconds"),
        "--additional-config", ctx.src(config, "serve.context_tokens", "serve.concurrency"),
    ]  # fmt: skip
    if launch.weights.revision is not None:
        args += ["--revision", launch.weights.revision]
    if "tools" in spec.capabilities:
        args += [
            ctx.src("--enable-auto-tool-choice", "capabilities"),
            ctx.src("--tool-call-parser", "capabilities"),
            tool_parser(launch),
        ]
    seconds = ctx.src(str(serve.startup_minutes * 60), "serve.startup_minutes")
    return Container(
        image=images.VLLM_NEURON,
        command=("vllm", "serve"),
        args=args,
        port=PORT,
        health="/health",
        user=2000,
        group=0,
        home="/home/vllm",
        shared_memory_gib=SHARED_MEMORY_PARALLEL_GIB,
        # The compiler writes its logs where it runs.
        writable_root=True,
        env={
            "HOME": "/home/vllm",
            "USER": "vllm",
            "HF_HOME": "/home/vllm/.cache/huggingface",
            # Compiled programs: a container that starts again in its pod finds them.
            "VLLM_CACHE_ROOT": "/home/vllm/.cache/vllm",
            "VLLM_NO_USAGE_STATS": "1",
            "DO_NOT_TRACK": "1",
            "VLLM_ENGINE_READY_TIMEOUT_S": seconds,
            # The default of 600 s ends the compilation of a large model.
            "VLLM_NEURON_COMPILATION_TIMEOUT": seconds,
            "VLLM_EXECUTE_MODEL_TIMEOUT_SECONDS": seconds,
        },
    )


MEMORY = EngineMemory(
    name="vllm-neuron",
    covers="what_is_known",
    batched_tokens=lambda _: SEGMENTS[-1],
    cache=True,
    windows=False,
    source="aws-neuron/aws-neuron-sdk, vllm-neuron/docs/design/vllm/determine_available_memory_design.md, SDK 2.32",
    share=lambda load: SHARE,
    cache_share=CACHE_SHARE,
    cache_least=CACHE_LEAST_GIB,
    models=frozenset(name for names in FAMILIES.values() for name in names),
    precisions=PRECISIONS,
)

VLLM_NEURON = Engine(
    name="vllm-neuron",
    container=container,
    clients={"chat": ("hosted_vllm", "/v1")},
    sources=("hugging_face",),
    splits=("tensor",),
    metrics=VLLM.metrics,
    memory=MEMORY,
)

RESOURCE: Final = TRAINIUM2.resource
