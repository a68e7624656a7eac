"""Which workloads of the cluster a plan restarts, and what is left to answer meanwhile."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from platformspec.ir.expr import folded
from platformspec.ir.node import Node
from platformspec.ir.program import Program
from platformspec.plan.change import Change, Plan

# Workload -> the parts of its spec that make its pods. https://kubernetes.io/docs/concepts/workloads/controllers/
_PODS: Final = {
    "apps/v1/Deployment": ("template",),
    "apps/v1/StatefulSet": ("template",),
    "apps/v1/DaemonSet": ("template",),
    "leaderworkerset.x-k8s.io/v1/LeaderWorkerSet": ("leaderWorkerTemplate",),
}

# Autoscaler -> the field with the fewest replicas, and its default.
_AUTOSCALERS: Final = {
    "keda.sh/v1alpha1/ScaledObject": ("minReplicaCount", 0),
    "autoscaling/v2/HorizontalPodAutoscaler": ("minReplicas", 1),
}

_NODE_GROUP: Final = "aws_eks_node_group"
_TEMPLATE: Final = "aws_launch_template"
_KARPENTER: Final = ("karpenter.sh/v1/NodePool", "karpenter.k8s.aws/v1/EC2NodeClass")
# Fields of a NodePool by whose change no node drifts: https://karpenter.sh/docs/concepts/disruption/#drift
_WITHOUT_DRIFT: Final = (("limits",), ("disruption",), ("weight",))

Workload = tuple[str, str, str]
"""Namespace, kind and name."""


@dataclass(frozen=True, slots=True)
class Restart:
    """One workload whose pods are made anew.

    `replicas` there are before and stay, `left` of them answer while one is replaced. `per_node`: a pod on every node.
    """

    change: Change
    replicas: int
    left: int
    per_node: bool = False


def restarts(plan: Plan, base: Program, head: Program) -> Iterator[Restart]:
    """Every restart, by id, between two programs. A workload that scales without other changes restarts nothing."""
    before, after = _fewest(base), _fewest(head)
    for change in plan.changes:
        parts = _PODS.get(change.node.type)
        if parts is None or change.action not in ("update", "replace"):
            continue
        if change.action == "update" and not any(
            attribute.path[:1] == ("spec",) and attribute.path[1:2] in [(part,) for part in parts]
            for attribute in change.attributes
        ):
            continue
        yield _restart(change, base.nodes.get(change.id), before, after)


def _fewest(program: Program) -> dict[Workload, int]:
    """The fewest replicas of what an autoscaler scales."""
    found: dict[Workload, int] = {}
    for node in program:
        field = _AUTOSCALERS.get(node.type)
        if field is not None:
            spec: Any = folded(node.attrs["spec"])
            target = spec["scaleTargetRef"]
            found[(_namespace(node), target.get("kind", "Deployment"), target["name"])] = int(
                spec.get(field[0], field[1])
            )
    return found


def _namespace(node: Node) -> str:
    metadata: Any = folded(node.attrs["metadata"])
    return str(metadata.get("namespace", ""))


def _replicas(node: Node, fewest: Mapping[Workload, int]) -> int:
    spec: Any = folded(node.attrs["spec"])
    metadata: Any = folded(node.attrs["metadata"])
    name = (_namespace(node), node.type.rsplit("/", 1)[-1], str(metadata["name"]))
    return int(spec.get("replicas", fewest.get(name, 1)))


def _restart(change: Change, was: Node | None, old: Mapping[Workload, int], new: Mapping[Workload, int]) -> Restart:
    spec: Any = folded(change.node.attrs["spec"])
    if change.node.type == "apps/v1/DaemonSet":
        return Restart(change, 0, 0, per_node=True)
    after = _replicas(change.node, new)
    replicas = min(_replicas(was, old) if was is not None else after, after)
    if change.action == "replace":
        return Restart(change, after, 0)
    if change.node.type == "apps/v1/StatefulSet":
        # One pod after the other, each gone before its successor of the same name starts.
        return Restart(change, replicas, replicas - 1)
    strategy = spec.get("strategy") or spec.get("rolloutStrategy") or {}
    if strategy.get("type") == "Recreate":
        return Restart(change, replicas, 0)
    rolling = strategy.get("rollingUpdate") or strategy.get("rollingUpdateConfiguration") or {}
    # Kubernetes' own defaults, a quarter rounded down, where nothing is said.
    return Restart(change, replicas, replicas - _count(rolling.get("maxUnavailable", "25%"), replicas))


def _count(value: Any, replicas: int) -> int:
    if isinstance(value, str) and value.endswith("%"):
        return replicas * int(value[:-1]) // 100
    return int(value)


def replaces_nodes(change: Change) -> bool:
    """Whether nodes have to go for this change, and the pods on them with them."""
    type = change.node.type
    if type in _KARPENTER:
        return change.action == "replace" or any(
            item.path[:1] == ("spec",) and item.path[1:2] not in _WITHOUT_DRIFT for item in change.attributes
        )
    if type == _TEMPLATE:
        return change.action in ("update", "replace")
    return type == _NODE_GROUP and change.action == "replace"
