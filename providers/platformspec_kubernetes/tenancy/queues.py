"""Queues of teams that lend each other GPUs, with Kueue: one flavor for each accelerator, one cluster queue for each team.

A team that neither lends nor borrows needs no queue: the quota of its namespace holds it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from platformspec.sdk import (
    ACCELERATOR_LABEL,
    GPU,
    Address,
    AggregateContext,
    Context,
    GpuPoolSpec,
    Path,
    Sourced,
    TeamExports,
    TeamSpec,
    borrowable,
    device_of,
    physical_name,
)

QUEUE: Final = "gpus"
CLAIMED: Final = "gpu.nvidia.com.deviceclass.resource.k8s.io/devices"
"""GPUs that pods claim, in a ResourceQuota. Source: Kubernetes, resource quotas, quota on dynamic resources."""
API: Final = "kueue.x-k8s.io/v1beta2"


def lending_paths(ctx: Context) -> tuple[Sourced[None], ...]:
    """Everything that says who lends to whom: whether a team has a queue follows from all of it."""
    spec = ctx.platform.spec
    borrowers = (name for name in sorted(spec.cohorts) if spec.teams[name].may_borrow_from)
    return (Sourced(None, tuple(("teams", name, "may_borrow_from") for name in borrowers)),)


def queue_of(ctx: Context) -> Sourced[str] | None:
    """The queue of a team's workloads, if it has one."""
    return ctx.src(QUEUE, *lending_paths(ctx)) if ctx.address.name in ctx.platform.spec.cohorts else None


def accelerators_on(
    ctx: Context, cluster: Address, ways: tuple[str, ...] = ("plugin", "dra")
) -> Sourced[tuple[str, ...]]:
    """Accelerators of the cluster's pools whose pods get their GPUs in one of these ways, in the order in which pools prefer them."""
    found: dict[str, None] = {}
    paths: list[Path] = []
    for edge in ctx.graph.edges_to(cluster):
        declaration = ctx.graph.declarations[edge.source.parent]
        if edge.relation == "placed_in" and isinstance(declaration.spec, GpuPoolSpec):
            if declaration.spec.devices in ways:
                found |= dict.fromkeys(choice.accelerator for choice in declaration.spec.choices)
            paths += [(*declaration.path, name) for name in ("accelerator", "any_of", "devices")]
    return Sourced(tuple(found), tuple(paths))


def _resources(accelerators: Sourced[tuple[str, ...]]) -> set[str]:
    return {device_of(one).resource for one in accelerators.value}


def gpu_limits(ctx: Context, cluster: Address) -> dict[str, Sourced[str]]:
    """GPUs that a team's namespace may hold, lent ones included. Kubernetes counts all kinds together; Kueue counts each."""
    spec: TeamSpec = ctx.spec
    loans = borrowable(ctx.address.name, ctx.platform.spec.teams)
    if not spec.gpu_quota and not loans:
        return {}
    limits: dict[str, Sourced[str]] = {}
    counted = dict.fromkeys((GPU.resource, *sorted(_resources(accelerators_on(ctx, cluster)))), "plugin")
    for resource, way in {**counted, CLAIMED: "dra"}.items():
        there = accelerators_on(ctx, cluster, (way,))
        name = f"requests.{resource}" if way == "plugin" else resource
        if there.value or way == "plugin":
            kinds = [one for one in there.value if way == "dra" or device_of(one).resource == resource]
            total = sum(spec.quota.get(one, 0) + loans.get(one, 0) for one in kinds)
            limits[name] = ctx.src(
                str(total), "gpu_quota", "may_borrow_from", there, _quotas(ctx, spec.may_borrow_from)
            )
    return limits


def queues(ctx: AggregateContext) -> None:
    """Flavors, cluster queues and the queue in each team's namespace."""
    teams = ctx.platform.spec.teams
    for cluster in (address for address in ctx.graph.declarations if address.kind == "cluster"):
        there = accelerators_on(ctx, cluster)
        used: dict[str, None] = {}
        for name in teams:
            if name in ctx.platform.spec.cohorts:
                used |= dict.fromkeys(_queue(ctx, cluster, name, teams, there))
        for accelerator in used:
            _flavor(ctx.about(cluster), cluster, accelerator, (*lending_paths(ctx), there, _quotas(ctx, teams)))


def _flavor(about: Context, cluster: Address, accelerator: str, because: tuple[Sourced[Any], ...]) -> None:
    tolerations = [{"key": device_of(accelerator).resource, "operator": "Exists", "effect": "NoSchedule"}]
    about.manifest(
        API,
        "ResourceFlavor",
        accelerator,
        f"flavor-{accelerator}",
        {"spec": {"nodeLabels": {ACCELERATOR_LABEL: accelerator}, "tolerations": tolerations}},
        because=because,
        cluster=cluster,
        capability="kueue",
    )


def _queue(
    ctx: AggregateContext, cluster: Address, name: str, teams: Mapping[str, TeamSpec], there: Sourced[tuple[str, ...]]
) -> list[str]:
    """One team's queue. Returns the accelerators that it may have."""
    address, spec = Address("team", name), teams[name]
    about = ctx.about(address)
    loans = borrowable(name, teams)
    lends = any(name in other.may_borrow_from for other in teams.values())
    accelerators = [one for one in there.value if spec.quota.get(one, 0) or loans.get(one, 0)]
    if not accelerators:
        return []
    borrowing = (*lending_paths(ctx), _quotas(ctx, spec.may_borrow_from))
    flavors = []
    for one in accelerators:
        nominal = spec.quota.get(one, 0)
        quota: dict[str, Any] = {
            "name": device_of(one).resource,
            "nominalQuota": about.src(nominal, f"gpu_quota.{one}"),
            "borrowingLimit": about.src(loans.get(one, 0), *borrowing),
        }
        if not lends:
            quota["lendingLimit"] = about.src(0, *lending_paths(ctx))
        flavors.append({"name": one, "resources": [quota]})
    # A group covers resources that all of its flavors have.
    groups: dict[str, list[dict[str, Any]]] = {}
    for one, flavor in zip(accelerators, flavors, strict=True):
        groups.setdefault(device_of(one).resource, []).append(flavor)
    suffix = "" if cluster.name == "main" else f"-{cluster.name}"
    namespace = ctx.exports(address, TeamExports).namespace
    members = ctx.platform.spec.cohorts[name]
    body: dict[str, Any] = {
        # Named for all members, so that it changes when they do.
        "cohortName": about.src(
            physical_name(*sorted(ctx.platform.name_outside(Address("team", one)) for one in members), limit=63),
            *lending_paths(ctx),
        ),
        "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": namespace}},
        "queueingStrategy": "BestEffortFIFO",
        "resourceGroups": about.src(
            [{"coveredResources": [name], "flavors": some} for name, some in groups.items()],
            "gpu_quota",
            there,
            *borrowing,
        ),
        # What was lent comes back when its owner needs it; nobody else's pods are stopped.
        "preemption": {"reclaimWithinCohort": "Any", "withinClusterQueue": "Never"},
    }
    because: tuple[str | Sourced[Any], ...] = (*borrowing, there, "gpu_quota")
    about.manifest(
        API, "ClusterQueue", namespace, f"cluster-queue{suffix}", {"spec": body},
        because=because, cluster=cluster, capability="kueue",
    )  # fmt: skip
    about.manifest(
        API, "LocalQueue", QUEUE, f"queue{suffix}", {"spec": {"clusterQueue": namespace}},
        namespace=namespace, because=because, cluster=cluster, capability="kueue",
    )  # fmt: skip
    return accelerators


def _quotas(ctx: Context, names: Any) -> Sourced[None]:
    return Sourced(None, tuple(("teams", name, "gpu_quota") for name in names))
