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
SEVERAL_ARCHITECTURES = Code(
    "PS548",
    "a server whose image is built for one GPU, on a pool with several",
    explain="Text Embeddings Inference has an image for each GPU architecture; a pod does not know on which node it will run.",
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
    tags = {images.TEI[accelerator] for accelerator in pool.accelerators.value}
    if len(tags) > 1:
        ctx.reject(
            SEVERAL_ARCHITECTURES,
            f"{ctx.address} is served by tei, and its pool has {' or '.join(pool.accelerators.value)} GPUs, which need different images",
            at="pool",
            help="choose a pool with one accelerator, or write `serve: {engine: vllm}`",
        )
    return Container(
        image=ctx.src(f"{images.TEI_REPOSITORY}:{min(tags)}", pool.accelerators),
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
