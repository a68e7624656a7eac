"""The estimate: a sum, a budget, a margin and a verdict."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Final, Literal

from platformspec.fit.architecture import missing
from platformspec.fit.engine import EngineMemory, Load
from platformspec.fit.gpu import Gpu
from platformspec.fit.kv_cache import Keeping, cache_bytes, longest
from platformspec.fit.precision import CACHE_BYTES
from platformspec.fit.runtime import CONTEXT_GIB, activation_bytes, adapter_bytes, encoder_bytes, graphs_gib, other_gib
from platformspec.fit.weights import weights_bytes, weights_bytes_by_size
from platformspec.kinds.catalogue import ModelFacts

GIB: Final = 2**30
# Of the measured rows, weights are off by at most 2.9 %, and all but one by 2.3 %; what runs beside them by 8 % and some allocator blocks.
WEIGHTS_MARGIN: Final = 0.025
RUNTIME_MARGIN: Final = 0.10
ALLOCATOR_GIB: Final = 0.2
UNKNOWN_HIDDEN: Final = 4096
"""Hidden size of an encoder of which nothing is known but its parameters."""

Verdict = Literal["fits", "tight", "does_not_fit", "not_proven"]


@dataclass(frozen=True, slots=True)
class Setup:
    """One replica of a model: what is served, how, and on what.

    `sequences` are those that it works on at once. `utilization`: share of GPU memory that was asked for; None leaves it to the
    engine.
    """

    facts: ModelFacts
    precision: str
    gpu: Gpu
    engine: EngineMemory
    context_tokens: int
    sequences: int
    tensor: int = 1
    pipeline: int = 1
    data: int = 1
    expert: bool = False
    utilization: float | None = None
    cache_precision: str = "auto"
    adapters: int = 0
    adapter_rank: int = 0

    @property
    def tokens(self) -> int:
        """Tokens computed at once: never more than all sequences have, never fewer than one for each."""
        most = self.engine.batched_tokens(self.gpu)
        return max(self.rank_sequences, min(most, self.context_tokens * self.rank_sequences))

    @property
    def share(self) -> float:
        """Share of GPU memory that the engine takes."""
        if self.utilization is not None:
            return self.utilization
        memory = self.gpu.memory_gib * self.gpu.visible_share
        batched = self.engine.batched_tokens(self.gpu)
        return self.engine.share(Load(memory, self.facts, self.sequences, batched, self.tensor, self.pipeline))

    @property
    def rank_sequences(self) -> int:
        """Sequences of one data parallel rank."""
        return math.ceil(self.sequences / self.data)


@dataclass(frozen=True, slots=True)
class Estimate:
    """GiB of one GPU. `need` is the sum for one sequence of full length, without which no engine starts; `margin` its uncertainty.

    `cache_one` and `cache_all`: KV cache of one sequence of full length, and of all at once. `room`: what is left for the cache.
    `tokens`: the longest sequence that the room holds; None for an encoder. `unknown`: facts without which the KV cache is not counted.
    `proven`: whether the sum is all that the engine needs; where it is not, nothing says that the model fits.
    """

    total: float
    budget: float
    weights: float
    activation: float
    graphs: float
    other: float
    adapters: float
    cache_one: float
    cache_all: float
    room: float
    margin: float
    tokens: int | None
    full_sequences: int
    unknown: tuple[str, ...] = ()
    proven: bool = True

    @property
    def fixed(self) -> float:
        """All but the KV cache."""
        return self.weights + self.activation + self.graphs + self.other + self.adapters

    @property
    def short(self) -> float:
        """GiB missing for one sequence of full length; negative where some are left."""
        return self.cache_one - self.room

    @property
    def verdict(self) -> Verdict:
        """`fits` and `does_not_fit` hold however the estimate errs within its margin; between them it is `tight`."""
        if self.short > self.margin:
            return "does_not_fit"
        if not self.proven:
            return "not_proven"
        return "fits" if self.short <= -self.margin else "tight"


@dataclass(frozen=True, slots=True)
class Fitted:
    """A model on the smallest GPU of its pool, with what was estimated."""

    setup: Setup
    result: Estimate


def estimate(setup: Setup) -> Estimate:
    """What the fullest GPU of a replica needs."""
    unknown = missing(setup.facts)
    if unknown or not setup.engine.cache:
        return _by_size(setup, unknown if setup.engine.cache else ())
    facts = setup.facts
    weights = weights_bytes(
        facts, setup.precision, tensor=setup.tensor, pipeline=setup.pipeline, data=setup.data, expert=setup.expert
    )
    if setup.engine.covers == "what_is_known":
        return _known_part(setup, weights / GIB)
    activation = activation_bytes(
        facts,
        tokens=setup.tokens,
        sequences=setup.rank_sequences,
        tensor=setup.tensor,
        data=setup.data,
        expert=setup.expert,
    )
    graphs = graphs_gib(facts) / setup.pipeline
    other = other_gib(setup.tensor * setup.pipeline * setup.data)
    adapters = adapter_bytes(facts, slots=setup.adapters, rank=setup.adapter_rank, tensor=setup.tensor) / GIB
    budget, room = _room(setup, weights / GIB + adapters, activation / GIB + graphs + other)
    rank = replace(setup, sequences=setup.rank_sequences, data=1)
    one, every = cache_of(rank, 1), cache_of(rank, rank.sequences)
    return Estimate(
        total=setup.gpu.memory_gib,
        budget=budget,
        weights=weights / GIB,
        activation=activation / GIB,
        graphs=graphs,
        other=other,
        adapters=adapters,
        cache_one=one,
        cache_all=every,
        room=room,
        margin=_margin(weights / GIB, activation / GIB + graphs + other),
        tokens=_longest(setup, room),
        full_sequences=_sequences(rank, room) * setup.data,
    )


def cache_of(setup: Setup, sequences: int) -> float:
    """GiB of KV cache for so many sequences of full length."""
    return cache_bytes(setup.facts, setup.context_tokens, sequences, _keeping(setup)) / GIB


def _known_part(setup: Setup, weights: float) -> Estimate:
    """Weights and KV cache: what any program with this model needs. What else its compiler wants is known only afterwards."""
    budget = setup.share * setup.gpu.memory_gib
    room = min(budget - weights, setup.engine.cache_share * budget)
    # An engine with too little room for its cache ends at its start, however short sequences are.
    one = max(cache_of(setup, 1), setup.engine.cache_least)
    return Estimate(
        total=setup.gpu.memory_gib,
        budget=budget,
        weights=weights,
        activation=0.0,
        graphs=0.0,
        other=0.0,
        adapters=0.0,
        cache_one=one,
        cache_all=max(cache_of(setup, setup.sequences), one),
        room=room,
        margin=weights * WEIGHTS_MARGIN,
        tokens=_longest(setup, room),
        full_sequences=_sequences(setup, room),
        proven=False,
    )


def _by_size(setup: Setup, unknown: tuple[str, ...]) -> Estimate:
    """An encoder, or a model of which only the number of parameters is known: weights and activations, no KV cache."""
    facts, gpus = setup.facts, setup.tensor * setup.pipeline
    known = facts.parameters_billion is not None
    weights = weights_bytes_by_size(facts, setup.precision, gpus=gpus) / GIB if known else 0.0
    hidden = facts.hidden or facts.dimensions or UNKNOWN_HIDDEN
    activation = encoder_bytes(hidden, setup.engine.batched_tokens(setup.gpu)) / GIB
    other = other_gib(gpus * setup.data)
    budget, room = _room(setup, weights, activation + other)
    margin = _margin(weights, activation + other)
    return Estimate(
        setup.gpu.memory_gib, budget, weights, activation, 0.0, other, 0.0, 0.0, 0.0, room, margin, None, setup.sequences, unknown
    )  # fmt: skip


def _room(setup: Setup, weights: float, runtime: float) -> tuple[float, float]:
    """The engine's budget, and what is left of it for the KV cache."""
    total = setup.gpu.memory_gib * setup.gpu.visible_share
    usable = total - CONTEXT_GIB
    if setup.engine.covers == "nothing":
        return usable, usable - weights - runtime
    if setup.engine.covers == "everything":
        budget = min(setup.share * total, usable)
        return budget, budget - weights - runtime
    budget = setup.share * usable
    return budget, min(budget, usable - runtime) - weights


def _margin(weights: float, runtime: float) -> float:
    return weights * WEIGHTS_MARGIN + runtime * RUNTIME_MARGIN + ALLOCATOR_GIB


def _keeping(setup: Setup) -> Keeping:
    return Keeping(setup.tensor, setup.pipeline, setup.tokens, CACHE_BYTES[setup.cache_precision], setup.engine.windows)


def _longest(setup: Setup, room: float) -> int:
    return longest(setup.facts, room * GIB, _keeping(setup))


def _sequences(setup: Setup, room: float) -> int:
    """Sequences of full length that the room holds, at most those that are asked for."""
    low, high = 0, setup.sequences
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if cache_of(setup, middle) <= room else (low, middle - 1)
    return low
