"""What AWS would refuse is refused, for every type that a golden creates; what the goldens say is not."""

from __future__ import annotations

import json
from typing import Any

import pytest
from platformspec_rehearsal.cloud.rules import fits, has_rules, refusals, rules_of, table

from platformspec.providers import installed_providers
from tests.support.examples import ROOT

FEWEST = 3


def resources() -> dict[str, list[dict[str, Any]]]:
    """Type -> the arguments of every golden resource of it."""
    found: dict[str, list[dict[str, Any]]] = {}
    for file in sorted((ROOT / "golden").glob("*/terraform/stacks/*/cdk.tf.json")):
        for type, named in json.loads(file.read_text("utf-8")).get("resource", {}).items():
            if type.startswith("aws_"):
                found.setdefault(type, []).extend(named.values())
    return found


RESOURCES = resources()
WITH_RULES = sorted(type for type in RESOURCES if has_rules(type))


def known(arguments: dict[str, Any]) -> dict[str, Any]:
    """Without what refers to other resources."""
    return {name: value for name, value in arguments.items() if "${" not in json.dumps(value).replace("$${", "")}


@pytest.mark.parametrize("type", sorted(RESOURCES))
def test_what_goldens_say_is_accepted(type: str) -> None:
    assert [refusal for arguments in RESOURCES[type] for refusal in refusals(type, known(arguments))] == []


@pytest.mark.parametrize("type", WITH_RULES)
def test_each_type_refuses_at_least_three_values(type: str) -> None:
    catalogue = next(p.catalogue for p in installed_providers().providers if p.catalogue is not None)
    schema = catalogue.schema("resource", type)
    good = known(RESOURCES[type][0])
    refused = 0
    for name, rule in rules_of(type).items():
        if name not in schema["a"]:
            assert name not in table()["types"][type], f"{type} has no argument {name}"
            continue
        listed = isinstance(schema["a"][name][0], list) and schema["a"][name][0][0] in ("list", "set")
        for bad in rule["refuses"]:
            paths = [path for path, _ in refusals(type, {**good, name: [bad] if listed else bad})]
            assert (name,) in paths, f"{type}.{name} took {bad!r}"
            refused += 1
    assert refused >= FEWEST


def test_the_size_of_networks_is_limited() -> None:
    assert list(refusals("aws_vpc", {"cidr_block": "10.0.0.0/8"}))
    assert list(refusals("aws_subnet", {"cidr_block": "10.0.0.0/29"}))
    assert not list(refusals("aws_route", {"destination_cidr_block": "0.0.0.0/0"}))


@pytest.mark.parametrize("type", sorted(table()["types"]))
def test_every_rule_refuses_its_own_examples(type: str) -> None:
    assert [bad for rule in rules_of(type).values() for bad in rule["refuses"] if fits(rule, bad)] == []
