"""The KV cache of one GPU: what sequences need, and what a given room holds."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

from platformspec.fit.architecture import full_layers, head_dim
from platformspec.kinds.catalogue import ModelFacts

BLOCK_TOKENS: Final = 16
"""Tokens of a block; a sequence takes whole blocks. Source: vLLM, CacheConfig.block_size on CUDA."""
STATE_BYTES: Final = 4
"""Recurrent states of linear attention are kept in fp32. Source: Qwen3-Next's config.json, mamba_ssm_dtype."""
LONGEST: Final = 2**24
"""No context is longer; the end of the search for what a room holds."""


def layer_bytes(facts: ModelFacts, tensor: int, value_bytes: float) -> float:
    """Bytes of one token in one layer on one GPU.

    2 x KV heads x head size: keys and values. Tensor parallelism divides the heads, and copies them where there are fewer than
    ranks (vLLM: max(1, kv_heads // tensor)). Multi-head latent attention keeps one vector of kv_lora_rank + qk_rope_head_dim
    instead, on every rank (vLLM, MLAAttentionSpec).
    """
    if facts.kv_lora_rank is not None:
        return (facts.kv_lora_rank + (facts.qk_rope_head_dim or 0)) * value_bytes
    return 2 * max(1, (facts.kv_heads or 1) // tensor) * head_dim(facts) * value_bytes


@dataclass(frozen=True, slots=True)
class Keeping:
    """How one GPU keeps the cache: ranks, tokens that one step adds, bytes of a value, and whether windows bound it."""

    tensor: int
    pipeline: int
    batched_tokens: int
    value_bytes: float
    windows: bool


def cache_bytes(facts: ModelFacts, tokens: int, sequences: int, keep: Keeping) -> float:
    """Bytes for `sequences` of `tokens` each.

    A layer with a sliding window keeps the window, and what one step adds while a prompt is read (vLLM, SlidingWindowSpec:
    min(window - 1 + max_num_batched_tokens, max_model_len) for one sequence). vLLM keeps layers of both kinds in groups of one
    size, so sliding layers are padded to a multiple of the full ones (kv_cache_utils). An engine without `windows` keeps all.
    A layer with linear attention keeps one state per sequence.
    """
    per_layer = layer_bytes(facts, keep.tensor, keep.value_bytes)
    blocks = math.ceil(tokens / BLOCK_TOKENS) * BLOCK_TOKENS
    full, sliding = full_layers(facts), facts.sliding_layers or 0
    total = full * blocks * sequences * per_layer
    if sliding:
        held = blocks * sequences
        if keep.windows and facts.sliding_window:
            window = math.ceil(facts.sliding_window / BLOCK_TOKENS + 1) * BLOCK_TOKENS
            held = min(held, window * sequences + keep.batched_tokens)
            group = min(full, sliding) or sliding
            sliding = math.ceil(sliding / group) * group
        total += sliding * held * per_layer
    total += sequences * _state_bytes(facts, keep.tensor)
    return total / min(keep.pipeline, facts.layers or 1)


def longest(facts: ModelFacts, room_bytes: float, keep: Keeping) -> int:
    """Tokens of the longest single sequence that the room holds."""
    low, high = 0, LONGEST
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if cache_bytes(facts, middle, 1, keep) <= room_bytes else (low, middle - 1)
    return low


def _state_bytes(facts: ModelFacts, tensor: int) -> float:
    """State of linear attention layers for one sequence: value heads x head size x head size, and the convolution's window."""
    if not facts.linear_layers:
        return 0.0
    size = facts.linear_head_dim or 0
    k, v = (facts.linear_key_heads or 0) * size, (facts.linear_value_heads or 0) * size
    convolution = (2 * k + v) * ((facts.linear_convolution or 1) - 1) * 2
    return facts.linear_layers * (v * size * STATE_BYTES + convolution) / tensor
