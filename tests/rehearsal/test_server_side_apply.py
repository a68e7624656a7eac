"""The emulated API applies as Kubernetes documents it; every case names where that is written."""

from __future__ import annotations

import contextlib
import copy
import pathlib
from typing import Any

import pytest
import yaml
from platformspec_rehearsal.cluster.answer import Failure
from platformspec_rehearsal.cluster.cluster import Cluster
from platformspec_rehearsal.cluster.fields import as_paths, in_words
from platformspec_rehearsal.cluster.kinds import Kind
from platformspec_rehearsal.cluster.ownership import Manager
from platformspec_rehearsal.pretence import Pretence

CASES = yaml.safe_load(pathlib.Path(__file__).with_name("server_side_apply.yaml").read_text("utf-8"))
TEXT = {"type": "string"}
SET = {"type": "array", "items": TEXT, "x-kubernetes-list-type": "set"}
ENTRY = {"type": "object", "properties": {"name": TEXT, "value": {"type": "integer"}, "tags": SET}}
TEXTS = {"type": "object", "additionalProperties": TEXT}
SPEC = {
    "type": "object",
    "properties": {
        "text": TEXT,
        "number": {"type": "integer"},
        "mode": {"type": "string", "default": "auto"},
        "map": TEXTS,
        "block": {**TEXTS, "x-kubernetes-map-type": "atomic"},
        "tags": SET,
        "order": {"type": "array", "items": TEXT},
        "list": {
            "type": "array",
            "items": ENTRY,
            "x-kubernetes-list-type": "map",
            "x-kubernetes-list-map-keys": ["name"],
        },
    },
}
LISTS = Kind("example.org", "v1", "Lists", "lists", True, schema={"type": "object", "properties": {"spec": SPEC}})


def owners(obj: dict[str, Any]) -> dict[str, list[str]]:
    return {
        entry["manager"]: sorted(in_words(path) for path in as_paths(entry["fieldsV1"]))
        for entry in obj["metadata"].get("managedFields", ())
    }


@pytest.fixture
def cluster(tmp_path: pathlib.Path) -> Cluster:
    made = Cluster("main", Pretence(tmp_path), None)
    made.kinds.add(LISTS)
    return made


@pytest.mark.parametrize("case", [pytest.param(case, id=case["title"]) for case in CASES])
def test_apply_does_what_is_documented(case: dict[str, Any], cluster: Cluster) -> None:
    for step in case["steps"]:
        act(cluster, step)
    found = cluster.get(LISTS, "default", "x")
    assert found["spec"] == case["expect"], case["source"]
    if "owners" in case:
        assert owners(found) == {name: sorted(paths) for name, paths in case["owners"].items()}, case["source"]


def act(cluster: Cluster, step: dict[str, Any]) -> None:
    spec = step.get("apply", step.get("update"))
    obj: dict[str, Any] = {
        "apiVersion": "example.org/v1",
        "kind": "Lists",
        "metadata": {"name": "x"},
        "spec": copy.deepcopy(spec),
    }
    by = Manager(step["by"], "Apply" if "apply" in step else "Update", "example.org/v1")
    if "apply" in step:
        refused = pytest.raises(Failure) if "conflict" in step else contextlib.nullcontext()
        with refused as failure:
            cluster.apply(LISTS, "default", "x", obj, by, force=step.get("force", False), strict=True, dry_run=False)
        if failure is not None:
            assert failure.value.code == 409
            assert [cause["field"] for cause in failure.value.details["causes"]] == step["conflict"]
        return
    known = cluster.objects.get((LISTS.group, LISTS.plural, "default", "x"))
    if known is None:
        cluster.create(LISTS, "default", obj, by, strict=True, dry_run=False)
        return
    # An update is a whole object: what was read, with another spec.
    wanted = {**copy.deepcopy(known), "spec": {"mode": known["spec"]["mode"], **spec}}
    if "managed_fields" in step:
        wanted["metadata"]["managedFields"] = step["managed_fields"]
    cluster.replace(LISTS, "default", "x", wanted, by, strict=True, dry_run=False)


def test_every_case_names_its_source() -> None:
    assert all(case["source"].startswith(("docs: ", "smd: ")) for case in CASES)


def test_an_apply_without_a_change_changes_nothing(cluster: Cluster) -> None:
    step = {"apply": {"text": "a", "list": [{"name": "a"}]}, "by": "one"}
    act(cluster, step)
    before = copy.deepcopy(cluster.get(LISTS, "default", "x"))
    act(cluster, step)
    assert cluster.get(LISTS, "default", "x") == before


def test_a_dry_run_keeps_nothing(cluster: Cluster) -> None:
    by = Manager("one", "Apply", "example.org/v1")
    obj = {"metadata": {"name": "x"}, "spec": {"text": "a"}}
    answer = cluster.apply(LISTS, "default", "x", obj, by, force=False, strict=True, dry_run=True)
    assert answer["spec"] == {"text": "a", "mode": "auto"}
    with pytest.raises(Failure) as failure:
        cluster.get(LISTS, "default", "x")
    assert failure.value.code == 404
