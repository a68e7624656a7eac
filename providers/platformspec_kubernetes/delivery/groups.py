"""What an engine delivers as one: the objects of a namespace, and before all of them those of the cluster itself."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from platformspec.sdk import Context, Manifest, Path, Sourced, physical_name

CLUSTER_GROUP: Final = "_cluster"
SCALERS: Final = ("ScaledObject", "HorizontalPodAutoscaler")


@dataclass(frozen=True, slots=True, order=True)
class Scaled:
    """What an autoscaler scales: API group, kind and name. `sources`: paths that say that it does."""

    api_group: str
    kind: str
    name: str
    sources: tuple[Path, ...]


@dataclass(frozen=True, slots=True)
class Group:
    """Objects that are delivered together.

    - `after`: the groups whose objects they use; two that use each other wait for neither.
    - `wave`: how many groups stand before it in the longest chain of them.
    - `scaled`: each object whose number of replicas an autoscaler sets.
    - `sources`: paths that the existence and the order of the group follow from.
    """

    name: str
    after: tuple[str, ...]
    wave: int
    scaled: tuple[Scaled, ...]
    sources: tuple[Path, ...]


def groups_of(nodes: Sequence[Manifest]) -> tuple[Group, ...]:
    """The groups of one cluster's objects, sorted by wave and name."""
    by_group: dict[str, list[Manifest]] = {}
    group_by_id: dict[str, str] = {}
    for node in nodes:
        group_by_id[node.id] = node.namespace or CLUSTER_GROUP
        by_group.setdefault(group_by_id[node.id], []).append(node)
    needs = {
        name: {group_by_id[id] for node in members for id in node.depends_on() if id in group_by_id} - {name}
        for name, members in by_group.items()
    }
    # Namespaces stand in the cluster's group, which therefore waits for nothing.
    for name in needs:
        needs[name] = set() if name == CLUSTER_GROUP else {*needs[name], *({CLUSTER_GROUP} & needs.keys())}
    reach = {name: _reached(name, needs) for name in needs}
    after = {name: {other for other in needs[name] if name not in reach[other]} for name in needs}
    waves: dict[str, int] = {}
    # What reaches less comes first: whatever a group waits for reaches less than the group itself.
    for name in sorted(needs, key=lambda name: (len(reach[name] - {name}), name)):
        waves[name] = max((waves[other] + 1 for other in after[name]), default=0)
    found = [
        Group(
            name,
            tuple(sorted(after[name])),
            waves[name],
            tuple(sorted(scaled for node in members if (scaled := _target(node)) is not None)),
            tuple(sorted({path for node in members for path in node.sources_of(())}, key=str)),
        )
        for name, members in by_group.items()
    ]
    return tuple(sorted(found, key=lambda group: (group.wave, group.name)))


def _reached(name: str, needs: Mapping[str, set[str]]) -> set[str]:
    found: set[str] = set()
    todo = [name]
    while todo:
        for other in needs[todo.pop()] - found:
            found.add(other)
            todo.append(other)
    return found


def _target(node: Manifest) -> Scaled | None:
    if node.attrs["kind"] not in SCALERS:
        return None
    # Both kinds have the same field; KEDA's defaults are those of its CustomResourceDefinition.
    spec: Any = node.attrs["spec"]
    target = spec["scaleTargetRef"]
    api_group = str(target.get("apiVersion", "apps/v1")).rpartition("/")[0]
    return Scaled(api_group, str(target.get("kind", "Deployment")), str(target["name"]), node.sources_of(()))


def name_of(ctx: Context, group: str = "") -> Sourced[str]:
    """Name of a cluster's root, or of a group's child: at most 63 characters, with the platform and its environment in it."""
    platform = ctx.platform
    parts = (platform.name, platform.environment or "", ctx.address.name, group.removeprefix("_"))
    return Sourced(physical_name(*parts, limit=63), (("metadata", "name"),))
