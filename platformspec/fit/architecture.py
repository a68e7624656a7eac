"""The shape of a decoder model, and how many parameters follow from it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from platformspec.kinds.catalogue import ModelFacts

NEEDED: Final[dict[str, str]] = {
    "parameters_billion": "the model card",
    "layers": "num_hidden_layers",
    "hidden": "hidden_size",
    "vocabulary": "vocab_size",
    "attention_heads": "num_attention_heads",
    "kv_heads": "num_key_value_heads",
}
"""Facts without which nothing is computed, and what config.json calls them."""


@dataclass(frozen=True, slots=True)
class Parts:
    """Parameters by what happens to them: how they are quantised and how they are divided.

    - `embeddings`: input and output; never quantised, divided by tensor parallelism.
    - `attention`: divided by tensor parallelism.
    - `copied`: projections into a compressed KV cache and routers, which every tensor parallel rank holds whole.
    - `dense`: feed-forward layers that every token passes, shared experts included; divided by tensor parallelism.
    - `experts`: routed experts; divided by tensor and data parallelism, or distributed over them.
    """

    embeddings: int
    attention: int
    copied: int
    dense: int
    experts: int

    @property
    def total(self) -> int:
        """All parameters."""
        return self.embeddings + self.attention + self.copied + self.dense + self.experts


def missing(facts: ModelFacts) -> tuple[str, ...]:
    """Facts that are needed and not known, in the order of `NEEDED`."""
    names = tuple(name for name in NEEDED if getattr(facts, name) is None)
    if facts.experts and facts.expert_intermediate is None:
        return (*names, "expert_intermediate")
    return names


def head_dim(facts: ModelFacts) -> int:
    """Length of one head; hidden size / heads where config.json says nothing, as Hugging Face's transformers do."""
    assert facts.hidden is not None
    assert facts.attention_heads is not None
    return facts.head_dim or facts.hidden // facts.attention_heads


def full_layers(facts: ModelFacts) -> int:
    """Layers that attend to the whole sequence."""
    return (facts.layers or 0) - (facts.sliding_layers or 0) - (facts.linear_layers or 0)


def parts(facts: ModelFacts) -> Parts:
    """Parameters of a model of which nothing is `missing`.

    The sum is the published number: what the shape does not explain (biases, norms, an unknown feed-forward size) is counted
    as dense.
    """
    assert facts.parameters_billion is not None
    counted = count(facts)
    rest = round(facts.parameters_billion * 1e9) - counted.total
    return Parts(counted.embeddings, counted.attention, counted.copied, max(0, counted.dense + rest), counted.experts)


def count(facts: ModelFacts) -> Parts:
    """Parameters that follow from the shape alone: matrices, without biases and norms (below 0.1 %).

    Attention is hidden x (q + k + v) + q x hidden; multi-head latent attention as in DeepSeek-V2 (arXiv 2405.04434, 2.1); gated
    delta rule layers as in Qwen3-Next, whose full attention layers have a gate as wide as q; feed-forward layers are gated, so
    three matrices.
    """
    assert facts.layers is not None
    assert facts.hidden is not None
    assert facts.vocabulary is not None
    assert facts.attention_heads is not None
    assert facts.kv_heads is not None
    hidden, layers, heads = facts.hidden, facts.layers, facts.attention_heads
    linear = facts.linear_layers or 0
    q, kv = heads * head_dim(facts), facts.kv_heads * head_dim(facts)
    copied = 0
    if facts.kv_lora_rank is not None:
        rope, value = facts.qk_rope_head_dim or 0, facts.v_head_dim or head_dim(facts)
        nope = facts.qk_nope_head_dim or head_dim(facts) - rope
        low = facts.q_lora_rank
        copied = layers * hidden * (facts.kv_lora_rank + rope + (low or 0))
        attention = layers * (
            (low or hidden) * q + facts.kv_lora_rank * heads * (nope + value) + heads * value * hidden
        )
    else:
        gate = 2 if linear else 1
        attention = (layers - linear) * hidden * ((gate + 1) * q + 2 * kv)
    if linear:
        k = (facts.linear_key_heads or 0) * (facts.linear_head_dim or 0)
        v_heads = facts.linear_value_heads or 0
        v = v_heads * (facts.linear_head_dim or 0)
        attention += linear * hidden * (2 * k + 3 * v + 2 * v_heads)
    with_experts = expert_layers(facts)
    experts = with_experts * (facts.experts or 0) * 3 * hidden * (facts.expert_intermediate or 0)
    copied += with_experts * hidden * (facts.experts or 0)
    dense = with_experts * 3 * hidden * (facts.shared_expert_intermediate or 0)
    dense += (layers - with_experts) * 3 * hidden * (facts.intermediate or 0)
    embeddings = facts.vocabulary * hidden * (1 if facts.tied_embeddings else 2)
    return Parts(embeddings, attention, copied, dense, experts)


def expert_layers(facts: ModelFacts) -> int:
    """Layers with routed experts: all of a mixture-of-experts model unless said otherwise."""
    if not facts.experts:
        return 0
    return facts.expert_layers if facts.expert_layers is not None else (facts.layers or 0)


def divides(tensor: int, heads: int, kv_heads: int | None) -> bool:
    """Query heads are divided; key-value heads are divided, or copied where there are fewer than ranks."""
    if heads % tensor:
        return False
    return not kv_heads or kv_heads % tensor == 0 or tensor % kv_heads == 0


def keeps_blocks(facts: ModelFacts, tensor: int, data: int = 1, *, expert: bool = False) -> bool:
    """Whether every rank's part of a feed-forward layer is whole blocks of fp8 weights.

    Routed experts are cut by tensor x data parallelism, and with expert parallelism not at all. Source: vLLM,
    `validate_fp8_block_shape` and `validate_fp8_block_shape_moe`; SGLang has the same check.
    """
    block = facts.weight_block
    if block is None or facts.precision != "fp8":
        return True
    cuts = [(facts.intermediate, tensor)]
    if facts.experts and not expert:
        cuts.append((facts.expert_intermediate, tensor * data))
    return all(width is None or width % (ranks * block) == 0 for width, ranks in cuts)
