"""Facts about models, from an offline catalogue; `facts:` and `source:` in the YAML override them."""

from __future__ import annotations

import functools
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from importlib.resources import files
from typing import Any

from platformspec.kinds.model import ModelSpec


@dataclass(frozen=True, slots=True)
class ModelFacts:
    """What is known about a model; None where nothing is.

    `sources` says where an entry of the catalogue comes from: `architecture` (the shape), `parameters` (their number) and `card`
    (task, context, dimensions, precision, licence). Sizes are those of config.json; `FactsSpec` describes each.
    `vision_parameters_billion`: those of `parameters_billion` that belong to an image encoder.
    """

    task: str | None = None
    parameters_billion: float | None = None
    vision_parameters_billion: float | None = None
    layers: int | None = None
    hidden: int | None = None
    intermediate: int | None = None
    vocabulary: int | None = None
    tied_embeddings: bool | None = None
    attention_heads: int | None = None
    kv_heads: int | None = None
    head_dim: int | None = None
    experts: int | None = None
    experts_per_token: int | None = None
    expert_intermediate: int | None = None
    expert_layers: int | None = None
    shared_expert_intermediate: int | None = None
    kv_lora_rank: int | None = None
    q_lora_rank: int | None = None
    qk_rope_head_dim: int | None = None
    qk_nope_head_dim: int | None = None
    v_head_dim: int | None = None
    sliding_window: int | None = None
    sliding_layers: int | None = None
    linear_layers: int | None = None
    linear_key_heads: int | None = None
    linear_value_heads: int | None = None
    linear_head_dim: int | None = None
    linear_convolution: int | None = None
    context_tokens: int | None = None
    dimensions: int | None = None
    precision: str | None = None
    quantised: str | None = None
    weight_block: int | None = None
    license: str | None = None
    gated: bool | None = None
    tool_parser: str | None = None
    sources: Mapping[str, str] = field(default_factory=dict, hash=False)


@functools.cache
def _catalogue() -> dict[str, Any]:
    text = files("platformspec.kinds").joinpath("data/models.json").read_text("utf-8")
    models: dict[str, Any] = json.loads(text)["models"]
    return models


def catalogue() -> Mapping[str, ModelFacts]:
    """Every entry of the catalogue, by its repository on Hugging Face."""
    return {name: ModelFacts(**entry) for name, entry in _catalogue().items()}


def known_model(hugging_face: str) -> ModelFacts | None:
    """The catalogue's entry for a repository on Hugging Face."""
    entry = _catalogue().get(hugging_face)
    return ModelFacts(**entry) if entry is not None else None


SHAPE = ("layers", "hidden", "intermediate", "vocabulary", "experts")


def variants(hugging_face: str) -> Mapping[str, str]:
    """Precision -> the repository that has this model's weights in it, as far as the catalogue knows.

    The same model: the same shape, and a name that begins with the other's, as Qwen3-32B-FP8 begins with Qwen3-32B.
    """
    entries, own = _catalogue(), _catalogue().get(hugging_face)
    if own is None:
        return {}
    found: dict[str, str] = {}
    name = _tail(hugging_face)
    for other, entry in sorted(entries.items()):
        same = all(entry.get(key) == own.get(key) for key in SHAPE)
        if same and "precision" in entry and (name.startswith(_tail(other)) or _tail(other).startswith(name)):
            found.setdefault(entry["precision"], other)
    return found


def named_after(hugging_face: str) -> str | None:
    """The entry whose name stands in the repository's name between separators; the longest where there are several."""
    name = _tail(hugging_face)
    found = [
        known for known in _catalogue() if re.search(rf"(?<![a-z0-9.]){re.escape(_tail(known))}(?![a-z0-9.])", name)
    ]
    return max(found, key=lambda known: (len(known), known), default=None)


def _tail(hugging_face: str) -> str:
    return hugging_face.rpartition("/")[2].casefold()


def repository_of(spec: ModelSpec) -> str | None:
    """The entry of the catalogue that says what the model is."""
    return spec.facts.like or (spec.source.hugging_face if spec.source is not None else None)


def facts_of(spec: ModelSpec) -> ModelFacts:
    """The catalogue's facts about the model, or the one that it is like, with the declaration's own on top."""
    source = spec.source
    name = repository_of(spec)
    facts = (known_model(name) if name is not None else None) or ModelFacts()
    if spec.facts.like is not None:
        # Whether a token is asked for belongs to a repository, not to what is in it.
        facts = replace(facts, gated=None)
    said = {name: value for name in type(spec.facts).model_fields if (value := getattr(spec.facts, name)) is not None}
    if source is not None:
        said |= {
            key: value
            for key, value in (("precision", source.precision), ("license", source.license))
            if value is not None
        }
    names = {entry.name for entry in fields(ModelFacts)}
    return replace(facts, **{key: value for key, value in said.items() if key in names})
