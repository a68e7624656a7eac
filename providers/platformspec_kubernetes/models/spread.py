"""How a replica may spread over GPUs: tensor x pipeline x data parallelism is what its pods ask for, never more and never less."""

from __future__ import annotations

from platformspec.sdk import (
    Code,
    DeclarationContext,
    Device,
    GpuPoolExports,
    ModelFacts,
    ModelSpec,
    divides,
    facts_of,
    keeps_blocks,
    parallelism,
)
from platformspec_kubernetes.models.engines.engine import Engine, Split

TOO_MANY_GPUS = Code(
    "PS560",
    "GPUs that must be in one node, and do not fit into it",
    explain="The ranks of tensor parallelism exchange activations in every layer, so they are in one node; with data parallelism a whole copy is. `pipeline_parallel` spreads a model over nodes.",
)
HEADS = Code(
    "PS561",
    "a tensor parallel size that does not divide the attention heads",
    explain="Tensor parallelism gives each GPU the same number of attention heads; engines refuse others. Where a model has fewer key-value heads than ranks, each is copied to several, so the sizes divide each other.",
)
LAYERS = Code(
    "PS521",
    "more pipeline stages than layers",
    explain="Pipeline parallelism gives each stage a group of whole layers.",
)
CANNOT_SPLIT = Code(
    "PS522",
    "a way to spread that the engine does not have",
    explain="Engines differ in how they spread a replica over GPUs and pods. GPUs that the engine would not use are not requested.",
)
CUT_BLOCKS = Code(
    "PS429",
    "a split that cuts blocks of fp8 weights",
    explain="Weights in fp8 that are published in blocks (`weight_block_size` in config.json) have one scale for each block, so the part of a feed-forward layer that a rank has must be whole blocks. Engines end at their start where it is not: `is not divisible by weight quantization block_n = 128`. Expert parallelism leaves routed experts whole.",
)
ALONE = Code(
    "PS523",
    "expert parallelism with one GPU",
    explain="Expert parallelism distributes the experts of a mixture-of-experts model over the GPUs of tensor and data parallelism. With one GPU there is nothing to distribute.",
)

NO_EXPERTS = Code(
    "PS547",
    "expert parallelism for a model without experts",
    explain="Expert parallelism distributes the routed experts of a mixture-of-experts model. In a dense model every token passes all weights: there is nothing to distribute, and vLLM ends at its start.",
)

FIELDS: dict[Split, str] = {
    "tensor": "tensor_parallel",
    "pipeline": "pipeline_parallel",
    "data": "data_parallel",
    "expert": "expert_parallel",
}


def check(ctx: DeclarationContext, spec: ModelSpec, engine: Engine, pool: GpuPoolExports) -> None:
    """Report what would leave GPUs unused, or what no node could hold."""
    serve, gpus = spec.serve, pool.gpus_per_node.value * pool.device.ranks
    for split, field in FIELDS.items():
        value = getattr(serve, field)
        if value not in (1, False) and split not in engine.splits:
            ctx.reject(
                CANNOT_SPLIT,
                f"{engine.name} has no {split} parallelism, and {ctx.address} asks for `{field}: {str(value).lower()}`",
                at=f"serve.{field}",
                help="remove it; `scale` adds replicas" if split != "tensor" else "remove it, or choose another engine",
            )
    if serve.expert_parallel and serve.tensor_parallel * serve.data_parallel == 1:
        ctx.reject(
            ALONE,
            f"{ctx.address} has one GPU to distribute experts over",
            at="serve.expert_parallel",
            help="raise tensor_parallel or data_parallel, or remove `expert_parallel`",
        )
    facts = facts_of(spec)
    if serve.expert_parallel and facts.layers is not None and not facts.experts:
        ctx.reject(
            NO_EXPERTS,
            f"{ctx.address} has no experts to distribute",
            at="serve.expert_parallel",
            help="remove `expert_parallel`; where the model has experts, say so: `facts: {experts: ...}`",
        )
    replica = parallelism(serve, pool.gpus_per_node.value, pool.device)
    if replica is None:
        _too_large(ctx, spec, gpus)
    elif replica.pods > 1 and engine.group is None:
        ctx.reject(
            CANNOT_SPLIT,
            f"a replica of {ctx.address} has {replica.gpus} GPUs in {replica.pods} pods, and {engine.name} serves from one",
            at=_largest(spec),
            help=f"ask for {gpus} GPUs or less, or write `engine: vllm`",
        )
    elif replica.pods > 1 and replica.data > 1 and engine.name == "sglang":
        ctx.reject(
            CANNOT_SPLIT,
            f"sglang keeps its {replica.data} data parallel copies in one pod, and they need {replica.pods}",
            at="serve.data_parallel",
            help="lower `data_parallel`, raise `scale.min`, or write `engine: vllm`",
        )
    _shape(ctx, spec, gpus, pool.device)


def _too_large(ctx: DeclarationContext, spec: ModelSpec, gpus: int) -> None:
    serve = spec.serve
    if serve.tensor_parallel > gpus:
        stages = -(-serve.tensor_parallel // gpus)
        ctx.reject(
            TOO_MANY_GPUS,
            f"{ctx.address} asks for {serve.tensor_parallel} GPUs in one node, and a node of its pool has {gpus}",
            at="serve.tensor_parallel",
            help=f"write `tensor_parallel: {gpus}` and `pipeline_parallel: {stages}`, or choose a pool with larger nodes",
        )
        return
    copy = serve.tensor_parallel * serve.pipeline_parallel
    ctx.reject(
        TOO_MANY_GPUS,
        f"a data parallel copy of {ctx.address} has {copy} GPUs, and a node of its pool has {gpus}",
        at="serve.pipeline_parallel",
        help="remove `data_parallel` and raise `scale.min`, or lower `pipeline_parallel`",
    )


def _shape(ctx: DeclarationContext, spec: ModelSpec, gpus: int, device: Device) -> None:
    facts, serve = facts_of(spec), spec.serve
    if facts.attention_heads and not divides(serve.tensor_parallel, facts.attention_heads, facts.kv_heads):
        fits = [
            n for n in range(device.ranks, gpus + 1, device.ranks) if divides(n, facts.attention_heads, facts.kv_heads)
        ]
        ctx.reject(
            HEADS,
            f"{serve.tensor_parallel} does not divide the {facts.attention_heads} attention heads of {ctx.address}"
            if facts.attention_heads % serve.tensor_parallel
            else f"the {facts.kv_heads} key-value heads of {ctx.address} do not spread over {serve.tensor_parallel} {device.rank}s",
            at="serve.tensor_parallel",
            help=f"write one of: {', '.join(map(str, fits))}",
        )
    if not keeps_blocks(facts, serve.tensor_parallel, serve.data_parallel, expert=serve.expert_parallel):
        _blocks(ctx, spec, facts, gpus)
    if facts.layers and serve.pipeline_parallel > facts.layers:
        ctx.reject(
            LAYERS,
            f"{ctx.address} has {facts.layers} layers, and {serve.pipeline_parallel} stages are asked for",
            at="serve.pipeline_parallel",
            help=f"write `pipeline_parallel: {facts.layers}` or less",
        )


def _blocks(ctx: DeclarationContext, spec: ModelSpec, facts: ModelFacts, gpus: int) -> None:
    tensor, data, expert = spec.serve.tensor_parallel, spec.serve.data_parallel, spec.serve.expert_parallel
    ranks = tensor if expert or not facts.experts else tensor * data
    width = facts.intermediate if expert or not facts.experts else facts.expert_intermediate
    heads = facts.attention_heads or 1
    fits = [
        str(n)
        for n in range(1, gpus + 1)
        if divides(n, heads, facts.kv_heads) and keeps_blocks(facts, n, data, expert=expert)
    ]
    ways = [f"`tensor_parallel: {' or '.join(fits)}`"] if fits else []
    if facts.experts and not expert and keeps_blocks(facts, tensor, data, expert=True):
        ways.append("`expert_parallel: true`")
    ctx.reject(
        CUT_BLOCKS,
        f"{ranks} ranks have {(width or 0) / ranks:g} of the {width} rows of a feed-forward layer of {ctx.address} each, and its fp8 weights are in blocks of {facts.weight_block}",
        at="serve.tensor_parallel" if tensor > 1 else "serve.data_parallel",
        help=f"write {' or '.join(ways)}" if ways else "choose weights in 16 bits",
    )


def _largest(spec: ModelSpec) -> str:
    """The field to which a replica's size is mostly due."""
    fields = ("pipeline_parallel", "data_parallel", "tensor_parallel")
    return f"serve.{max(fields, key=lambda field: getattr(spec.serve, field))}"
