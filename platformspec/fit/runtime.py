"""Memory that a running engine needs beside weights and KV cache. Constants are measured; tests/fit/measurements.yaml has the rows."""

from __future__ import annotations

from typing import Final

from platformspec.kinds.catalogue import ModelFacts

HALF: Final = 2
"""Bytes of an activation."""
LOGIT: Final = 4
"""Bytes of a logit: sampling is done in fp32."""
# Logits in bf16 and fp32, sorted values with 64-bit indices, probabilities and their sum. The calibration rows give 9.56 (gpt-oss-20b) to 9.60 (Llama 3.1 8B, Qwen3 32B).
SAMPLER_COPIES: Final = 9.6
# vLLM computes routed experts in chunks of tokens (VLLM_FUSED_MOE_CHUNK_SIZE).
EXPERT_CHUNK: Final = 32768
GRAPH_GIB_PER_LAYER: Final = 0.01
GRAPH_GIB_PER_EXPERT_LAYER: Final = 0.03
ALONE_GIB: Final = 0.15
"""Libraries' own buffers on one GPU."""
COMMUNICATION_GIB: Final = 0.45
"""NCCL and all-reduce buffers where ranks talk to each other."""
CONTEXT_GIB: Final = 0.6
"""The CUDA context, which no engine can use. An engine whose share leaves less does not start."""
ENCODER_COPIES: Final = 12
"""Vectors of the hidden size that an encoder keeps per token: input, q, k, v, attention's output and the four of a feed-forward layer."""


def activation_bytes(facts: ModelFacts, *, tokens: int, sequences: int, tensor: int, data: int, expert: bool) -> float:
    """Peak of activations when `tokens` are computed at once and `sequences` are sampled.

    The larger of two moments: a feed-forward layer (input, output and residual of the hidden size, gate, up and product of the
    intermediate size), and sampling (`SAMPLER_COPIES` of the logits, which tensor parallelism gathers on every rank).
    """
    hidden, wide = facts.hidden or 0, facts.intermediate or 4 * (facts.hidden or 0)
    residual = tokens * hidden * HALF
    forward = 3 * residual + (0 if facts.experts else tokens * 3 * wide / tensor * HALF)
    if facts.experts:
        arriving = min(tokens * data, EXPERT_CHUNK)
        cut = 1 if expert else tensor * data
        per_token = 3 * (facts.expert_intermediate or 0) / cut + hidden
        forward += arriving * (facts.experts_per_token or 1) * per_token * HALF
        # With data parallelism every rank gathers the tokens of all.
        forward += (tokens * data * hidden * HALF) if data > 1 else 0
    sampling = residual + sequences * (facts.vocabulary or 0) * LOGIT * SAMPLER_COPIES
    return max(forward, sampling)


def adapter_bytes(facts: ModelFacts, *, slots: int, rank: int, tensor: int) -> float:
    """LoRA adapters that may be in one batch: every slot has the largest rank, on each matrix a pair of rank x (in + out).

    Source: vLLM, lora/layers: buffers for max_loras of max_lora_rank are allocated at start; tensor parallelism cuts one of a pair.
    """
    hidden, wide = facts.hidden or 0, facts.intermediate or 0
    head = facts.head_dim or hidden // max(1, facts.attention_heads or 1)
    q, kv = (facts.attention_heads or 0) * head, (facts.kv_heads or 0) * head
    whole, cut = 5 * hidden + q + wide, q + 2 * kv + 2 * wide + 2 * hidden
    return (facts.layers or 0) * slots * rank * (whole + cut / tensor) * HALF


def encoder_bytes(hidden: int, tokens: int) -> float:
    """Activations of an encoder for a batch of `tokens`."""
    return tokens * hidden * ENCODER_COPIES * HALF


def graphs_gib(facts: ModelFacts) -> float:
    """CUDA graphs, in GiB."""
    return (facts.layers or 0) * (GRAPH_GIB_PER_EXPERT_LAYER if facts.experts else GRAPH_GIB_PER_LAYER)


def other_gib(ranks: int) -> float:
    """Buffers of libraries, in GiB."""
    return ALONE_GIB + (COMMUNICATION_GIB if ranks > 1 else 0)
