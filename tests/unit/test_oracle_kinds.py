"""For each kind: the oracle takes a good object, and refuses each of its broken variants with the field and the reason."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import pytest

from tests.oracle import DEFAULT_KUBERNETES, FOLDER_VARIABLE, Oracle, default_oracle, definitions_folder
from tests.oracle.core import CORE_GROUPS, CoreSchemas
from tests.oracle.folder import load

SAMPLES = load((Path(__file__).parents[1] / "oracle" / "samples.yaml").read_text(encoding="utf-8"))[0]


def group(obj: dict[str, Any]) -> str:
    """The API group."""
    return str(obj["apiVersion"].rpartition("/")[0])


def need_definitions(obj: dict[str, Any]) -> None:
    """Skip a custom resource where there is no folder of definitions."""
    if group(obj) not in CORE_GROUPS and definitions_folder() is None:
        pytest.skip(f"{FOLDER_VARIABLE} names no folder of custom resource definitions")


def broken(obj: dict[str, Any], change: dict[str, Any]) -> dict[str, Any]:
    """A copy with one change of samples.yaml."""
    result = copy.deepcopy(obj)
    *way, last = change.get("set") or change["drop"]
    place: Any = result
    for step in way:
        place = place.setdefault(step, {}) if isinstance(place, dict) else place[step]
    if "drop" in change:
        del place[last]
    else:
        place[last] = change["to"]
    return result


BROKEN = [
    (sample["object"], change, f"{sample['object']['kind']}-{position}")
    for sample in SAMPLES
    for position, change in enumerate(sample["bad"])
]
ALL = [pytest.param(obj, change, id=name) for obj, change, name in BROKEN]
BY_RULE = [pytest.param(obj, change, id=name) for obj, change, name in BROKEN if change.get("by") == "rule"]


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda sample: sample["object"]["kind"])
def test_a_good_object_passes(sample: dict[str, Any]) -> None:
    need_definitions(sample["object"])
    assert default_oracle().problems(sample["object"]) == []


@pytest.mark.parametrize(("obj", "change"), ALL)
def test_a_broken_object_is_refused_at_the_field(obj: dict[str, Any], change: dict[str, Any]) -> None:
    need_definitions(obj)
    problems = default_oracle().problems(broken(obj, change))
    fitting = [
        problem
        for problem in problems
        if change["says"] in problem.message and problem.path == change.get("at", problem.path)
    ]
    assert fitting, "\n".join(map(str, problems)) or "nothing was found"


@pytest.mark.parametrize(("obj", "change"), BY_RULE)
def test_what_a_rule_catches_is_structurally_sound(obj: dict[str, Any], change: dict[str, Any]) -> None:
    """Else the sample would prove nothing about rules."""
    need_definitions(obj)
    from_rules = default_oracle().problems(broken(obj, change))
    definition = (default_oracle().definitions or {})[group(obj), obj["kind"]]
    messages = {
        rule["message"]
        for version in definition.versions.values()
        for _, schema in version.rules()
        for rule in schema["x-kubernetes-validations"]
    }
    assert {problem.message for problem in from_rules} <= messages


def test_an_unknown_kind_is_refused() -> None:
    oracle = default_oracle()
    obj = {"apiVersion": "v1", "kind": "Podd", "metadata": {"name": "a"}}
    assert [problem.path for problem in oracle.problems(obj)] == ["kind"]
    if oracle.definitions is not None:
        custom = {"apiVersion": "apps.example.com/v1", "kind": "Deployment", "metadata": {"name": "a"}}
        assert "no definition of Deployment" in str(oracle.problems(custom)[0])


def test_without_definitions_a_custom_resource_is_skipped_with_the_reason() -> None:
    oracle = Oracle(DEFAULT_KUBERNETES, None)
    obj = {"apiVersion": "keda.sh/v1alpha1", "kind": "ScaledObject", "metadata": {"name": "a", "namespace": "b"}}
    assert oracle.problems(obj) == []
    assert "no folder" in str(oracle.skips(obj))
    assert oracle.problems({**obj, "metadata": {"name": "a", "label": {}}})[0].path == "metadata"


@pytest.mark.parametrize(("asked", "got"), [("1.35", "1.35.0"), ("v1.35.4", "1.35.0"), ("1.99", "1.37.0")])
def test_the_nearest_version_that_is_not_newer_is_taken(asked: str, got: str) -> None:
    assert CoreSchemas(asked).version == got


def test_a_version_older_than_all_is_an_error() -> None:
    with pytest.raises(ValueError, match=r"no schemas for Kubernetes 1\.9"):
        CoreSchemas("1.9")
