"""Nodes of GPU pools: from what their models ask for at the fewest replicas to the pool's own limit."""

from __future__ import annotations

import functools
import math
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from platformspec.sdk import Address, Amount, CostItem, GpuPoolSpec, Manifest, Node, Path, Share
from platformspec_aws.cluster.nodes import SYSTEM_LABELS
from platformspec_aws.costs.billing import HOURS, LOAD, Billing, sources
from platformspec_aws.costs.demand import Demand, demand_by_pool
from platformspec_aws.costs.hours import QUARTERS
from platformspec_aws.gpu_pool.labels import POOL_LABEL
from platformspec_aws.gpu_pool.sharing import MIG
from platformspec_aws.instances import Instance, instances
from platformspec_aws.patched import read

NOT_A_DEVICE: Final = ("cpu", "memory", "nodes")
UPFRONT: Final = "a Capacity Block is paid when it is bought, and adds nothing to a month"
SPOT: Final = "spot where the table has a spot price; at most the on-demand price"


@dataclass(frozen=True, slots=True)
class Part:
    """Nodes that are bought in one way: a managed node group, or a Karpenter NodePool up to its limit.

    - `types`: instance type -> devices of one node, in the order of preference.
    - `sizes`: nodes of a group at the least, likely and most; None for a NodePool, whose `limits` are nodes and devices.
    """

    node: Node
    types: dict[str, int]
    spot: bool
    paid: bool
    disk_gib: float
    sources: tuple[Path, ...]
    sizes: tuple[int, int, int] | None
    limits: tuple[int | None, int | None]

    def largest(self, devices: int) -> int:
        """Nodes at most, where each has so many devices."""
        if self.sizes is not None:
            return self.sizes[2]
        nodes, total = self.limits
        return min(limit for limit in (nodes, total // devices if total is not None else None) if limit is not None)


def gpu_pool_lines(billing: Billing) -> Iterator[CostItem]:
    """Every pool's nodes and their volumes."""
    demands = demand_by_pool(billing)
    yield from _unseen(billing, {demand.declaration for found in demands.values() for demand in found})
    pools: dict[str, list[Part]] = {}
    for node in billing.nodes:
        found = read(billing.ctx, node, functools.partial(_part, billing, node), None)
        if found is not None:
            pools.setdefault(found[0], []).append(found[1])
        elif isinstance(node, Manifest) and node.attrs["kind"] == "NodePool" and not is_system_pool(node):
            yield billing.uncounted(node, "nodes of a NodePool", "it has no limit, names no types, or is no GPU pool's")
        elif node.type == "aws_eks_node_group" and node.declaration.startswith("gpu_pool."):
            yield billing.uncounted(
                node, "nodes of a managed group", "a patch under extend gave it a shape that no rule can read"
            )
    for pool in sorted(pools):
        yield from _pool(billing, pool, sorted(pools[pool], key=_order), demands.get(pool, []))


def is_system_pool(node: Manifest) -> bool:
    """Whether a NodePool starts a cluster's nodes without GPUs."""
    attrs: Any = node.attrs
    labels = attrs["spec"]["template"]["metadata"].get("labels", {})
    return bool(SYSTEM_LABELS.items() <= labels.items())


def _unseen(billing: Billing, seen: set[str]) -> Iterator[CostItem]:
    """Models that run on a pool and whose pods no rule could count."""
    for address, declaration in billing.ctx.graph.declarations.items():
        runs = any(edge.relation == "runs_on" for edge in billing.ctx.graph.edges_from(address))
        if runs and str(address) not in seen:
            why = "its pods are not of a kind that is known, so its pool is counted as empty"
            team = billing.team_of(str(address))
            yield CostItem(f"{address}/gpus", "GPUs", str(address), team, billing.region, (), (), (), (declaration.path,), why)  # fmt: skip


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
            float(volume), where, (sizes["min_size"], sizes["desired_size"], sizes["max_size"]), (None, None),
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
        nodes = int(limits["nodes"]) if "nodes" in limits else None
        total = sum(int(amount) for name, amount in limits.items() if name not in NOT_A_DEVICE) or None
        if nodes is None and total is None:
            return None
        bought = wanted.get("karpenter.sh/capacity-type", (0, ["on-demand"]))
        instance_types = wanted["node.kubernetes.io/instance-type"]
        requirement = ("spec", "template", "spec", "requirements")
        disk, disk_sources = node_class(billing, template["spec"]["nodeClassRef"]["name"], node)
        where = (
            *sources(node, (*requirement, bought[0], "values"), (*requirement, instance_types[0], "values"), *(("spec", "limits", name) for name in limits)),
            *disk_sources,
        )  # fmt: skip
        return pool, Part(
            node,
            _devices(billing, pool, instance_types[1]),
            "spot" in bought[1],
            True,
            disk,
            where,
            None,
            (nodes, total),
        )
    return None


def node_class(billing: Billing, name: str, node: Node) -> tuple[float, tuple[Path, ...]]:
    """The size of the volume, in GiB, of the EC2NodeClass that a NodePool names, and the paths that it came from."""
    for other in billing.nodes:
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
    declaration = billing.ctx.graph.declarations.get(Address("gpu_pool", pool))
    spec = declaration.spec if declaration is not None else None
    table = instances()
    return {name: table[name].gpus * _pods_of_a_gpu(spec, table[name]) for name in types if name in table}


def _pods_of_a_gpu(spec: object, instance: Instance) -> int:
    sharing = spec.sharing if isinstance(spec, GpuPoolSpec) else None
    if sharing is None:
        return 1
    if sharing.replicas is not None:
        return sharing.replicas
    return MIG[(instance.accelerator, round(instance.gpu_memory_gib))][1][sharing.profile or ""]


@dataclass(frozen=True, slots=True)
class Use:
    """Devices of a part that each workload has: at the least for each share of the week, and at the most."""

    demands: tuple[Demand, ...]
    least: tuple[tuple[float, tuple[float, ...]], ...]
    most: tuple[float, ...]

    def least_of(self, position: int) -> float:
        """Devices of one workload, on average over the week."""
        return sum(share * devices[position] for share, devices in self.least)


def _pool(billing: Billing, pool: str, parts: list[Part], demands: list[Demand]) -> Iterator[CostItem]:
    """Fill the parts in order: with the fewest replicas of each quarter of an hour in a week, and with the most."""
    if any(demand.windows for demand in demands):
        moments = Counter(tuple(demand.at(quarter) for demand in demands) for quarter in range(QUARTERS))
    else:
        moments = Counter({tuple(demand.least for demand in demands): QUARTERS})
    weeks = [(count / QUARTERS, _fill(parts, wanted, full=False)) for wanted, count in sorted(moments.items())]
    most = _fill(parts, tuple(demand.most for demand in demands), full=True)
    for position, part in enumerate(parts):
        least = tuple((share, filled[position]) for share, filled in weeks)
        yield from _part_lines(billing, pool, part, Use(tuple(demands), least, most[position]))


def _fill(parts: list[Part], wanted: tuple[int, ...], *, full: bool) -> list[tuple[float, ...]]:
    """For each part the devices that each workload has in it. `full`: groups have all the nodes that they may."""
    left = total = sum(wanted)
    found = []
    for part in parts:
        devices = min(part.types.values(), default=1)
        nodes = part.sizes[0] if part.sizes is not None and not full else part.largest(devices)
        taken = min(left, nodes * devices)
        left -= taken
        found.append(tuple(own * taken / total if total else 0.0 for own in wanted))
    return found


def _part_lines(billing: Billing, pool: str, part: Part, use: Use) -> Iterator[CostItem]:
    node = part.node
    what = f"nodes of {node.name}" if isinstance(node, Manifest) else "nodes of the managed group"
    paths = set(part.sources)
    if part.sizes is None:
        paths.update(LOAD)
        paths.update(path for demand in use.demands for path in demand.sources)
    shares = _shares(billing, part, use)
    if not part.paid:
        nothing = tuple(Amount(f"ec2/{type}", 0) for type in part.types)
        yield billing.line(node, what, nothing, nothing, nothing, paths, note=UPFRONT, pool=pool)
    else:
        counts = {type: _nodes(billing, part, devices, use) for type, devices in part.types.items()}
        yield billing.line(
            node,
            what,
            [_bought(part, type, HOURS * count[0]) for type, count in counts.items()],
            [_bought(part, type, HOURS * count[1]) for type, count in counts.items()],
            [Amount(f"ec2/{type}", HOURS * count[2]) for type, count in counts.items()],
            paths,
            note=SPOT if part.spot else "",
            pool=pool,
            shares=shares,
        )
    poorest = next(iter(part.types), None)
    if part.disk_gib and poorest is not None:
        count = _nodes(billing, part, part.types[poorest], use)
        least, likely, most = ((Amount("ebs/gp3", part.disk_gib * nodes),) for nodes in count)
        name = f"volumes of {what.removeprefix('nodes of ')}"
        yield billing.line(node, name, least, likely, most, paths, role="volumes", pool=pool, shares=shares)


def _bought(part: Part, type: str, hours: float) -> Amount:
    return Amount(f"ec2-spot/{type}", hours, f"ec2/{type}") if part.spot else Amount(f"ec2/{type}", hours)


def _nodes(billing: Billing, part: Part, devices: int, use: Use) -> tuple[float, float, float]:
    """Nodes at the least, likely and most."""
    if part.sizes is not None:
        return part.sizes
    fewest = sum(share * _whole(sum(taken), devices) for share, taken in use.least)
    fullest = _whole(sum(use.most), devices)
    return fewest, billing.average(fewest, fullest), max(part.largest(devices), fullest)


def _whole(taken: float, devices: int) -> int:
    # Parts of whole devices add up to a whole number but for a hair, which must not cost a node.
    return math.ceil(round(taken, 6) / devices)


def _shares(billing: Billing, part: Part, use: Use) -> tuple[Share, ...]:
    """Each workload's part of the nodes: the devices that it has, of those that the nodes have."""
    devices = min(part.types.values(), default=0)
    room = [nodes * devices for nodes in _nodes(billing, part, devices, use)] if devices else [0.0, 0.0, 0.0]
    found = []
    for position, demand in enumerate(use.demands):
        least, most = use.least_of(position), use.most[position]
        taken = (least, billing.average(least, most), most)
        fractions = [round(own / all, 6) if all else 0.0 for own, all in zip(taken, room, strict=True)]
        if any(fractions):
            found.append(Share(demand.declaration, demand.team, *fractions))
    return tuple(found)
