"""Nodes of GPU pools: from what their models ask for at the fewest replicas to the pool's own limit."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from platformspec.sdk import Address, Amount, CostItem, GpuPoolExports, GpuPoolSpec, Manifest, Node, Path, Share
from platformspec_aws.costs.billing import HOURS, LOAD, Billing, sources
from platformspec_aws.costs.demand import POOL_LABEL, Demand, demand_by_pool
from platformspec_aws.instances import instances

NOT_A_DEVICE: Final = ("cpu", "memory", "nodes")
UPFRONT: Final = "a Capacity Block is paid when it is bought, and adds nothing to a month"
SPOT: Final = "spot where the table has a spot price; at most the on-demand price"


@dataclass(frozen=True, slots=True)
class Part:
    """Nodes that are bought in one way: a managed node group, or a Karpenter NodePool up to its limit.

    `types` -> devices of one node; `least`, `likely`, `most`: nodes of a group, None for a NodePool, whose `limit` counts devices.
    """

    node: Node
    types: dict[str, int]
    spot: bool
    paid: bool
    disk_gib: float
    sources: tuple[Path, ...]
    sizes: tuple[int, int, int] | None
    limit: int


def gpu_pool_lines(billing: Billing) -> Iterator[CostItem]:
    """Every pool's nodes and their volumes."""
    demands = demand_by_pool(billing)
    pools: dict[str, list[Part]] = {}
    for node in billing.ctx.nodes:
        found = _part(billing, node)
        if found is not None:
            pools.setdefault(found[0], []).append(found[1])
    for pool in sorted(pools):
        yield from _pool(billing, pool, sorted(pools[pool], key=_order), demands.get(pool, []))


def _order(part: Part) -> tuple[int, int, str]:
    """Groups are there first; then Karpenter takes the NodePool of the highest weight."""
    spec: Any = part.node.attrs.get("spec", {})
    return (0 if part.sizes else 1, -int(spec.get("weight", 0)), part.node.id)


def _part(billing: Billing, node: Node) -> tuple[str, Part] | None:
    attrs: Any = node.attrs
    if node.type == "aws_eks_node_group" and POOL_LABEL in (attrs.get("labels") or {}):
        pool = attrs["labels"][POOL_LABEL]
        template = billing.ctx.node(attrs["launch_template"][0]["id"].node)
        shape: Any = template.attrs
        types = attrs.get("instance_types") or [shape["instance_type"]]
        sizes = attrs["scaling_config"][0]
        volume = shape["block_device_mappings"][0]["ebs"][0]["volume_size"]
        where = (
            *sources(node, ("instance_types",), ("scaling_config", 0, "min_size"), ("scaling_config", 0, "max_size"), ("capacity_type",)),
            *sources(template, ("instance_type",), ("block_device_mappings", 0, "ebs", 0, "volume_size")),
        )  # fmt: skip
        return pool, Part(
            node, _devices(billing, pool, types), attrs["capacity_type"] == "SPOT", attrs["capacity_type"] != "CAPACITY_BLOCK",
            float(volume), where, (sizes["min_size"], sizes["desired_size"], sizes["max_size"]), 0,
        )  # fmt: skip
    if isinstance(node, Manifest) and attrs["kind"] == "NodePool":
        template = attrs["spec"]["template"]
        pool = template["metadata"].get("labels", {}).get(POOL_LABEL)
        wanted = {
            item["key"]: (position, item["values"])
            for position, item in enumerate(template["spec"]["requirements"])
            if "values" in item
        }
        if pool is None or "node.kubernetes.io/instance-type" not in wanted:
            return None
        limits = attrs["spec"].get("limits", {})
        limit = sum(int(amount) for name, amount in limits.items() if name not in NOT_A_DEVICE)
        bought = wanted.get("karpenter.sh/capacity-type", (0, ["on-demand"]))
        instance_types = wanted["node.kubernetes.io/instance-type"]
        requirement = ("spec", "template", "spec", "requirements")
        disk, disk_sources = _node_class(billing, template["spec"]["nodeClassRef"]["name"], node)
        where = (
            *sources(node, (*requirement, bought[0], "values"), (*requirement, instance_types[0], "values"), *(("spec", "limits", name) for name in limits)),
            *disk_sources,
        )  # fmt: skip
        return pool, Part(
            node, _devices(billing, pool, instance_types[1]), "spot" in bought[1], True, disk, where, None, limit
        )
    return None


def _node_class(billing: Billing, name: str, node: Node) -> tuple[float, tuple[Path, ...]]:
    for other in billing.ctx.nodes:
        if (
            isinstance(other, Manifest)
            and other.attrs["kind"] == "EC2NodeClass"
            and other.name == name
            and other.placement == node.placement
        ):
            spec: Any = other.attrs["spec"]
            where: Path = ("spec", "blockDeviceMappings", 0, "ebs", "volumeSize")
            return gib(spec["blockDeviceMappings"][0]["ebs"]["volumeSize"]), sources(other, where)
    return 0.0, ()


def gib(quantity: str) -> float:
    """A size as Kubernetes writes it, in GiB.

    >>> gib("300Gi"), gib("2Ti")
    (300.0, 2048.0)
    """
    units = {"Mi": 1 / 1024, "Gi": 1.0, "Ti": 1024.0}
    return float(quantity[:-2]) * units[quantity[-2:]]


def _devices(billing: Billing, pool: str, types: list[str]) -> dict[str, int]:
    """Instance type -> devices that its node offers: its GPUs, times the pods that share one."""
    address = Address("gpu_pool", pool)
    exports = billing.ctx.exports_or_none(address, GpuPoolExports)
    spec = billing.ctx.graph.declarations[address].spec if address in billing.ctx.graph.declarations else None
    sharing = 1
    if exports is not None and isinstance(spec, GpuPoolSpec):
        sharing = max(1, exports.max_gpus.value // (spec.capacity.nodes.max * exports.gpus_per_node.value))
    return {type: instances()[type].gpus * sharing for type in types if type in instances()}


def _pool(billing: Billing, pool: str, parts: list[Part], demands: list[Demand]) -> Iterator[CostItem]:
    """Fill the parts in order, with the fewest replicas and with the most."""
    wanted = [sum(demand.least for demand in demands), sum(demand.most for demand in demands)]
    left = list(wanted)
    for part in parts:
        if part.sizes is not None:
            room = [size * min(part.types.values(), default=0) for size in (part.sizes[0], part.sizes[2])]
        else:
            room = [part.limit, part.limit]
        taken = [min(left[0], room[0]), min(left[1], room[1])]
        left = [left[0] - taken[0], left[1] - taken[1]]
        yield from _part_lines(billing, pool, part, demands, wanted, taken)


def _part_lines(
    billing: Billing, pool: str, part: Part, demands: list[Demand], wanted: list[int], taken: list[int]
) -> Iterator[CostItem]:
    node = part.node
    paths = {*part.sources, *LOAD} if part.sizes is None else set(part.sources)
    if part.sizes is None:
        paths.update(path for demand in demands for path in demand.sources)
    if not part.paid:
        nothing = tuple(Amount(f"ec2/{type}", 0) for type in part.types)
        yield billing.line(node, "nodes", nothing, nothing, nothing, paths, note=UPFRONT, pool=pool)
    else:
        counts = {type: _nodes(billing, part, devices, taken) for type, devices in part.types.items()}
        yield billing.line(
            node,
            "nodes",
            [_bought(part, type, HOURS * count[0]) for type, count in counts.items()],
            [_bought(part, type, HOURS * count[1]) for type, count in counts.items()],
            [Amount(f"ec2/{type}", HOURS * count[2]) for type, count in counts.items()],
            paths,
            note=SPOT if part.spot else "",
            pool=pool,
            shares=_shares(billing, part, demands, wanted, taken),
        )
    poorest = next(iter(part.types), None)
    if part.disk_gib and poorest is not None:
        count = _nodes(billing, part, part.types[poorest], taken)
        yield billing.line(
            node,
            "node volumes",
            (Amount("ebs/gp3", part.disk_gib * count[0]),),
            (Amount("ebs/gp3", part.disk_gib * count[1]),),
            (Amount("ebs/gp3", part.disk_gib * count[2]),),
            paths,
            role="volumes",
            pool=pool,
            shares=_shares(billing, part, demands, wanted, taken),
        )


def _bought(part: Part, type: str, hours: float) -> Amount:
    return Amount(f"ec2-spot/{type}", hours, f"ec2/{type}") if part.spot else Amount(f"ec2/{type}", hours)


def _nodes(billing: Billing, part: Part, devices: int, taken: list[int]) -> tuple[float, float, float]:
    """Nodes at the least, likely and most."""
    if part.sizes is not None:
        return part.sizes
    fewest, fullest = math.ceil(taken[0] / devices), math.ceil(taken[1] / devices)
    return fewest, billing.average(fewest, fullest), max(part.limit // devices, fullest)


def _shares(
    billing: Billing, part: Part, demands: list[Demand], wanted: list[int], taken: list[int]
) -> tuple[Share, ...]:
    """Each workload's part of the nodes: the devices that it asks for, of those that the nodes have."""
    devices = min(part.types.values(), default=0)
    if not devices:
        return ()
    nodes = _nodes(billing, part, devices, taken)
    average = billing.average(*taken), billing.average(*wanted)
    found = []
    for demand in demands:
        least = _fraction(demand.least, wanted[0], taken[0], nodes[0] * devices)
        likely = _fraction(billing.average(demand.least, demand.most), average[1], average[0], nodes[1] * devices)
        most = _fraction(demand.most, wanted[1], taken[1], nodes[2] * devices)
        if least or likely or most:
            found.append(Share(demand.declaration, demand.team, least, likely, most))
    return tuple(found)


def _fraction(own: float, all: float, taken: float, room: float) -> float:
    return round(own / all * taken / room, 6) if all and room else 0.0
