"""Text Embeddings Inference 1.9: embeddings and reranking on one GPU."""

from __future__ import annotations

from typing import Any

from platformspec.sdk import Code, DeclarationContext, GpuPoolExports, ModelSpec
from platformspec_kubernetes import images
from platformspec_kubernetes.models.engines.container import Container

FROM_BUCKET = Code(
    "PS566",
    "an engine that cannot read the model bucket",
    explain="Text Embeddings Inference loads weights from Hugging Face or from a folder, and not from S3. vLLM can read the bucket.",
)

PORT = 8080
METRICS = {"queue_depth": "te_queue_size"}
SHARED_MEMORY_GIB = 1


def container(ctx: DeclarationContext, spec: ModelSpec, pool: GpuPoolExports) -> Container:
    """The server of one replica; the image is built for the pool's GPU architecture."""
    source = spec.source
    assert source is not None
    if source.bucket is not None:
        ctx.reject(
            FROM_BUCKET,
            f"{ctx.address} is served by tei, which cannot read a bucket",
            at="source.bucket",
            help="write `serve: {engine: vllm}`, or `source: {hugging_face: ...}`",
        )
    args: list[Any] = [
        "--model-id",
        ctx.src(source.hugging_face, "source.hugging_face"),
        "--port",
        str(PORT),
        "--max-concurrent-requests",
        ctx.src(str(max(spec.serve.concurrency, 1)), "serve.concurrency"),
        "--auto-truncate",
        "--served-model-name",
        ctx.address.name,
    ]
    if source.revision is not None:
        args += ["--revision", ctx.src(source.revision, "source.revision")]
    tag = images.TEI[pool.accelerator.value]
    return Container(
        image=ctx.src(f"{images.TEI_REPOSITORY}:{tag}", pool.accelerator),
        args=args,
        port=PORT,
        health="/health",
        user=1000,
        group=1000,
        home="/data",
        metrics=METRICS,
        shared_memory_gib=SHARED_MEMORY_GIB,
        env={"HUGGINGFACE_HUB_CACHE": "/data", "HOME": "/data"},
    )
