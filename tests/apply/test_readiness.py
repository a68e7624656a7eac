"""Readiness by status, as `kubectl rollout status` and the API's conventions judge it."""

from __future__ import annotations

from typing import Any

import pytest

from platformspec.apply.readiness import readiness


def object(kind: str, status: dict[str, Any] | None = None, spec: dict[str, Any] | None = None) -> dict[str, Any]:
    return {"kind": kind, "metadata": {"name": "x", "generation": 2}, "spec": spec or {}, "status": status}


def condition(type: str, status: str, **more: str) -> list[dict[str, str]]:
    return [{"type": type, "status": status, **more}]


@pytest.mark.parametrize(
    ("found", "ready", "why"),
    [
        (object("Deployment", {"observedGeneration": 1}), False, "not seen the change"),
        (object("Deployment", {}, {"replicas": 2}), False, "0 of 2 replicas are new"),
        (object("Deployment", {"updatedReplicas": 2, "replicas": 3}, {"replicas": 2}), False, "1 old replicas"),
        (object("Deployment", {"updatedReplicas": 2, "replicas": 2, "availableReplicas": 1}, {"replicas": 2}), False, "1 of 2"),
        (object("Deployment", {"updatedReplicas": 2, "replicas": 2, "availableReplicas": 2}, {"replicas": 2}), True, ""),
        (object("Deployment", {}, {"replicas": 0}), True, ""),
        (object("StatefulSet", {"readyReplicas": 1, "currentRevision": "a", "updateRevision": "b"}, {"replicas": 1}), False, "new"),
        (object("StatefulSet", {"readyReplicas": 1, "currentRevision": "a", "updateRevision": "a"}, {"replicas": 1}), True, ""),
        (object("StatefulSet", {"readyReplicas": 1, "currentRevision": "a", "updateRevision": "b"}, {"replicas": 1, "updateStrategy": {"type": "OnDelete"}}), True, ""),
        (object("DaemonSet", {"desiredNumberScheduled": 2, "updatedNumberScheduled": 2, "numberAvailable": 1}), False, "1 of 2 pods"),
        (object("DaemonSet", {"desiredNumberScheduled": 0}), True, ""),
        (object("Job"), False, "has not completed"),
        (object("Job", {"conditions": condition("Complete", "True")}), True, ""),
        (object("Namespace", {"phase": "Terminating"}), False, "Terminating"),
        (object("ConfigMap"), True, ""),
        (object("ExternalSecret", {"conditions": condition("Ready", "False", message="no such secret")}), False, "no such secret"),
        (object("ExternalSecret", {"conditions": condition("Ready", "True")}), True, ""),
        (object("ScaledObject", {"conditions": condition("Ready", "False")}), True, ""),
    ],
)  # fmt: skip
def test_states(found: dict[str, Any], ready: bool, why: str) -> None:
    state = readiness(found)
    assert state.ready is ready
    assert why in state.why
    assert not state.failed


@pytest.mark.parametrize(
    "found",
    [
        object("Job", {"conditions": condition("Failed", "True", message="BackoffLimitExceeded")}),
        object(
            "Deployment",
            {"conditions": condition("Progressing", "False", reason="ProgressDeadlineExceeded")},
            {"replicas": 1},
        ),
    ],
)
def test_what_does_not_become_ready_by_waiting(found: dict[str, Any]) -> None:
    assert readiness(found).failed
