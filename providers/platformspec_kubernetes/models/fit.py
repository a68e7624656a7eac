"""Whether a model fits the GPUs of its pool, and what would make it fit."""

from __future__ import annotations

import functools
from dataclasses import replace
from typing import Final

from platformspec.sdk import (
    GPU,
    PRECISIONS,
    USUAL,
    Address,
    Code,
    DeclarationContext,
    Estimate,
    Fitted,
    Fix,
    Gpu,
    GpuPoolExports,
    ModelFacts,
    ModelSpec,
    Parallelism,
    Place,
    Related,
    Setup,
    catalogue,
    closest,
    device_of,
    divides,
    estimate,
    facts_of,
    fixes,
    keeps_blocks,
    keeps_concurrency,
    known_model,
    margin_line,
    named_after,
    number,
    parallelism,
    repository_of,
    starts,
    sum_lines,
    variants,
)
from platformspec_kubernetes.models import precision
from platformspec_kubernetes.models.adapters import rank
from platformspec_kubernetes.models.engines.engine import Engine
from platformspec_kubernetes.models.pool_gpu import oldest_gpu, smallest_gpu

DOES_NOT_FIT = Code(
    "PS569",
    "a model that does not fit the GPUs of its pool",
    explain="An engine starts only where weights, activations and the KV cache of one sequence of `context_tokens` fit into its share of GPU memory. The note is the sum; every fix in the help was computed with the same sum. docs/fit.md explains the formulae and the margin.",
)
TIGHT = Code(
    "PS570",
    "a model that fits or not, within the margin of the estimate",
    explain="The estimate of GPU memory has a margin of some per cent, and the model is inside it: it may start, or fail with an out-of-memory error. Take one of the fixes, or allow the warning where you have seen it run.",
)
QUEUES = Code(
    "PS571",
    "more concurrency than the KV cache holds",
    explain="`concurrency` sequences of `context_tokens` need more KV cache than there is. The engine starts, and sequences that do not find room wait or are computed again. Where sequences are usually much shorter than `context_tokens` that is no harm: allow the warning with that reason.",
)
UNKNOWN = Code(
    "PS572",
    "a model about which nothing is known",
    explain="The catalogue has no entry for this model, so nothing can be said about its memory. `facts:` takes the numbers from its model card and config.json.",
)
INCOMPLETE = Code(
    "PS573",
    "a model whose KV cache cannot be computed",
    explain="The number of parameters is known, the shape of the model is not: only the weights could be checked. `facts:` takes the numbers from the model's config.json.",
)

NOT_PROVEN = Code(
    "PS488",
    "a model on Neuron chips that is not proven to fit",
    explain="The compiler of Neuron puts weights, KV cache, activations and buffers into one program, and says only when it has seen all of them whether it fits; neither a formula nor measurements are published. What can be counted is held against the memory of a logical NeuronCore, and an error where it is too much (PS569). That it is not too much proves nothing.",
)
NOT_LIKE = Code(
    "PS577",
    "a likeness to a model that the catalogue does not have",
    explain="`facts.like` names an entry of the catalogue whose facts hold for a copy or a fine-tune of it.",
)

WRITTEN: Final = {
    "parameters_billion": "parameters, in billions",
    "layers": "num_hidden_layers",
    "hidden": "hidden_size",
    "vocabulary": "vocab_size",
    "attention_heads": "num_attention_heads",
    "kv_heads": "num_key_value_heads",
    "expert_intermediate": "moe_intermediate_size",
}
"""Facts that are asked for, and where they stand."""


def check(ctx: DeclarationContext, spec: ModelSpec, engine: Engine, pool: GpuPoolExports, replica: Parallelism) -> None:
    """Compare what a replica needs with what a GPU of its pool has."""
    facts = facts_of(spec)
    if spec.facts.like is not None and known_model(spec.facts.like) is None:
        near = closest(spec.facts.like, catalogue())
        ctx.reject(
            NOT_LIKE,
            f"the catalogue does not know {spec.facts.like}",
            at="facts.like",
            help=f"did you mean {near}?" if near else "write the facts themselves: parameters_billion, layers, ...",
        )
        return
    if facts.parameters_billion is None:
        # A NIM's image has profiles for the GPUs that it knows, and chooses one that fits.
        if spec.source is None or spec.source.nim is None:
            _unknown(ctx, spec)
        return
    if pool.device == GPU:
        precision.check_published(ctx, spec)
    setup = setup_of(spec, engine, smallest_gpu(pool), replica, facts, facts.precision or USUAL)
    if ctx.rejected:
        return
    ways = functools.partial(_other_weights, ctx, spec, setup, pool)
    if pool.device == GPU and precision.check(ctx, spec, pool, facts, ways) is None:
        return
    result = estimate(setup)
    ctx.offer(Fitted(setup, result))
    if result.unknown:
        _incomplete(ctx, result.unknown)
    if result.verdict == "does_not_fit":
        _does_not_fit(ctx, spec, setup, result, pool)
    elif result.verdict == "tight":
        help = _help(spec, _fixes(ctx, spec, setup, pool, "starts"))
        message = f"{_name(spec, ctx)} has {-result.short:.1f} GiB to spare on {_gpus(setup)}, and the estimate is off by up to {result.margin:.1f} GiB"
        if result.short > 0:
            message = f"{_name(spec, ctx)} misses {result.short:.1f} GiB on {_gpus(setup)}, and the estimate is off by up to {result.margin:.1f} GiB"
        ctx.warn(TIGHT, message, at=_place(spec), help=help, related=(_note(setup, result, 1),))
    elif result.verdict == "not_proven":
        _not_proven(ctx, spec, setup, result)
    if (
        result.verdict in ("fits", "not_proven")
        and engine.memory.cache
        and "concurrency" in spec.serve.model_fields_set
    ):
        _concurrency(ctx, spec, setup, result, pool)


def setup_of(
    spec: ModelSpec, engine: Engine, device: Gpu, replica: Parallelism, facts: ModelFacts, weights: str
) -> Setup:
    """The declaration in the words of the estimate."""
    serve = spec.serve
    return Setup(
        facts=facts,
        precision=weights,
        gpu=device,
        engine=engine.memory,
        context_tokens=serve.context_tokens,
        sequences=serve.concurrency,
        tensor=replica.tensor,
        pipeline=replica.pipeline,
        data=replica.data,
        expert=serve.expert_parallel,
        utilization=serve.gpu_memory_utilization,
        cache_precision=serve.kv_cache_precision,
        adapters=len(spec.adapters),
        adapter_rank=rank(spec),
    )


def _does_not_fit(
    ctx: DeclarationContext, spec: ModelSpec, setup: Setup, result: Estimate, pool: GpuPoolExports
) -> None:
    at = _place(spec)
    if result.room <= 0:
        message = f"{_name(spec, ctx)} does not fit {_gpus(setup)}: {result.fixed:.1f} GiB before any KV cache, and the budget is {result.budget:.1f} GiB"
        at = (
            "serve.tensor_parallel"
            if "tensor_parallel" in spec.serve.model_fields_set
            else "pool"
            if spec.pool
            else "source"
        )
    else:
        message = (
            f"{_name(spec, ctx)} does not fit {_gpus(setup)}: {result.short:.1f} GiB are missing for one sequence of "
            f"{number(setup.context_tokens)} tokens; the KV cache holds {number(result.tokens or 0)}"
        )
    ctx.reject(
        DOES_NOT_FIT,
        message,
        at=at,
        help=_help(spec, _fixes(ctx, spec, setup, pool, "starts")),
        related=(_note(setup, result, 1),),
    )


def _not_proven(ctx: DeclarationContext, spec: ModelSpec, setup: Setup, result: Estimate) -> None:
    ctx.warn(
        NOT_PROVEN,
        f"{_name(spec, ctx)} is not proven to fit {_gpus(setup)}: weights and the KV cache of one sequence stay "
        f"{-result.short:.1f} GiB below what they may have, and what the compiler needs beside them is not known",
        at="pool" if spec.pool is not None else "source",
        help=f"start it once, and add `allow: {{{NOT_PROVEN.id}: what you have seen}}`",
        related=(_note(setup, result, 1),),
    )


def _concurrency(
    ctx: DeclarationContext, spec: ModelSpec, setup: Setup, result: Estimate, pool: GpuPoolExports
) -> None:
    if result.cache_all <= result.room:
        return
    ctx.warn(
        QUEUES,
        f"the KV cache of {ctx.address} holds {result.full_sequences} of {setup.sequences} sequences of "
        f"{number(setup.context_tokens)} tokens: {result.cache_all - result.room:.1f} GiB are missing on each of {_gpus(setup)}",
        at="serve.concurrency",
        help=_help(spec, _fixes(ctx, spec, setup, pool, "concurrency")),
        related=(_note(setup, result, setup.rank_sequences),),
    )


def _fixes(ctx: DeclarationContext, spec: ModelSpec, setup: Setup, pool: GpuPoolExports, aim: str) -> list[Fix]:
    heads, kv_heads = setup.facts.attention_heads, setup.facts.kv_heads
    ranks = pool.device.ranks
    most = pool.max_gpus_per_pod.value * ranks // (setup.pipeline if setup.data > 1 else 1)
    serve = spec.serve
    sizes = [
        n
        for n in range(ranks, most + 1, ranks)
        if heads
        and divides(n, heads, kv_heads)
        and keeps_blocks(setup.facts, n, serve.data_parallel, expert=serve.expert_parallel)
    ]
    goal = starts if aim == "starts" else keeps_concurrency
    return fixes(setup, goal, tensor_sizes=sizes, places=_places(ctx, spec))


def _other_weights(ctx: DeclarationContext, spec: ModelSpec, setup: Setup, pool: GpuPoolExports) -> list[str]:
    """What to write where the pool cannot compute with the weights: the same model in other precisions, and other pools."""
    capability = oldest_gpu(pool).compute_capability
    ways: list[tuple[str, Setup]] = []
    for name in ("bf16", "fp16", "int8", "awq"):
        known = name in variants(repository) if (repository := repository_of(spec)) is not None else False
        if capability >= PRECISIONS[name].computes_from and (known or name not in precision.SIXTEEN_BITS):
            facts = replace(setup.facts, precision=name, quantised=None)
            ways.append((precision.quantised(repository, name), replace(setup, precision=name, facts=facts)))
    least = PRECISIONS[setup.precision].computes_from
    for place in _places(ctx, spec):
        if place.gpu.compute_capability >= least and place.gpus >= setup.tensor:
            ways.append((f"`pool: {place.name}`", replace(setup, gpu=place.gpu)))
    counted = [(text, estimate(other)) for text, other in ways]
    return [f"{text} ({_holds(result)})" for text, result in counted if starts(result)]


def _places(ctx: DeclarationContext, spec: ModelSpec) -> list[Place]:
    """Other pools in the model's cluster into which one of its replicas goes."""
    own, cluster = ctx.target("runs_on"), ctx.cluster_address()
    assert own is not None
    device = ctx.exports(own, GpuPoolExports).device
    found = []
    for address in ctx.graph.declarations:
        exports = ctx.exports_or_none(address, GpuPoolExports) if address.kind == "gpu_pool" else None
        if exports is None or address == own or _cluster_of(ctx, address) != cluster or exports.device != device:
            continue
        gpus = exports.max_gpus_per_pod.value
        if parallelism(spec.serve, gpus, device) is not None:
            found.append(Place(address.name, smallest_gpu(exports), gpus * device.ranks))
    return found


def _cluster_of(ctx: DeclarationContext, pool: Address) -> Address | None:
    return next((edge.target for edge in ctx.graph.edges_from(pool) if edge.relation == "placed_in"), None)


def _help(spec: ModelSpec, found: list[Fix]) -> str:
    if not found:
        return "no single change of it helps: choose a pool with more GPU memory, or a smaller model"
    return "any of these, each computed anew:\n" + "\n".join(_advice(fix, repository_of(spec)) for fix in found)


def _advice(fix: Fix, repository: str | None) -> str:
    text = (
        precision.quantised(repository, fix.setup.precision) if fix.text.startswith("weights in ") else f"`{fix.text}`"
    )
    return f"{text} ({_holds(fix.estimate)})"


def _holds(result: Estimate) -> str:
    return f"holds {number(result.tokens)} tokens" if result.tokens is not None else f"leaves {result.room:.1f} GiB"


def _note(setup: Setup, result: Estimate, sequences: int) -> Related:
    return Related("\n".join([margin_line(result), *sum_lines(setup, result, sequences)]))


def _name(spec: ModelSpec, ctx: DeclarationContext) -> str:
    source = spec.source
    return source.hugging_face if source is not None and source.hugging_face else str(ctx.address)


def _gpus(setup: Setup) -> str:
    gpus = setup.tensor * setup.pipeline * setup.data
    device = device_of(setup.gpu.accelerator)
    if device != GPU:
        return f"{gpus} {device.rank}s of {setup.gpu.accelerator}"
    return f"{gpus} x {setup.gpu.accelerator}" if gpus > 1 else setup.gpu.accelerator


def _place(spec: ModelSpec) -> str:
    """What the user wrote about it."""
    for field in ("context_tokens", "concurrency", "tensor_parallel"):
        if field in spec.serve.model_fields_set:
            return f"serve.{field}"
    return "pool" if spec.pool is not None else "source"


def _unknown(ctx: DeclarationContext, spec: ModelSpec) -> None:
    chat = [f"{name} ({where})" for name, where in WRITTEN.items() if name != "expert_intermediate"]
    repository = spec.source.hugging_face if spec.source is not None else None
    known = named_after(repository) if repository is not None else None
    like = f"`facts: {{like: {known or 'owner/name'}}}` if it is a copy, a fine-tune or a quantisation of that, or "
    ctx.reject(
        UNKNOWN,
        f"the catalogue does not know {_name(spec, ctx)}, so its memory cannot be computed",
        at="source.hugging_face" if spec.source is not None and spec.source.hugging_face else "source",
        help=f"add {like}`facts:` with {', '.join(chat if spec.task == 'chat' else chat[:1])}",
    )


def _incomplete(ctx: DeclarationContext, unknown: tuple[str, ...]) -> None:
    ctx.warn(
        INCOMPLETE,
        f"the KV cache of {ctx.address} cannot be computed: {', '.join(unknown)} {'is' if len(unknown) == 1 else 'are'} not known",
        at="facts" if ctx.spec.facts.model_fields_set else "source",
        help=f"add `facts:` with {', '.join(f'{name} ({WRITTEN[name]})' for name in unknown)} from config.json",
    )
