"""vLLM. Flags, metrics and image facts are those of 0.33.0 (read in its wheel and Dockerfile)."""

from __future__ import annotations

from typing import Any

from platformspec.sdk import (
    Address,
    BucketExports,
    Code,
    DeclarationContext,
    GpuPoolExports,
    ModelSpec,
    Sourced,
    concat,
    facts_of,
)
from platformspec_kubernetes import images
from platformspec_kubernetes.models.engines.container import Container

NO_TOOL_PARSER = Code(
    "PS565",
    "a model that promises tools without a parser",
    explain="vLLM reads tool calls out of a model's text with a parser of the model's family. The catalogue knows it for many models; `facts.tool_parser` says it for others.",
)

PORT = 8000
METRICS = {"queue_depth": "vllm:num_requests_waiting", "kv_cache": "vllm:kv_cache_usage_perc"}
# One GPU needs little shared memory; tensor parallel workers exchange tensors through it.
SHARED_MEMORY_GIB, SHARED_MEMORY_PARALLEL_GIB = 2, 16


def container(ctx: DeclarationContext, spec: ModelSpec, pool: GpuPoolExports) -> Container:
    """The server of one replica."""
    source = spec.source
    assert source is not None
    serve = spec.serve
    model: Any
    if source.bucket is not None:
        bucket = ctx.exports(Address("bucket", "models"), BucketExports)
        name = getattr(bucket.name, "value", bucket.name)
        model = ctx.src(
            concat("s3://", getattr(name, "known", None) or name, "/", source.bucket.strip("/")),
            "source.bucket",
            bucket.name,
        )
    else:
        model = ctx.src(source.hugging_face, "source.hugging_face")
    args: list[Any] = [
        "--model", model,
        "--served-model-name", ctx.address.name,
        "--port", str(PORT),
        "--tensor-parallel-size", ctx.src(str(serve.tensor_parallel), "serve.tensor_parallel"),
        "--max-model-len", ctx.src(str(serve.context_tokens), "serve.context_tokens"),
        "--max-num-seqs", ctx.src(str(serve.concurrency), "serve.concurrency"),
        "--gpu-memory-utilization", _memory(ctx, serve.gpu_memory_utilization, pool),
        "--shutdown-timeout", ctx.src(str(serve.drain_seconds), "serve.drain_seconds"),
    ]  # fmt: skip
    if source.revision is not None:
        args += ["--revision", ctx.src(source.revision, "source.revision")]
    if source.bucket is not None:
        args += ["--load-format", "runai_streamer"]
    if spec.task != "chat":
        args += ["--runner", ctx.src("pooling", "task")]
    if "tools" in spec.capabilities:
        parser = facts_of(spec).tool_parser
        if parser is None:
            position = spec.capabilities.index("tools")
            ctx.reject(
                NO_TOOL_PARSER,
                f"{ctx.address} promises tools, and no parser of its tool calls is known",
                at=f"capabilities.{position}",
                help="add `facts: {tool_parser: hermes}`, with the parser that the model's page names",
            )
        args += [
            ctx.src("--enable-auto-tool-choice", "capabilities"),
            ctx.src("--tool-call-parser", "capabilities"),
            ctx.src(parser, "capabilities", "facts.tool_parser", "source.hugging_face"),
        ]
    parallel = serve.tensor_parallel > 1
    return Container(
        image=images.VLLM,
        args=args,
        port=PORT,
        health="/health",
        user=2000,
        group=0,
        home="/home/vllm",
        metrics=METRICS,
        shared_memory_gib=ctx.src(
            SHARED_MEMORY_PARALLEL_GIB if parallel else SHARED_MEMORY_GIB, "serve.tensor_parallel"
        ),
        env={
            "HOME": "/home/vllm",
            "HF_HOME": "/home/vllm/.cache/huggingface",
            "VLLM_NO_USAGE_STATS": "1",
            "DO_NOT_TRACK": "1",
            "VLLM_ENGINE_READY_TIMEOUT_S": ctx.src(str(serve.startup_minutes * 60), "serve.startup_minutes"),
        },
    )


def _memory(ctx: DeclarationContext, utilization: float, pool: GpuPoolExports) -> Sourced[str]:
    """Part of the GPU memory that vLLM takes. On a shared GPU it sees all of the memory, and may have its share."""
    share = pool.visible_memory_share
    return ctx.src(f"{utilization * share.value:.4g}", "serve.gpu_memory_utilization", share)
