"""vCPU quotas by family, offerings of instance types in zones, and capacity reservations."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from platformspec.sdk import AggregateContext, GpuPoolSpec, Requirement
from platformspec_aws.requirements.groups import NodeGroup, node_groups, vcpus

QUOTAS_SOURCE: Final = "Service Quotas, service ec2, codes as `list-service-quotas` prints them"
# Family of an instance type -> name, code on demand, code for spot. A quota counts vCPUs.
FAMILIES: Final = {
    "g": ("G and VT", "L-DB2E81BA", "L-3819A6DF"),
    "gr": ("G and VT", "L-DB2E81BA", "L-3819A6DF"),
    "p": ("P", "L-417A185B", "L-7212CCBC"),
    "inf": ("Inf", "L-1945791B", "L-B5D1601B"),
    "trn": ("Trn", "L-2C3B7624", "L-6B0D517C"),
    "standard": ("Standard (A, C, D, H, I, M, R, T, Z)", "L-1216C47A", "L-34B43A08"),
}


def family_of(instance_type: str) -> str | None:
    """The key in `FAMILIES`: the letters before the generation."""
    letters = instance_type.rstrip("0123456789")
    for position, char in enumerate(instance_type):
        if not char.isalpha():
            letters = instance_type[:position]
            break
    if letters in FAMILIES:
        return letters
    return "standard" if letters and letters[0] in "acdhimrtz" else None


def machine_requirements(ctx: AggregateContext) -> Iterator[Requirement]:
    """Quotas are sums over all groups at their largest; offerings and reservations are each group's own."""
    groups = list(node_groups(ctx))
    yield from _quotas(ctx, groups)
    for group in groups:
        yield _offering(ctx, group)
    yield from _reservations(ctx)


def _quotas(ctx: AggregateContext, groups: list[NodeGroup]) -> Iterator[Requirement]:
    """Karpenter takes a small type where it can, so the smallest types must fit, and the largest are for knowledge."""
    cloud = ctx.platform.spec.cloud
    for spot in (False, True):
        users: dict[str, list[tuple[NodeGroup, list[int]]]] = {}
        for group in groups:
            # Nodes that may be spot may also be on demand, where there is no spot capacity.
            if group.reserved is not None or (spot and not group.spot):
                continue
            counts: dict[str, list[int]] = {}
            for type in group.types:
                family, count = family_of(type), vcpus(type)
                if family is not None and count is not None and group.nodes:
                    counts.setdefault(FAMILIES[family][0], []).append(count * group.nodes)
            for name, some in counts.items():
                users.setdefault(name, []).append((group, some))
        for name, uses in users.items():
            code = next(codes[2 if spot else 1] for codes in FAMILIES.values() if codes[0] == name)
            title = f"All {name} Spot Instance Requests" if spot else f"Running On-Demand {name} instances"
            value, largest = (sum(pick(some) for _, some in uses) for pick in (min, max))
            yield Requirement(
                id=f"quota/ec2/{code}",
                kind="quota",
                what=f"{title}: {value} vCPUs for all nodes at their largest number"
                + (f", and {largest} on the largest types that they may take" if largest > value else ""),
                account=cloud.account,
                region=cloud.region,
                needs={"service": "ec2", "code": code, "name": title, "value": value, "unit": "vCPUs", "besides": None},
                declarations=tuple(sorted({group.node.declaration for group, _ in uses})),
                sources=tuple(sorted({path for group, _ in uses for path in group.sources}, key=str)),
                source=QUOTAS_SOURCE,
            )


def _offering(ctx: AggregateContext, group: NodeGroup) -> Requirement:
    cloud = ctx.platform.spec.cloud
    where = ", ".join(group.zones) or "a zone of the network"
    return Requirement(
        id=f"offering/{group.node.id}",
        kind="offering",
        what=f"one of {', '.join(group.types)} in {where}",
        account=cloud.account,
        region=cloud.region,
        needs={"instance_types": list(group.types), "zones": list(group.zones or _zones(ctx))},
        declarations=(group.node.declaration,),
        sources=group.sources,
        source="EC2 API, DescribeInstanceTypeOfferings",
    )


def _zones(ctx: AggregateContext) -> list[str]:
    return sorted({str(node.attrs["availability_zone"]) for node in ctx.nodes if node.type == "aws_subnet"})


def _reservations(ctx: AggregateContext) -> Iterator[Requirement]:
    cloud = ctx.platform.spec.cloud
    for address, declaration in ctx.graph.declarations.items():
        spec = declaration.spec
        block = spec.capacity.block if isinstance(spec, GpuPoolSpec) else None
        if block is None or not isinstance(spec, GpuPoolSpec):
            continue
        count = spec.capacity.nodes.max
        path = (*declaration.path, "capacity", "block")
        yield Requirement(
            id=f"capacity-reservation/{address.name}",
            kind="capacity_reservation",
            what=f"{block.reservation} in {block.zone}, active until {block.ends}, with {count} instances",
            account=cloud.account,
            region=cloud.region,
            needs={"reservation": block.reservation, "zone": block.zone, "until": block.ends, "instances": count},
            declarations=(str(address),),
            sources=(
                *((*path, field) for field in ("ends", "reservation", "zone")),
                (*declaration.path, "capacity", "nodes", "max"),
            ),
            source="EC2 API, DescribeCapacityReservations",
        )
