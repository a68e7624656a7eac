"""Every group of nodes that the program may start, at its largest."""

from __future__ import annotations

import functools
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from platformspec.sdk import AggregateContext, Manifest, Node, Path
from platformspec_aws.instances import instances
from platformspec_aws.patched import read

# AWS names sizes alike in all families: vCPUs of one step up to xlarge, and 4 for each x of the larger ones.
_VCPUS = {"nano": 2, "micro": 2, "small": 2, "medium": 2, "large": 2, "xlarge": 4}


@dataclass(frozen=True, slots=True)
class NodeGroup:
    """Nodes of one managed group or NodePool.

    `types`: what it may take. `zones`: names, empty where every zone of the network will do. `spot`: it may use spot.
    `reserved`: a Capacity Block, which counts in no quota.
    """

    node: Node
    types: tuple[str, ...]
    nodes: int
    zones: tuple[str, ...]
    spot: bool
    reserved: str | None
    sources: tuple[Path, ...]


def node_groups(ctx: AggregateContext) -> Iterator[NodeGroup]:
    """All of them, in the order of their ids."""
    for node in ctx.nodes:
        found = read(ctx, node, functools.partial(_group, ctx, node), None)
        if found is not None:
            yield found


def _group(ctx: AggregateContext, node: Node) -> NodeGroup | None:
    attrs: Any = node.attrs
    if node.type == "aws_eks_node_group":
        template = ctx.node(attrs["launch_template"][0]["id"].node)
        shape: Any = template.attrs
        types = tuple(attrs.get("instance_types") or [shape["instance_type"]])
        reservations = shape.get("capacity_reservation_specification") or []
        targets = [
            one["capacity_reservation_target"][0] for one in reservations if one.get("capacity_reservation_target")
        ]
        reserved = next(
            (str(one["capacity_reservation_id"]) for one in targets if "capacity_reservation_id" in one), None
        )
        zones = tuple(sorted(zone for subnet in attrs["subnet_ids"] if (zone := _zone(ctx, subnet))))
        return NodeGroup(
            node,
            types,
            attrs["scaling_config"][0]["max_size"],
            zones,
            attrs.get("capacity_type") == "SPOT",
            reserved,
            _sources(node, template),
        )
    if isinstance(node, Manifest) and attrs["kind"] == "NodePool":
        template_spec = attrs["spec"]["template"]["spec"]
        wanted = {item["key"]: item["values"] for item in template_spec["requirements"] if "values" in item}
        limits = attrs["spec"].get("limits", {})
        types = tuple(wanted.get("node.kubernetes.io/instance-type", ()))
        if types and "nodes" in limits:
            bought = wanted.get("karpenter.sh/capacity-type", ["on-demand"])
            zones = tuple(wanted.get("topology.kubernetes.io/zone", ()))
            return NodeGroup(node, types, int(limits["nodes"]), zones, "spot" in bought, None, _sources(node))
    return None


def vcpus(instance_type: str) -> int | None:
    """vCPUs of a type; None where its name does not say."""
    known = instances().get(instance_type)
    if known is not None:
        return known.vcpus
    size = instance_type.split(".", 1)[1]
    if size in _VCPUS:
        return _VCPUS[size]
    times = size.removesuffix("xlarge")
    return int(times) * 4 if size.endswith("xlarge") and times.isdigit() else None


def _zone(ctx: AggregateContext, subnet: Any) -> str | None:
    id = getattr(subnet, "node", None)
    return str(ctx.node(id).attrs["availability_zone"]) if id is not None else None


def _sources(*nodes: Node) -> tuple[Path, ...]:
    wanted = (
        "instance_types",
        "instance_type",
        "scaling_config",
        "limits",
        "requirements",
        "subnet_ids",
        "capacity_type",
    )
    found: set[Path] = set()
    for node in nodes:
        for path, paths in node.provenance.items():
            if not path or any(part in wanted for part in path):
                found.update(paths)
    return tuple(sorted(found, key=str))
