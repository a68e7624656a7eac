"""Whose a field of an object is: the spec's, an autoscaler's, a controller's or a person's."""

from __future__ import annotations

import pathlib
from typing import Any

import pytest
from platformspec_aws import PROVIDER as AWS
from platformspec_kubernetes import PROVIDER as KUBERNETES

from platformspec.apply.record import Status
from platformspec.apply.site import now
from platformspec.diagnostics import Failure
from platformspec.drift.deviation import HIDDEN
from platformspec.drift.differences import differences
from platformspec.drift.drift import refuse_unfinished
from platformspec.drift.objects import object_drift
from platformspec.drift.stacks import attributes
from platformspec.ir.node import Manifest
from platformspec.plan.change import ABSENT
from tests.apply.bench import Bench, header, program
from tests.support.platforms import base, lowered


def manifest(kind: str) -> Manifest:
    """Any manifest of the kind: what is compared are the objects, not the node."""
    nodes = lowered(base(teams={"search": {}}), AWS, KUBERNETES).program.nodes.values()
    return next(node for node in nodes if isinstance(node, Manifest) and node.attrs["kind"] == kind)


def entry(manager: str, fields: dict[str, Any], operation: str = "Update", subresource: str = "") -> dict[str, Any]:
    return {
        "manager": manager,
        "operation": operation,
        "subresource": subresource,
        "time": "2026-11-25T12:00:00Z",
        "fieldsV1": fields,
    }


def live(spec: dict[str, Any], *entries: dict[str, Any], **metadata: Any) -> dict[str, Any]:
    return {"metadata": {"name": "x", "uid": "1", **metadata, "managedFields": list(entries)}, "spec": spec}


OURS = entry("platformspec", {"f:spec": {"f:paused": {}}}, "Apply")


@pytest.mark.parametrize(
    ("manager", "subresource", "field", "owner"),
    [
        ("kube-controller-manager", "scale", "replicas", "autoscaler"),
        ("keda-operator", "", "replicas", "autoscaler"),
        ("karpenter", "", "providerID", "controller"),
        ("kubectl-edit", "", "replicas", "person"),
        ("kubectl-client-side-apply", "", "strategy", "person"),
    ],
)
def test_what_is_left_alone_has_an_owner(manager: str, subresource: str, field: str, owner: str) -> None:
    there = live(
        {"paused": False, field: 3}, OURS, entry(manager, {"f:spec": {f"f:{field}": {}}}, subresource=subresource)
    )
    deviations = list(object_drift(manifest("Namespace"), there, there))
    assert [(one.owner, one.what, one.path, one.live) for one in deviations] == [(owner, "added", ("spec", field), 3)]


def test_a_field_of_ours_that_somebody_wrote_is_the_specs_and_names_them() -> None:
    there = live({"paused": True}, entry("kubectl-edit", {"f:spec": {"f:paused": {}}}))
    wanted = live({"paused": False})
    (one,) = object_drift(manifest("Namespace"), there, wanted)
    assert (one.owner, one.what, one.applied, one.live) == ("spec", "changed", False, True)
    assert one.writer is not None
    assert one.writer.manager == "kubectl-edit"


def test_statuses_and_what_the_server_counts_are_no_drift() -> None:
    status = entry("kubelet", {"f:status": {"f:phase": {}}}, subresource="status")
    there = {**live({"paused": False}, OURS, status, resourceVersion="7", generation=2), "status": {"phase": "Active"}}
    assert list(object_drift(manifest("Namespace"), there, live({"paused": False}))) == []


def test_sensitive_values_are_compared_and_hidden_wherever_they_stand() -> None:
    change = {
        "before": {"password": "old", "keys": [{"name": "a", "value": "old"}], "list": ["old"], "open": 1},
        "after": {"password": "new", "keys": [{"name": "b", "value": "new"}], "list": ["new", "x"], "open": 2},
        "before_sensitive": {"password": True, "keys": [{"value": True}]},
        "after_sensitive": {"password": True, "keys": True, "list": [True]},
    }
    assert attributes(change) == [
        (("keys", 0, "name"), HIDDEN, HIDDEN),
        (("keys", 0, "value"), HIDDEN, HIDDEN),
        (("list",), HIDDEN, HIDDEN),
        (("open",), 1, 2),
        (("password",), HIDDEN, HIDDEN),
    ]


def test_json_text_is_compared_as_what_it_says() -> None:
    assert list(differences({"policy": '{"a": 1, "b": 2}'}, {"policy": '{"b":2,"a":1}'})) == []
    assert list(differences({"policy": '{"a": 1}'}, {"policy": '{"a": 2}'})) == [(("policy", "a"), 1, 2)]
    assert list(differences({"a": 1}, {})) == [(("a",), 1, ABSENT)]


@pytest.mark.parametrize(
    ("steps", "status", "refused"),
    [
        ({"stack network": "done", "manifests main": "done"}, "complete", False),
        ({"stack network": "done", "ready main": "failed"}, "failed", False),
        ({"stack network": "failed"}, "failed", True),
        ({}, "running", True),
    ],
)
def test_drift_is_not_told_while_an_apply_is_unfinished(
    tmp_path: pathlib.Path, steps: dict[str, str], status: Status, refused: bool
) -> None:
    record = Bench(tmp_path).record()
    plan = Bench(tmp_path).plan(record, program())
    run = record.begin_run(header(plan), program())
    for name, ended in steps.items():
        record.begin_step(run, name, now())
        record.end_step(run, name, ended, now(), {})
    if status != "running":
        record.end_run(run, status, now())
    if not refused:
        refuse_unfinished(record)
        return
    with pytest.raises(Failure, match="PS770.*did not finish"):
        refuse_unfinished(record)
