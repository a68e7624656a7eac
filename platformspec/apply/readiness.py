"""Whether a Kubernetes object does what it was made for, by its status.

The rules are those of `kubectl rollout status` and of the status conventions of the Kubernetes API
(sigs.k8s.io/cli-utils/pkg/kstatus).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

Object = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Readiness:
    """`failed`: it will not become ready by waiting. `why`: what is missing, empty where it is ready."""

    ready: bool
    why: str = ""
    failed: bool = False


READY: Final = Readiness(True)


def readiness(object: Object) -> Readiness:
    """Judge one object as the API server returned it."""
    generation = object["metadata"].get("generation", 0)
    status = object.get("status") or {}
    if status.get("observedGeneration", generation) < generation:
        return Readiness(False, "its controller has not seen the change yet")
    return KINDS.get(object["kind"], _by_conditions)(object)


def _deployment(object: Object) -> Readiness:
    spec, status = object["spec"], object.get("status") or {}
    wanted = spec.get("replicas", 1)
    progressing = _condition(object, "Progressing")
    if progressing.get("reason") == "ProgressDeadlineExceeded":
        return Readiness(False, progressing.get("message", "it made no progress in time"), failed=True)
    updated, available = status.get("updatedReplicas", 0), status.get("availableReplicas", 0)
    if updated < wanted:
        return Readiness(False, f"{updated} of {wanted} replicas are new")
    if status.get("replicas", 0) > updated:
        return Readiness(False, f"{status['replicas'] - updated} old replicas are still there")
    if available < wanted:
        return Readiness(False, f"{available} of {wanted} replicas are available")
    return READY


def _stateful_set(object: Object) -> Readiness:
    spec, status = object["spec"], object.get("status") or {}
    wanted = spec.get("replicas", 1)
    if status.get("readyReplicas", 0) < wanted:
        return Readiness(False, f"{status.get('readyReplicas', 0)} of {wanted} replicas are ready")
    on_delete = spec.get("updateStrategy", {}).get("type") == "OnDelete"
    if not on_delete and status.get("currentRevision") != status.get("updateRevision"):
        return Readiness(False, f"{status.get('updatedReplicas', 0)} of {wanted} replicas are new")
    return READY


def _daemon_set(object: Object) -> Readiness:
    status = object.get("status") or {}
    wanted = status.get("desiredNumberScheduled", 0)
    for count, word in (("updatedNumberScheduled", "new"), ("numberAvailable", "available")):
        if status.get(count, 0) < wanted:
            return Readiness(False, f"{status.get(count, 0)} of {wanted} pods are {word}")
    return READY


def _job(object: Object) -> Readiness:
    failed = _condition(object, "Failed")
    if failed.get("status") == "True":
        return Readiness(False, failed.get("message", "it failed"), failed=True)
    if _condition(object, "Complete").get("status") == "True":
        return READY
    return Readiness(False, "it has not completed")


def _namespace(object: Object) -> Readiness:
    phase = (object.get("status") or {}).get("phase", "Active")
    return READY if phase == "Active" else Readiness(False, f"it is {phase}")


def _always(object: Object) -> Readiness:
    return READY


def _by_conditions(object: Object) -> Readiness:
    for type in ("Ready", "Available", "Established"):
        condition = _condition(object, type)
        if condition.get("status") in ("False", "Unknown"):
            words = condition.get("message") or condition.get("reason") or f"{type} is {condition['status']}"
            return Readiness(False, words)
    return READY


def _condition(object: Object, type: str) -> Mapping[str, Any]:
    conditions = (object.get("status") or {}).get("conditions") or ()
    return next((condition for condition in conditions if condition.get("type") == type), {})


KINDS: Final[Mapping[str, Callable[[Object], Readiness]]] = {
    "DaemonSet": _daemon_set,
    "Deployment": _deployment,
    # An autoscaler is at work before it has seen its first metric.
    "HorizontalPodAutoscaler": _always,
    "Job": _job,
    "Namespace": _namespace,
    # A budget and a pool are satisfied by what comes later.
    "PodDisruptionBudget": _always,
    "ScaledObject": _always,
    "StatefulSet": _stateful_set,
}
