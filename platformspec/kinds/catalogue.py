"""Facts about models, from an offline catalogue; `facts:` and `source:` in the YAML override them."""

from __future__ import annotations

import functools
import json
from dataclasses import dataclass, fields, replace
from importlib.resources import files
from typing import Any

from platformspec.kinds.model import ModelSpec


@dataclass(frozen=True, slots=True)
class ModelFacts:
    """What is known about a model; None where nothing is. Every entry of the catalogue names its source."""

    task: str | None = None
    parameters_billion: float | None = None
    layers: int | None = None
    hidden: int | None = None
    attention_heads: int | None = None
    kv_heads: int | None = None
    head_dim: int | None = None
    context_tokens: int | None = None
    dimensions: int | None = None
    precision: str | None = None
    license: str | None = None
    gated: bool | None = None
    tool_parser: str | None = None
    source: str | None = None


@functools.cache
def _catalogue() -> dict[str, Any]:
    text = files("platformspec.kinds").joinpath("data/models.json").read_text("utf-8")
    models: dict[str, Any] = json.loads(text)["models"]
    return models


def known_model(hugging_face: str) -> ModelFacts | None:
    """The catalogue's entry for a repository on Hugging Face."""
    entry = _catalogue().get(hugging_face)
    return ModelFacts(**entry) if entry is not None else None


def facts_of(spec: ModelSpec) -> ModelFacts:
    """The catalogue's facts with the declaration's own on top."""
    source = spec.source
    facts = (known_model(source.hugging_face) if source and source.hugging_face else None) or ModelFacts()
    said = {name: value for name in type(spec.facts).model_fields if (value := getattr(spec.facts, name)) is not None}
    if source is not None:
        said |= {
            key: value
            for key, value in (("precision", source.precision), ("license", source.license))
            if value is not None
        }
    names = {field.name for field in fields(ModelFacts)}
    return replace(facts, **{key: value for key, value in said.items() if key in names})
