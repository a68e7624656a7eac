"""Versions of guardrails are made when what they look for changes; every word of the language has a type at Bedrock."""

from __future__ import annotations

from typing import Any, get_args

import pytest
from platformspec_aws.front.pii_types import PII_TYPES

from platformspec.ir.expr import folded
from platformspec.kinds.guardrail import Entity
from platformspec.providers import installed_providers
from tests.support.platforms import base, lowered

PII: dict[str, Any] = {
    "provider": "bedrock",
    "action": "mask",
    "entities": ["email", "phone"],
    "content": {"hate": "high"},
    "words": ["project x", "project y"],
}


def described(**changed: Any) -> tuple[str, str]:
    """The description of the guardrail's version, and what the gateway's pods are replaced for."""
    routes = {"chat": {"targets": ["nova"], "guardrails": ["pii"]}}
    data = base(
        models={"nova": {"external": {"provider": "bedrock", "model": "amazon.nova-pro-v1:0"}}},
        guardrails={"pii": {**PII, **changed}},
        gateways={"main": {"routes": routes}},
    )
    nodes = lowered(data, *installed_providers().providers).program.nodes
    template = nodes["gateway.main/deployment"].attrs["spec"]["template"]
    return (
        str(folded(nodes["guardrail.pii/version"].attrs["description"])),
        str(folded(template["metadata"]["annotations"]["platformspec.dev/config"])),
    )


@pytest.mark.parametrize(
    "same", [{"entities": ["phone", "email"]}, {"words": ["project y", "project x"]}, {"protect": True}]
)
def test_the_same_contents_are_the_same_version(same: dict[str, Any]) -> None:
    assert described(**same) == described()


@pytest.mark.parametrize(
    "other",
    [{"entities": ["email"]}, {"action": "block"}, {"content": {"hate": "low"}}, {"words": []}, {"profanity": True}, {"message": "No."}],
)  # fmt: skip
def test_other_contents_are_another_version_and_reach_the_gateway(other: dict[str, Any]) -> None:
    assert all(new != old for new, old in zip(described(**other), described(), strict=True))


def test_every_word_has_a_type_at_bedrock() -> None:
    assert set(get_args(Entity)) == PII_TYPES.keys()
    assert len(set(PII_TYPES.values())) == 31
