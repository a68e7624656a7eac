"""Weights in a precision that the pool's GPUs can compute with."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from platformspec.sdk import (
    PRECISIONS,
    USUAL,
    Code,
    DeclarationContext,
    GpuPoolExports,
    ModelFacts,
    ModelSpec,
    gpu,
    known_model,
    variants,
)
from platformspec_kubernetes.models.pool_gpu import oldest_gpu

CANNOT_COMPUTE = Code(
    "PS574",
    "a precision that the GPU cannot compute with",
    explain="Arithmetic with fp8 came with compute capability 8.9 (L4, L40S) and 9.0 (H100), that with 4-bit floats with 10.0 (B200). Where a GPU has none, some engines expand the weights at every step (vLLM with its Marlin kernels): that saves memory and no time, so it is not what a file that says fp8 promises. int8, awq and gptq run on all GPUs from T4 on.",
)
EXPANDED = Code(
    "PS575",
    "weights that are expanded at every step",
    explain="The GPU has no arithmetic for this precision; the engine expands the weights to 16 bits when it uses them. They take little memory, and computing is no faster than in 16 bits.",
)
NO_BF16 = Code(
    "PS576",
    "bf16 weights on a GPU without bf16",
    explain="Compute capability 7.5 (T4) has fp16 and no bf16. vLLM and SGLang convert bf16 weights to fp16, whose range is smaller: models trained in bf16 may overflow. `precision: fp16` says that this is meant.",
)

OTHER_WEIGHTS = Code(
    "PS430",
    "a precision that the repository does not have",
    explain="`source.precision` says in which precision weights are published; it converts nothing. An engine loads what is in the repository, so weights in 16 bits take twice the memory of the fp8 that the file counts on. Quantised weights are a repository of their own. Between bf16 and fp16 engines convert.",
)

SIXTEEN_BITS = frozenset({"bf16", "fp16"})
# mxfp4 is made for GPUs that expand it: OpenAI publishes gpt-oss for H100 (openai/gpt-oss, README).
MADE_TO_EXPAND = frozenset({"mxfp4"})


def check_published(ctx: DeclarationContext, spec: ModelSpec) -> None:
    """Refuse a precision that the catalogue knows the repository not to have."""
    source = spec.source
    if source is None or source.precision is None or source.hugging_face is None or spec.facts.like is not None:
        return
    known = known_model(source.hugging_face)
    there = known.precision if known is not None else None
    if there is None or there == source.precision or {there, source.precision} <= SIXTEEN_BITS:
        return
    other = variants(source.hugging_face).get(source.precision)
    ctx.reject(
        OTHER_WEIGHTS,
        f"{source.hugging_face} has its weights in {there}, and {ctx.address} counts on {source.precision}",
        at="source.precision",
        help=f"write `hugging_face: {other}`"
        if other is not None
        else f"remove `precision`, or {quantised(source.hugging_face, source.precision)}",
    )


def quantised(hugging_face: str | None, precision: str) -> str:
    """What to write for the same model in another precision."""
    known = variants(hugging_face).get(precision) if hugging_face is not None else None
    if known is not None:
        return f"`hugging_face: {known}`"
    like = f" and `facts: {{like: {hugging_face}}}`" if hugging_face is not None and known_model(hugging_face) else ""
    return f"name a repository with weights in {precision}, with `precision: {precision}`{like}"


def check(
    ctx: DeclarationContext,
    spec: ModelSpec,
    pool: GpuPoolExports,
    facts: ModelFacts,
    ways_out: Callable[[], Sequence[str]],
) -> str | None:
    """The precision of the weights; None where no GPU of the pool can run them. `ways_out` says what to write instead, and is asked only then."""
    name = facts.precision or USUAL
    kind = PRECISIONS[name]
    weakest = oldest_gpu(pool)
    capability, at = weakest.compute_capability, _place(spec)
    if capability >= kind.computes_from:
        return name
    has = f"{weakest.accelerator} has compute capability {capability}, and {name} needs {kind.computes_from}"
    if name == "bf16":
        ctx.warn(
            NO_BF16,
            f"{ctx.address} has weights in bf16, and {weakest.accelerator} computes in fp16",
            at=at,
            help="write `precision: fp16` in source, or choose a pool with a10g, l4 or newer",
        )
        return name
    if capability < kind.runs_from or name == "fp8":
        better, ways = f"choose a pool with {', '.join(able(kind.computes_from))}", ways_out()
        ctx.reject(
            CANNOT_COMPUTE,
            f"{ctx.address} has weights in {name}: {has}",
            at=at,
            help="any of these, each computed anew:\n" + "\n".join((*ways, f"or {better}")) if ways else better,
        )
        return None
    if name not in MADE_TO_EXPAND:
        ctx.warn(
            EXPANDED,
            f"{ctx.address} has weights in {name}, which {weakest.accelerator} expands at every step: {has}",
            at=at,
            help=f"choose a pool with {', '.join(able(kind.computes_from))}, or weights in {_alternative(capability)}",
        )
    return name


def able(capability: float) -> list[str]:
    """Accelerators with at least this compute capability."""
    names = ("l4", "l40s", "h100", "h200", "b200", "b300", "rtx-pro-6000")
    return [name for name in names if gpu(name, 0.0).compute_capability >= capability]


def _alternative(capability: float) -> str:
    return "fp8, int8 or awq" if capability >= PRECISIONS["fp8"].computes_from else "int8 or awq"


def _place(spec: ModelSpec) -> str:
    source = spec.source
    if source is not None and source.precision is not None:
        return "source.precision"
    return "source.hugging_face" if source is not None and source.hugging_face else "source"
