"""How an engine divides a GPU's memory. An engine states this about itself; nothing here knows an engine."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal

from platformspec.fit.gpu import Gpu
from platformspec.kinds.catalogue import ModelFacts

Covers = Literal["everything", "weights_and_cache", "nothing", "what_is_known"]


@dataclass(frozen=True, slots=True)
class Load:
    """What an engine that chooses its share of GPU memory itself looks at. `gpu_gib`: memory that the pod may use."""

    gpu_gib: float
    facts: ModelFacts
    sequences: int
    batched_tokens: int
    tensor: int
    pipeline: int


@dataclass(frozen=True, slots=True)
class EngineMemory:
    """An engine's budget.

    - `covers`: what must fit into the share of GPU memory that the engine is told: `everything` it uses, only `weights_and_cache`
      (activations and graphs must fit into the rest), or `nothing`: there is no share, and it takes what it needs of the whole;
      `what_is_known`: everything, but only weights and KV cache can be counted, so a fit is never proven.
    - `batched_tokens`: GPU -> tokens that are computed at once.
    - `share`: the share where the user names none.
    - `fp8_cache_from`: compute capability from which it can keep the KV cache in fp8; None where it cannot be told to.
    - `cache`: whether it keeps a KV cache; one without is an encoder.
    - `windows`: whether a layer with a sliding window keeps only its window.
    - `cache_share`: part of the share that the KV cache takes at most; `cache_least`: GiB below which the engine does not start.
    - `models`: repositories that it serves; None where the table of models is not the limit.
    - `precisions`: of weights that it computes with; None where the GPU decides.
    - `elsewhere`: resource of other devices -> how it divides their memory.
    - `source`: where that was read.
    """

    name: str
    covers: Covers
    batched_tokens: Callable[[Gpu], int]
    cache: bool
    windows: bool
    source: str
    share: Callable[[Load], float] = lambda load: 1.0
    fp8_cache_from: float | None = None
    cache_share: float = 1.0
    cache_least: float = 0.0
    models: frozenset[str] | None = None
    precisions: frozenset[str] | None = None
    elsewhere: Mapping[str, EngineMemory] = field(default_factory=dict)
