"""Text Embeddings Inference 1.9: embeddings and reranking on one GPU."""

from __future__ import annotations

from typing import Any

from platformspec.sdk import Code, EngineMemory
from platformspec_kubernetes import images
from platformspec_kubernetes.models.engines.engine import Container, Engine, Launch

SEVERAL_ARCHITECTURES = Code(
    "PS548",
    "a server whose image is built for one GPU, on a pool with several",
    explain="Text Embeddings Inference has an image for each GPU architecture; a pod does not know on which node it will run.",
)

PORT = 8080
SHARED_MEMORY_GIB = 1


def container(launch: Launch) -> Container:
    """The server of one replica; the image is built for the pool's GPU architecture."""
    ctx, spec = launch.ctx, launch.spec
    source = launch.weights
    args: list[Any] = [
        "--model-id",
        source.model,
        "--port",
        str(PORT),
        "--max-concurrent-requests",
        ctx.src(str(spec.serve.concurrency), "serve.concurrency"),
        "--auto-truncate",
        "--served-model-name",
        ctx.called,
    ]
    if source.revision is not None:
        args += ["--revision", source.revision]
    accelerators = launch.pool.accelerators
    tags = {images.TEI[accelerator] for accelerator in accelerators.value}
    if len(tags) > 1:
        ctx.reject(
            SEVERAL_ARCHITECTURES,
            f"{ctx.address} is served by tei, and its pool has {' or '.join(accelerators.value)} GPUs, which need different images",
            at="pool",
            help="choose a pool with one accelerator, or write `serve: {engine: vllm}`",
        )
    return Container(
        image=ctx.src(f"{images.TEI_REPOSITORY}:{min(tags)}", accelerators),
        args=args,
        port=PORT,
        health="/health",
        user=1000,
        group=1000,
        home="/data",
        shared_memory_gib=SHARED_MEMORY_GIB,
        env={"HUGGINGFACE_HUB_CACHE": "/data", "HOME": "/data"},
    )


BATCH_TOKENS = 16384
MEMORY = EngineMemory(
    name="tei",
    covers="nothing",
    batched_tokens=lambda gpu: BATCH_TOKENS,
    cache=False,
    windows=False,
    source="Text Embeddings Inference 1.9, README: --max-batch-tokens is 16384; it takes the memory that weights and a batch need",
)

TEI = Engine(
    name="tei",
    container=container,
    clients={"embedding": ("openai", "/v1"), "rerank": ("huggingface", "")},
    sources=("hugging_face", "oci"),
    splits=(),
    metrics={"queue_depth": "te_queue_size"},
    memory=MEMORY,
)
