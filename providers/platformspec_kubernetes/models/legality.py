"""What a model may ask of its pool and of its engine."""

from __future__ import annotations

from platformspec.sdk import (
    GPU,
    Code,
    DeclarationContext,
    GpuPoolExports,
    ModelSpec,
    facts_of,
    parallelism,
)
from platformspec_kubernetes.models import (
    adapters,
    kserve,
    kv_cache,
    neuron,
    offload,
    rollout,
    sleep,
    spread,
    topology,
    weights_cache,
)
from platformspec_kubernetes.models.engines import ENGINES
from platformspec_kubernetes.models.engines.engine import Engine
from platformspec_kubernetes.models.pod import SHARE

WRONG_ENGINE = Code(
    "PS562",
    "an engine that cannot do the task",
    explain="Text Embeddings Inference serves embedding and rerank models, vLLM all tasks, SGLang chat and embedding models.",
)
TOO_LONG = Code(
    "PS563",
    "a context longer than the model's",
    explain="A model handles sequences up to the length that it was trained for.",
)
NO_TOKEN = Code(
    "PS564",
    "a gated model without a token",
    explain="Hugging Face gives the weights of a gated model only to accounts that have accepted its licence; the token of one is read from AWS Secrets Manager.",
)
CANNOT_LOAD = Code(
    "PS566",
    "an engine that cannot load weights from there",
    explain="vLLM streams weights from the model bucket; the other engines load them from Hugging Face or from an image. A NIM brings its own server.",
)
NO_SIGNAL = Code(
    "PS567",
    "a scaling signal that the engine does not have",
    explain="Each engine counts something else: Text Embeddings Inference has no KV cache, Triton's vLLM backend counts tokens only.",
)


ORIGINS = {"hugging_face": "Hugging Face", "bucket": "a bucket", "oci": "an image", "nim": "a NIM"}


def check(ctx: DeclarationContext, spec: ModelSpec, engine: Engine, pool: GpuPoolExports) -> None:
    """Report everything that could not run."""
    facts, serve = facts_of(spec), spec.serve
    if pool.device != GPU:
        neuron.check(ctx, spec, engine, pool)
        if ctx.rejected:
            return
    spread.check(ctx, spec, engine, pool)
    sleep.check(ctx, spec)
    adapters.check(ctx, spec, engine)
    weights_cache.check(ctx, spec)
    kv_cache.check(ctx, spec, engine, pool)
    replica = parallelism(serve, pool.gpus_per_node.value, pool.device)
    if replica is not None:
        topology.check(ctx, spec, engine, replica)
        kserve.check(ctx, spec, engine, replica)
        offload.check(ctx, spec, engine, pool, replica, SHARE)
        rollout.check(ctx, spec, engine, pool, replica)
    if spec.task not in engine.clients:
        able = next(other.name for other in ENGINES.values() if spec.task in other.clients)
        ctx.reject(
            WRONG_ENGINE,
            f"{engine.name} cannot serve {spec.task}",
            at="serve.engine" if serve.engine else "task",
            help=f"write `serve: {{engine: {able}}}`",
        )
    for origin in ("hugging_face", "bucket", "oci", "nim"):
        if spec.source is not None and getattr(spec.source, origin) is not None and origin not in engine.sources:
            loaders = [
                other.name for other in ENGINES.values() if origin in other.sources and spec.task in other.clients
            ]
            ctx.reject(
                CANNOT_LOAD,
                f"{ctx.address} is served by {engine.name}, which cannot load weights from {ORIGINS[origin]}",
                at=f"source.{origin}",
                help=f"write `engine: {' or '.join(loaders)}`, or `source: {{{engine.sources[0]}: ...}}`",
            )
    if engine.name != "tei" and facts.context_tokens and serve.context_tokens > facts.context_tokens:
        ctx.reject(
            TOO_LONG,
            f"context_tokens is {serve.context_tokens}, and the model handles {facts.context_tokens}",
            at="serve.context_tokens",
            help=f"write `context_tokens: {facts.context_tokens}` or less",
        )
    if facts.gated and spec.source is not None and spec.source.hugging_face and not spec.source.token_secret:
        ctx.reject(
            NO_TOKEN,
            f"{spec.source.hugging_face} is gated",
            at="source",
            help="add `token_secret: name-of-the-secret` with a Hugging Face token",
        )
    signals = engine.metrics if engine.name != "nim" or spec.task == "chat" else {}
    if (spec.scale.max or 0) > spec.scale.min and spec.scale.on not in signals:
        ctx.reject(
            NO_SIGNAL,
            f"{engine.name} has no {spec.scale.on} to scale {spec.task} on",
            at="scale.on" if "on" in spec.scale.model_fields_set else "scale",
            help=f"write `on: {' or '.join(signals)}`" if signals else "remove `max` from scale",
        )
