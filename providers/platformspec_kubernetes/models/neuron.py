"""What a model may ask on a pool of Neuron chips."""

from __future__ import annotations

from platformspec.sdk import (
    USUAL,
    Code,
    DeclarationContext,
    GpuPoolExports,
    ModelFacts,
    ModelSpec,
    divides,
    facts_of,
    repository_of,
)
from platformspec_kubernetes.models.engines.engine import Engine
from platformspec_kubernetes.models.engines.vllm_neuron import COMPILE_MINUTES, FAMILIES, PRECISIONS, SEGMENTS

NO_IMAGE = Code(
    "PS484",
    "an engine without an image for Neuron chips",
    explain="Neuron chips have no CUDA. Of the model servers vLLM has a plug-in for them, vLLM Neuron, whose image `engine: vllm` gets on such a pool; the others run on GPUs only.",
)
NO_FAMILY = Code(
    "PS485",
    "a model that is not served on Neuron chips",
    explain="vLLM Neuron (SDK 2.32, beta) has an implementation of its own for each family of models, and no other starts. docs/serving.md has the table. A fine-tune of a listed model says so with `facts: {like: owner/name}`.",
)
CANNOT = Code(
    "PS486",
    "something that vLLM Neuron does not do here",
    explain="vLLM Neuron has no pipeline parallelism and no LoRA adapters; its data parallelism does not scale, and a second replica does the same work. It reads weights of Llama 3 in bf16 from Hugging Face. Its KV cache in fp8 and its disaggregation want calibrated weights and EFA with arguments of their own. Source: AWS Neuron documentation, SDK 2.32, model recipe of Llama 3 and configuration options.",
)
IDLE_CORES = Code(
    "PS487",
    "NeuronCores that nobody uses",
    explain="Pods get whole Neuron chips, and a Trainium2 chip is four ranks (eight NeuronCores in pairs, LNC=2). `tensor_parallel` counts ranks; where it is no multiple of four, cores of the last chip would be paid and idle.",
)
SLOW_START = Code(
    "PS489",
    "less time than compiling a model may take",
    explain="vLLM Neuron compiles a model before it answers. A pod that is new to its node finds nothing compiled; the one published time is 15 to 20 minutes, for a model of 70 billion parameters, and downloading the weights comes on top. Raise the time, or allow the warning with the time that you have measured.",
)


def check(ctx: DeclarationContext, spec: ModelSpec, engine: Engine, pool: GpuPoolExports) -> None:
    """Report what could not run, and what would take longer than it may."""
    _served(ctx, spec)
    if ctx.rejected:
        return
    facts = facts_of(spec)
    _unsupported(ctx, spec, facts)
    ranks = pool.device.ranks
    if spec.serve.tensor_parallel % ranks:
        fits = [
            n
            for n in range(ranks, pool.gpus_per_node.value * ranks + 1, ranks)
            if facts.attention_heads and divides(n, facts.attention_heads, facts.kv_heads)
        ]
        ctx.reject(
            IDLE_CORES,
            f"{ctx.address} has tensor_parallel {spec.serve.tensor_parallel}, and a chip of its pool is {ranks} {pool.device.rank}s",
            at="serve.tensor_parallel" if "tensor_parallel" in spec.serve.model_fields_set else "pool",
            help=f"write one of: {', '.join(map(str, fits))}",
        )
    _time(ctx, spec)


def refuse_engine(ctx: DeclarationContext, spec: ModelSpec) -> None:
    """Report an engine that has no image for the pool's devices."""
    ctx.reject(
        NO_IMAGE,
        f"{ctx.address} is served by {spec.engine}, and its pool has Neuron chips, for which only vllm has an image",
        at="serve.engine" if spec.serve.engine else "task" if spec.task != "chat" else "source",
        help="write `engine: vllm`, or choose a pool with GPUs" if spec.task == "chat" else "choose a pool with GPUs",
    )


def _served(ctx: DeclarationContext, spec: ModelSpec) -> None:
    known = sorted(name for names in FAMILIES.values() for name in names)
    repository = repository_of(spec)
    if repository in known:
        return
    ctx.reject(
        NO_FAMILY,
        f"vLLM Neuron does not serve {repository or ctx.address}",
        at="facts.like" if spec.facts.like else "source",
        help=f"choose a pool with GPUs, or one of {', '.join(known)} (`facts: {{like: ...}}` for a fine-tune of one)",
    )


def _unsupported(ctx: DeclarationContext, spec: ModelSpec, facts: ModelFacts) -> None:
    serve, source = spec.serve, spec.source
    origin = next(
        (name for name in ("bucket", "oci") if source is not None and getattr(source, name) is not None), None
    )
    weights = facts.precision or USUAL
    gone = "remove it, or choose a pool with GPUs"
    asked = {
        "adapters": (bool(spec.adapters), "LoRA adapters", gone),
        "topology": (spec.topology is not None, "routing between replicas or disaggregation", gone),
        "serve.backend": (serve.backend != "kubernetes", f"`backend: {serve.backend}`", "write `backend: kubernetes`"),
        "serve.kv_offload_gib": (serve.kv_offload_gib is not None, "offloading of KV cache", gone),
        "serve.kv_cache_precision": (serve.kv_cache_precision != "auto", "a KV cache in fp8", gone),
        "serve.pipeline_parallel": (serve.pipeline_parallel > 1, "pipeline parallelism", "raise `tensor_parallel`"),
        "serve.data_parallel": (serve.data_parallel > 1, "data parallelism", "remove it, and raise `scale.min`"),
        "serve.expert_parallel": (serve.expert_parallel, "expert parallelism of this model", gone),
        "serve.context_tokens": (
            serve.context_tokens < SEGMENTS[0],
            f"sequences of {serve.context_tokens} tokens: prompts are read in segments of {SEGMENTS[0]} or more",
            f"write `context_tokens: {SEGMENTS[0]}` or more",
        ),
        f"source.{origin}": (
            origin is not None,
            f"weights from {origin}",
            "write `source: {hugging_face: ...}`, with `weights_cache: node` where each node shall load them once",
        ),
        "source": (weights not in PRECISIONS, f"weights in {weights}", "take the weights in bf16"),
    }
    for at, (there, what, help) in asked.items():
        if there:
            ctx.reject(CANNOT, f"{ctx.address} asks for {what}, which vLLM Neuron does not do here", at=at, help=help)


def _time(ctx: DeclarationContext, spec: ModelSpec) -> None:
    seconds = COMPILE_MINUTES * 60
    if spec.serve.startup_minutes * 60 < seconds:
        ctx.warn(
            SLOW_START,
            f"{ctx.address} has {spec.serve.startup_minutes} minutes to start, and compiling may take {COMPILE_MINUTES}",
            at="serve.startup_minutes",
            help=f"write `startup_minutes: {COMPILE_MINUTES * 2}`",
        )
    budget = spec.scale.cold_start_seconds
    if budget is not None and budget < seconds:
        ctx.warn(
            SLOW_START,
            f"{ctx.address} may sleep and has {budget} s from no replica to the first answer, and compiling alone may take {seconds}",
            at="scale.cold_start_seconds",
            help=f"write `min: 1`, or `cold_start_seconds: {seconds * 2}` if callers can bear that",
        )
