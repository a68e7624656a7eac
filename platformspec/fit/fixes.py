"""Changes that make a model fit. Each was estimated again before it is offered: none is a rule of thumb."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Final

from platformspec.fit.estimate import Estimate, Setup, estimate
from platformspec.fit.gpu import Gpu
from platformspec.fit.precision import PRECISIONS

STEP: Final = 1024
"""Contexts are offered in multiples of this."""
SHORTEST: Final = 512
LARGEST_SHARE: Final = 0.95
SMALLER: Final = ("fp8", "int8", "awq")
"""Precisions that are offered, the nearest to the original first."""

Goal = Callable[[Estimate], bool]


@dataclass(frozen=True, slots=True)
class Place:
    """Another pool: its name, its GPU, and how many a pod may have."""

    name: str
    gpu: Gpu
    gpus: int


@dataclass(frozen=True, slots=True)
class Fix:
    """What to write, and what the estimate becomes."""

    text: str
    setup: Setup
    estimate: Estimate


def starts(result: Estimate) -> bool:
    """One sequence of full length fits, with the margin, as far as it can be counted."""
    return result.short <= -result.margin


def keeps_concurrency(result: Estimate) -> bool:
    """Every sequence at once fits, with the margin."""
    return result.cache_all + result.margin <= result.room


def fixes(setup: Setup, goal: Goal, *, tensor_sizes: Iterable[int], places: Iterable[Place]) -> list[Fix]:
    """All single changes that reach the goal, the cheapest first: what is asked for, then cache and weights, then more GPUs."""
    candidates: list[Iterator[tuple[str, Setup]]] = [
        _less_concurrency(setup, goal),
        _less_context(setup, goal),
        _larger_share(setup, goal),
        _smaller_cache(setup),
        _smaller_weights(setup),
        _more_gpus(setup, tensor_sizes),
        _elsewhere(setup, places),
    ]
    found: list[Fix] = []
    for kind in candidates:
        for text, changed in kind:
            result = estimate(changed)
            if goal(result):
                found.append(Fix(text, changed, result))
                break
    return found


def _less_concurrency(setup: Setup, goal: Goal) -> Iterator[tuple[str, Setup]]:
    best = _largest(1, setup.sequences - 1, lambda n: goal(estimate(replace(setup, sequences=n))))
    if best:
        yield f"concurrency: {best}", replace(setup, sequences=best)


def _less_context(setup: Setup, goal: Goal) -> Iterator[tuple[str, Setup]]:
    step = STEP if setup.context_tokens > STEP else SHORTEST
    most = (setup.context_tokens - 1) // step
    best = _largest(1, most, lambda n: goal(estimate(replace(setup, context_tokens=n * step))))
    if best:
        yield f"context_tokens: {best * step}", replace(setup, context_tokens=best * step)


def _larger_share(setup: Setup, goal: Goal) -> Iterator[tuple[str, Setup]]:
    """Of an engine whose own share leaves room beside it. One whose share is for everything takes nearly all as it is."""
    if setup.engine.covers != "weights_and_cache":
        return
    for per_cent in range(math.floor(setup.share * 100) + 1, round(LARGEST_SHARE * 100) + 1):
        changed = replace(setup, utilization=per_cent / 100)
        if goal(estimate(changed)):
            yield f"gpu_memory_utilization: {per_cent / 100:g}", changed
            return


def _smaller_cache(setup: Setup) -> Iterator[tuple[str, Setup]]:
    able = setup.engine.fp8_cache_from
    if setup.cache_precision == "auto" and able is not None and setup.gpu.compute_capability >= able:
        yield "kv_cache_precision: fp8", replace(setup, cache_precision="fp8")


def _smaller_weights(setup: Setup) -> Iterator[tuple[str, Setup]]:
    if setup.engine.precisions is not None:
        return
    now = PRECISIONS[setup.precision].bytes_per_weight
    for name in SMALLER:
        kind = PRECISIONS[name]
        if kind.bytes_per_weight < now * 0.9 and setup.gpu.compute_capability >= kind.computes_from:
            yield f"weights in {name}", replace(setup, precision=name, facts=replace(setup.facts, quantised=None))


def _more_gpus(setup: Setup, tensor_sizes: Iterable[int]) -> Iterator[tuple[str, Setup]]:
    for size in sorted(tensor_sizes):
        if size > setup.tensor:
            yield f"tensor_parallel: {size}", replace(setup, tensor=size)


def _elsewhere(setup: Setup, places: Iterable[Place]) -> Iterator[tuple[str, Setup]]:
    least = PRECISIONS[setup.precision].runs_from if setup.engine.precisions is None else 0.0
    if setup.cache_precision == "fp8":
        least = max(least, setup.engine.fp8_cache_from or 0.0)
    for place in sorted(places, key=lambda other: (other.gpu.memory_gib, other.name)):
        if setup.tensor <= place.gpus and place.gpu.compute_capability >= least:
            yield f"pool: {place.name}", replace(setup, gpu=place.gpu)


def _largest(low: int, high: int, holds: Callable[[int], bool]) -> int:
    """The largest number in the range for which it holds, where it holds for all smaller ones; 0 where for none."""
    best = 0
    while low <= high:
        middle = (low + high) // 2
        if holds(middle):
            best, low = middle, middle + 1
        else:
            high = middle - 1
    return best
