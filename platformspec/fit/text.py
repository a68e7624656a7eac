"""The sum as people read it."""

from __future__ import annotations

from platformspec.fit.estimate import Estimate, Setup
from platformspec.kinds.accelerators import device_of


def sum_lines(setup: Setup, result: Estimate, sequences: int) -> list[str]:
    """The budget, and what is taken of it, line by line. `sequences`: those whose KV cache is counted."""
    device = device_of(setup.gpu.accelerator)
    cache = result.cache_one if sequences == 1 else result.cache_all
    runtime = [
        (-result.activation, f"activations, {_count(setup.tokens, 'token')} at once"),
        (-result.graphs, "CUDA graphs"),
        (-result.other, "libraries" if setup.tensor * setup.pipeline * setup.data == 1 else "libraries, communication"),
    ]
    rows = [(result.budget, f"of one {device.rank}: {result.total:.2f} GiB {device.memory}{_share(setup)}")]
    if setup.engine.covers == "weights_and_cache":
        # Outside of the share; only what does not fit there is missing inside.
        beside = result.budget - result.room - result.weights - result.adapters
        runtime = [(-beside, "activations, CUDA graphs and libraries that do not fit beside the share")]
    rows += [(-result.weights, f"weights, {setup.precision}{_divided(setup)}"), *runtime]
    rows.append((-result.adapters, f"{_count(setup.adapters, 'adapter')} of rank {setup.adapter_rank}"))
    if setup.engine.cache and not result.unknown:
        what = f"{_count(sequences, 'sequence')} of {number(setup.context_tokens)} tokens"
        what += f", {setup.cache_precision}" if setup.cache_precision != "auto" else ""
        if cache == setup.engine.cache_least:
            what += ", which is at least this much"
        rows.append((-cache, f"KV cache of {what}"))
    capped = result.budget - result.weights - result.room if not result.proven else 0.0
    rows.append(
        (-max(capped, 0.0), f"not for the KV cache, which has {setup.engine.cache_share:.0%} of the budget at most")
    )
    left = sum(value for value, _ in rows)
    rows = [row for row in rows if abs(row[0]) >= 0.005]
    return [f"{value:+9.2f} GiB  {text}" for value, text in (*rows, (left, "left" if left >= 0 else "missing"))]


def margin_line(result: Estimate) -> str:
    """How far the estimate may be off."""
    if not result.proven:
        return "what can be counted: what the compiler adds is known when it has compiled"
    return f"estimate, to within {result.margin:.1f} GiB"


def number(value: int) -> str:
    """Digits in groups of three, as in 32 768."""
    return f"{value:,}".replace(",", " ")


def _count(value: int, what: str) -> str:
    return f"{number(value)} {what}{'' if value == 1 else 's'}"


def _divided(setup: Setup) -> str:
    gpus = setup.tensor * setup.pipeline * setup.data
    return f", on {gpus} {device_of(setup.gpu.accelerator).rank}s" if gpus > 1 else ""


def _share(setup: Setup) -> str:
    if setup.engine.covers == "nothing":
        return ", less the CUDA context"
    if setup.engine.covers == "weights_and_cache":
        return f", less the CUDA context, x {setup.share:g}"
    visible = f" x {setup.gpu.visible_share:.4g}" if setup.gpu.visible_share != 1.0 else ""
    return f" x {setup.share:g}{visible}"
