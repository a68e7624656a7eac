"""Capacity that a pool promises."""

from __future__ import annotations

import datetime
import math

from platformspec.address import Address
from platformspec.diagnostics import Code, Path, Report
from platformspec.graph.platform_graph import PlatformGraph
from platformspec.kinds.gpu_pool import GpuPoolSpec

FIXED_SIZE = Code(
    "PS411",
    "a pool that must have a fixed size has a range",
    explain="Nodes with Elastic Fabric Adapter, nodes from a Capacity Block nodes that share their GPUs and nodes whose GPUs are claimed through Dynamic Resource Allocation are a managed node group of fixed size: `min` and `max` are the same. Karpenter counts whole GPUs that pods ask for by number, so it would start a node for every share, and none for a claim.",
)
BLOCK_ENDED = Code(
    "PS412",
    "reserved capacity that has ended",
    explain="After its end AWS reclaims the nodes of a Capacity Block, and an On-Demand Capacity Reservation holds no capacity any more. The day that counts is today, or that of --as-of.",
)
NOT_A_DAY = Code(
    "PS413", "a day that is not in the calendar", explain="Days are written as year, month and day: 2027-02-28."
)
WHICH_GPU = Code(
    "PS414",
    "a pool without a GPU, or with two ways to say it",
    explain="A pool names one `accelerator`, or alternatives in order of preference under `any_of`: exactly one of them.",
)
NO_SPOT_NODE = Code(
    "PS415",
    "a spot share that leaves no spot node",
    explain="`share` counts on all nodes of the pool at its largest and is rounded down; `nodes.min` and `on_demand_floor` are always on demand.",
)
ONE_KIND = Code(
    "PS418",
    "a pool of fixed size with alternatives",
    explain="Alternatives are for nodes that Karpenter starts. A pool with EFA, a Capacity Block or shared GPUs is one managed node group.",
)
CONTRADICTION = Code(
    "PS496",
    "one reservation of which two things are said",
    explain="A capacity reservation is in one zone and ends on one day, whichever pools take nodes from it. A Capacity Block and an On-Demand Capacity Reservation have ids of their own.",
)


def check_capacity(graph: PlatformGraph, report: Report) -> None:
    """Kinds of node, fixed sizes, spot, and ends of Capacity Blocks."""
    for address, declaration in graph.declarations.items():
        spec = declaration.spec
        if not isinstance(spec, GpuPoolSpec):
            continue
        nodes, block, why = spec.capacity.nodes, spec.capacity.block, spec.fixed_because
        _kinds_of_node(address, declaration.path, spec, report)
        _spot(address, declaration.path, spec, report)
        if why is not None and nodes.min != nodes.max:
            report.error(
                FIXED_SIZE,
                f"{address} has {nodes.min} to {nodes.max} nodes, and with {why} the number is fixed",
                at=(*declaration.path, "capacity", "nodes"),
                help=f"write `nodes: {{min: {nodes.max}, max: {nodes.max}}}`",
            )
        reservation = spec.capacity.reservation
        if block is not None:
            _end(
                graph, (*declaration.path, "capacity", "block"), f"the Capacity Block of {address}", block.ends, report
            )
        if reservation is not None and reservation.ends is not None:
            path = (*declaration.path, "capacity", "reservation")
            _end(graph, path, f"the reservation of {address}", reservation.ends, report)
    _one_story(graph, report)


def _one_story(graph: PlatformGraph, report: Report) -> None:
    """Pools that name the same reservation say the same about it."""
    first: dict[str, tuple[Address, Path, tuple[str, str | None, str]]] = {}
    for address, declaration in graph.declarations.items():
        spec = declaration.spec
        if not isinstance(spec, GpuPoolSpec):
            continue
        block, reservation = spec.capacity.block, spec.capacity.reservation
        path = (*declaration.path, "capacity", "block" if block is not None else "reservation")
        said: tuple[str, str | None, str]
        if block is not None:
            name, said = block.reservation, (block.zone, block.ends, "a Capacity Block")
        elif reservation is not None:
            name, said = reservation.id, (reservation.zone, reservation.ends, "an On-Demand Capacity Reservation")
        else:
            continue
        other, place, before = first.setdefault(name, (address, path, said))
        if before != said:
            report.error(
                CONTRADICTION,
                f"{name} is {_told(before)} in {other}, and {_told(said)} in {address}",
                at=path,
                on_key=True,
                help="correct one of them; `aws ec2 describe-capacity-reservations` knows",
                related=((f"what {other} says", place),),
            )


def _told(said: tuple[str, str | None, str]) -> str:
    zone, ends, what = said
    return f"{what} in {zone} {f'until {ends}' if ends is not None else 'without an end'}"


def _end(graph: PlatformGraph, path: Path, what: str, ends: str, report: Report) -> None:
    end = day(ends)
    if end is None:
        report.error(
            NOT_A_DAY,
            f"{ends} is not a day",
            at=(*path, "ends"),
            help="write a day of the calendar, such as 2027-02-28",
        )
    elif end < graph.platform.as_of:
        report.error(
            BLOCK_ENDED,
            f"{what} ended on {ends}, {(graph.platform.as_of - end).days} days ago",
            at=(*path, "ends"),
            help=f"name one that is still running, or remove `{path[-1]}`",
        )


def _kinds_of_node(address: Address, path: Path, spec: GpuPoolSpec, report: Report) -> None:
    if (spec.accelerator is None) == (not spec.any_of):
        both = spec.accelerator is not None
        report.error(
            WHICH_GPU,
            f"{address} has {'both' if both else 'neither'} accelerator {'and' if both else 'nor'} any_of",
            at=(*path, "any_of") if both else path,
            on_key=True,
            help="move the accelerator to the front of any_of" if both else "add `accelerator: l4`, for example",
        )
    if spec.any_of and spec.fixed_because is not None:
        report.error(
            ONE_KIND,
            f"{address} has {len(spec.any_of)} kinds of node, and with {spec.fixed_because} it is one node group",
            at=(*path, "any_of"),
            on_key=True,
            help=f"write `accelerator: {spec.any_of[0].accelerator}` instead",
        )


def _spot(address: Address, path: Path, spec: GpuPoolSpec, report: Report) -> None:
    spot, nodes = spec.capacity.spot, spec.capacity.nodes
    if spot is None or spec.fixed_because is not None or nodes.min >= nodes.max:
        return
    on_demand = max(spot.on_demand_floor, nodes.min)
    if on_demand >= nodes.max:
        report.error(
            NO_SPOT_NODE,
            f"{address} has {nodes.max} nodes at most, and {on_demand} are on demand: none is left for spot",
            at=(*path, "capacity", "spot"),
            on_key=True,
            help=f"write `nodes: {{max: {on_demand + 1}}}` or more, a smaller floor, or remove `spot`",
        )
    elif spot.share * nodes.max < 1:
        report.error(
            NO_SPOT_NODE,
            f"{spot.share:g} of {nodes.max} nodes is less than one node",
            at=(*path, "capacity", "spot", "share"),
            help=f"write `share: {math.ceil(100 / nodes.max) / 100:g}` or more, or remove `spot`",
        )


def day(text: str) -> datetime.date | None:
    """A day as written in the YAML; None where the calendar does not have it."""
    try:
        return datetime.date.fromisoformat(text)
    except ValueError:
        return None
