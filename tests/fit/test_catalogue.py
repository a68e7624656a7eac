"""Every number of the catalogue has a source, and the shapes explain the published numbers of parameters."""

from __future__ import annotations

import dataclasses

import pytest

from platformspec.fit.architecture import count, missing
from platformspec.fit.precision import PRECISIONS
from platformspec.kinds.catalogue import ModelFacts, catalogue
from platformspec.kinds.model import FactsSpec

CATALOGUE = catalogue()
SHAPED = {name: facts for name, facts in CATALOGUE.items() if facts.layers is not None}
CARD = {"task", "context_tokens", "dimensions", "precision", "quantised", "license", "gated", "tool_parser"}
PARAMETERS = {"parameters_billion", "vision_parameters_billion"}
SHAPE = {field.name for field in dataclasses.fields(ModelFacts)} - CARD - PARAMETERS - {"sources"}


def test_the_catalogue_is_large_enough() -> None:
    assert len(CATALOGUE) >= 40
    assert len(SHAPED) >= 40


@pytest.mark.parametrize("name", CATALOGUE)
def test_every_fact_has_a_source(name: str) -> None:
    facts = CATALOGUE[name]
    known = {field.name for field in dataclasses.fields(facts) if getattr(facts, field.name) is not None}
    for group, names in (("architecture", SHAPE), ("parameters", PARAMETERS), ("card", CARD)):
        if known & names:
            assert len(facts.sources.get(group, "")) > 10, (name, group)
    assert facts.precision is None or facts.precision in PRECISIONS


@pytest.mark.parametrize("name", SHAPED)
def test_the_shape_explains_the_number_of_parameters(name: str) -> None:
    facts = SHAPED[name]
    assert not missing(facts)
    assert facts.parameters_billion is not None
    counted = count(facts).total / 1e9 + (facts.vision_parameters_billion or 0)
    # Two decimals of a billion, and biases and norms that are not counted.
    assert counted == pytest.approx(facts.parameters_billion, rel=0.005, abs=0.006)


def test_a_chat_model_of_the_catalogue_can_always_be_computed() -> None:
    assert [name for name, facts in CATALOGUE.items() if facts.task == "chat" and missing(facts)] == []


def test_the_language_can_say_every_fact() -> None:
    # What a source says (precision, license), and what is only a note, have other places.
    elsewhere = {"task", "precision", "license", "sources", "vision_parameters_billion"}
    assert {field.name for field in dataclasses.fields(ModelFacts)} - elsewhere == set(FactsSpec.model_fields) - {
        "like"
    }
