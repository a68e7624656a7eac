"""Weights of one GPU."""

from __future__ import annotations

import math

from platformspec.fit.architecture import parts
from platformspec.fit.precision import (
    EXPERTS_ONLY,
    MXFP4_PADDING,
    PRECISIONS,
    UNQUANTISED_BYTES,
    quantised_share,
)
from platformspec.kinds.catalogue import ModelFacts


def weights_bytes(facts: ModelFacts, precision: str, *, tensor: int, pipeline: int, data: int, expert: bool) -> float:
    """Bytes of weights on the fullest GPU.

    - Tensor parallelism divides embeddings, attention and feed-forward layers by `tensor`; routers and compressed KV projections
      are copied, and so are KV heads where there are fewer than ranks. Source: vLLM, model_executor/layers/linear.py.
    - Pipeline parallelism divides layers; the first stage holds the input embedding and the last one the output.
    - Data parallelism copies all but routed experts, which are spread over tensor x data ranks, each cut (or whole with `expert`).
      Source: vLLM, FusedMoEParallelConfig.
    """
    part = parts(facts)
    kind = PRECISIONS[precision]
    share = quantised_share(precision, facts.quantised)
    small = kind.bytes_per_weight
    attention_size = small if share == "linear" else UNQUANTISED_BYTES
    dense_size = small if share in ("linear", "mlp") else UNQUANTISED_BYTES
    embedding_size = max(UNQUANTISED_BYTES, small) if precision == "fp32" else UNQUANTISED_BYTES
    attention = part.attention * attention_size / tensor + _copied_kv_heads(facts, tensor) * attention_size
    layers = attention + part.copied * attention_size + part.dense * dense_size / tensor
    layers += part.experts * small / (tensor * data) * _padding(facts, precision, tensor * data, expert)
    embeddings = part.embeddings * embedding_size / tensor
    if pipeline > 1 and not facts.tied_embeddings:
        embeddings /= 2
    return layers * _fullest_stage(facts, pipeline) + embeddings


def weights_bytes_by_size(facts: ModelFacts, precision: str, *, gpus: int) -> float:
    """Bytes of weights per GPU where only the number of parameters is known."""
    assert facts.parameters_billion is not None
    return facts.parameters_billion * 1e9 * PRECISIONS[precision].bytes_per_weight / gpus


def _copied_kv_heads(facts: ModelFacts, tensor: int) -> float:
    """Parameters of K and V projections that a rank has beyond its 1/tensor."""
    if facts.kv_lora_rank is not None or not facts.kv_heads or not facts.hidden or not facts.attention_heads:
        return 0.0
    layers = (facts.layers or 0) - (facts.linear_layers or 0)
    head = facts.head_dim or facts.hidden // facts.attention_heads
    whole = layers * 2 * facts.hidden * facts.kv_heads * head
    return whole * (max(1, facts.kv_heads / tensor) / facts.kv_heads - 1 / tensor)


def _fullest_stage(facts: ModelFacts, pipeline: int) -> float:
    """Part of the layers that the stage with most of them holds."""
    layers = facts.layers or 1
    return math.ceil(layers / pipeline) / layers


def _padding(facts: ModelFacts, precision: str, ranks: int, expert: bool) -> float:
    """How much larger experts get because each rank's part is padded."""
    if precision not in EXPERTS_ONLY or not facts.expert_intermediate:
        return 1.0
    part = facts.expert_intermediate / (1 if expert else ranks)
    return math.ceil(part / MXFP4_PADDING) * MXFP4_PADDING / part
