"""Which workloads of the cluster a plan restarts, and what is left to answer meanwhile."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from platformspec.ir.expr import folded
from platformspec.plan.change import Change, Plan

# Workload -> the parts of its spec that make its pods. https://kubernetes.io/docs/concepts/workloads/controllers/
_PODS: Final = {
    "apps/v1/Deployment": ("template",),
    "apps/v1/StatefulSet": ("template",),
    "apps/v1/DaemonSet": ("template",),
    "leaderworkerset.x-k8s.io/v1/LeaderWorkerSet": ("leaderWorkerTemplate",),
}


@dataclass(frozen=True, slots=True)
class Restart:
    """One workload whose pods are made anew.

    `replicas` there are afterwards, `left` of them answer while one is replaced. `per_node`: a pod on every node.
    """

    change: Change
    replicas: int
    left: int
    per_node: bool = False


def restarts(plan: Plan) -> Iterator[Restart]:
    """Every restart, by id. A workload that scales without other changes restarts nothing."""
    for change in plan.changes:
        parts = _PODS.get(change.node.type)
        if parts is None or change.action not in ("update", "replace"):
            continue
        if change.action == "update" and not any(
            attribute.path[:1] == ("spec",) and attribute.path[1:2] in [(part,) for part in parts]
            for attribute in change.attributes
        ):
            continue
        yield _restart(change)


def _restart(change: Change) -> Restart:
    spec: Any = folded(change.node.attrs["spec"])
    if change.node.type == "apps/v1/DaemonSet":
        return Restart(change, 0, 0, per_node=True)
    after = int(spec.get("replicas", 1))
    before = next(
        (int(a.before) for a in change.attributes if a.path == ("spec", "replicas") and isinstance(a.before, int)),
        after,
    )
    replicas = min(before, after)
    if change.action == "replace":
        return Restart(change, after, 0)
    if change.node.type == "apps/v1/StatefulSet":
        # One pod after the other, each gone before its successor of the same name starts.
        return Restart(change, after, replicas - 1)
    strategy = spec.get("strategy") or spec.get("rolloutStrategy") or {}
    if strategy.get("type") == "Recreate":
        return Restart(change, after, 0)
    rolling = strategy.get("rollingUpdate") or strategy.get("rollingUpdateConfiguration") or {}
    # Kubernetes' own defaults, a quarter rounded down, where nothing is said.
    return Restart(change, after, replicas - _count(rolling.get("maxUnavailable", "25%"), replicas))


def _count(value: Any, replicas: int) -> int:
    if isinstance(value, str) and value.endswith("%"):
        return replicas * int(value[:-1]) // 100
    return int(value)
