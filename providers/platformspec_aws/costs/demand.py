"""Who asks for GPUs: pods that select a pool, counted as Kubernetes would start them."""

from __future__ import annotations

import functools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from platformspec.sdk import Manifest, Node, Path
from platformspec_aws.costs.billing import Billing, sources
from platformspec_aws.costs.hours import open_quarters
from platformspec_aws.gpu_pool.labels import POOL_LABEL
from platformspec_aws.patched import read

NO_DEVICES = ("cpu", "memory", "ephemeral-storage", "pods")


@dataclass(frozen=True, slots=True)
class Demand:
    """Devices that the pods of one workload ask for, at its fewest and its most replicas.

    `windows`: quarters of an hour of the week in which a schedule holds up more, with the devices that it holds.
    """

    declaration: str
    team: str | None
    least: int
    most: int
    sources: tuple[Path, ...]
    windows: tuple[tuple[frozenset[int], int], ...] = ()

    def at(self, quarter: int) -> int:
        """Devices at the least in this quarter of an hour of the week."""
        return max((self.least, *(devices for quarters, devices in self.windows if quarter in quarters)))


@dataclass(frozen=True, slots=True)
class Scaling:
    """What an autoscaler does with a workload: fewest and most replicas, and those of schedules."""

    least: int
    most: int
    windows: tuple[tuple[frozenset[int], int], ...]
    sources: tuple[Path, ...]


def demand_by_pool(billing: Billing) -> dict[str, list[Demand]]:
    """Pool -> its workloads, in the order of their ids."""
    scaled = _autoscaled(billing)
    claims = _claims(billing)
    found: dict[str, list[Demand]] = {}
    for node in billing.nodes:
        if isinstance(node, Manifest):
            nothing: list[tuple[str, Demand]] = []
            for pool, demand in read(
                billing.ctx, node, functools.partial(_demands, billing, node, scaled, claims), nothing
            ):
                found.setdefault(pool, []).append(demand)
    return found


def _demands(
    billing: Billing,
    node: Manifest,
    scaled: Mapping[tuple[str, ...], Scaling],
    claims: Mapping[tuple[Any, str], int],
) -> list[tuple[str, Demand]]:
    spec: Any = node.attrs.get("spec", {})
    groups = list(_pods(node, spec))
    found: list[tuple[str, Demand]] = []
    for pool in sorted({pool for pool, _, _ in groups if pool is not None}):
        devices = sum(count * _devices(node, pod, claims) for where, pod, count in groups if where == pool)
        if not devices:
            continue
        replicas = int(spec.get("replicas", 1))
        scaling = scaled.get(_target(node), Scaling(replicas, replicas, (), ()))
        demand = Demand(
            node.declaration,
            billing.team_of(node.declaration),
            scaling.least * devices,
            scaling.most * devices,
            (*sources(node, ("spec",), *_below(node, ("spec",))), *scaling.sources),
            tuple((quarters, count * devices) for quarters, count in scaling.windows),
        )
        found.append((pool, demand))
    return found


def _pods(node: Manifest, spec: Any) -> Iterator[tuple[str | None, Mapping[str, Any], int]]:
    """`(pool, pod spec, pods of it in one replica)`."""
    if node.attrs["kind"] in ("Deployment", "StatefulSet"):
        templates = [(spec["template"], 1)]
    elif node.attrs["kind"] == "LeaderWorkerSet":
        group = spec["leaderWorkerTemplate"]
        size = group.get("size", 1)
        worker = group["workerTemplate"]
        templates = [(group.get("leaderTemplate", worker), 1), (worker, size - 1)]
    elif node.attrs["kind"] == "LLMInferenceService":
        # Its template is a pod spec itself.
        templates = [({"spec": spec["template"]}, 1)]
    else:
        return
    for template, count in templates:
        pod = template["spec"]
        yield pod.get("nodeSelector", {}).get(POOL_LABEL), pod, count


def _devices(node: Manifest, pod: Mapping[str, Any], claims: Mapping[tuple[Any, str], int]) -> int:
    """GPUs that the pod asks for by number, and those that it claims."""
    limits = [container.get("resources", {}).get("limits", {}) for container in pod.get("containers", ())]
    asked = sum(int(amount) for limit in limits for name, amount in limit.items() if "/" in name and name not in NO_DEVICES and _is_gpu(name))  # fmt: skip
    namespace = _namespace(node)
    templates = [claim.get("resourceClaimTemplateName") for claim in pod.get("resourceClaims", ())]
    return asked + sum(claims.get((namespace, template), 0) for template in templates)


def _claims(billing: Billing) -> dict[tuple[Any, str], int]:
    """(namespace, ResourceClaimTemplate) -> devices of one claim."""
    found: dict[tuple[Any, str], int] = {}
    for node in billing.nodes:
        if isinstance(node, Manifest) and node.attrs["kind"] == "ResourceClaimTemplate":
            found[_namespace(node), node.name] = read(billing.ctx, node, functools.partial(_claimed, node), 0)
    return found


def _claimed(template: Manifest) -> int:
    spec: Any = template.attrs["spec"]
    return sum(int(request["exactly"].get("count", 1)) for request in spec["spec"]["devices"]["requests"])


def _namespace(node: Manifest) -> Any:
    metadata: Any = node.attrs["metadata"]
    return metadata.get("namespace")


def _is_gpu(resource: str) -> bool:
    return resource.startswith(("nvidia.com/", "aws.amazon.com/neuron"))


def _autoscaled(billing: Billing) -> dict[tuple[str, ...], Scaling]:
    found: dict[tuple[str, ...], Scaling] = {}
    for node in billing.nodes:
        if isinstance(node, Manifest) and node.attrs["kind"] in ("ScaledObject", "HorizontalPodAutoscaler"):
            pair = read(billing.ctx, node, functools.partial(_scaling, node), None)
            if pair is not None:
                found[pair[0]] = pair[1]
    return found


def _scaling(node: Manifest) -> tuple[tuple[str, ...], Scaling]:
    """The workload, and what is done with it."""
    spec: Any = node.attrs["spec"]
    keda = node.attrs["kind"] == "ScaledObject"
    # What Kubernetes and KEDA take where the field is left out.
    least = int(spec.get("minReplicaCount", 0) if keda else spec.get("minReplicas", 1))
    most = int(spec.get("maxReplicaCount", 100) if keda else spec["maxReplicas"])
    crons = [item["metadata"] for item in spec.get("triggers", ()) if item["type"] == "cron"]
    windows = tuple(
        (open_quarters(cron["start"], cron["end"]), min(most, int(cron["desiredReplicas"]))) for cron in crons
    )
    target = spec["scaleTargetRef"]
    key = (node.placement.cluster or "", node.namespace or "", target.get("kind", "Deployment"), target["name"])
    used = ("minReplicaCount", "maxReplicaCount", "minReplicas", "maxReplicas", "triggers")
    paths = [path for path in node.provenance if len(path) > 1 and path[1] in used]
    return key, Scaling(least, most, windows, sources(node, *paths))


def _target(node: Manifest) -> tuple[str, ...]:
    return (node.placement.cluster or "", node.namespace or "", str(node.attrs["kind"]), node.name)


def _below(node: Node, prefix: Path) -> tuple[Path, ...]:
    wanted = ("replicas", "resources", "nodeSelector", "size")
    return tuple(
        path for path in node.provenance if path[: len(prefix)] == prefix and any(part in wanted for part in path)
    )
