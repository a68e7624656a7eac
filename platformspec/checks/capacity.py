"""Capacity that a pool promises."""

from __future__ import annotations

import datetime

from platformspec.diagnostics import Code, Report
from platformspec.graph.platform_graph import PlatformGraph
from platformspec.kinds.gpu_pool import GpuPoolSpec

FIXED_SIZE = Code(
    "PS411",
    "a pool that must have a fixed size has a range",
    explain="Nodes with Elastic Fabric Adapter and nodes from a Capacity Block are a managed node group of fixed size: `min` and `max` are the same.",
)
BLOCK_ENDED = Code(
    "PS412",
    "a Capacity Block that has ended",
    explain="After its end AWS reclaims the nodes of a Capacity Block. The day that counts is today, or that of --as-of.",
)
NOT_A_DAY = Code(
    "PS413", "a day that is not in the calendar", explain="Days are written as year, month and day: 2027-02-28."
)


def check_capacity(graph: PlatformGraph, report: Report) -> None:
    """Fixed sizes, and ends of Capacity Blocks."""
    for address, declaration in graph.declarations.items():
        spec = declaration.spec
        if not isinstance(spec, GpuPoolSpec):
            continue
        nodes, block = spec.capacity.nodes, spec.capacity.block
        if (block is not None or spec.network == "efa") and nodes.min != nodes.max:
            why = "a Capacity Block" if block is not None else "Elastic Fabric Adapter"
            report.error(
                FIXED_SIZE,
                f"{address} has {nodes.min} to {nodes.max} nodes, and with {why} the number is fixed",
                at=(*declaration.path, "capacity", "nodes"),
                help=f"write `nodes: {{min: {nodes.max}, max: {nodes.max}}}`",
            )
        if block is None:
            continue
        end = day(block.ends)
        at = (*declaration.path, "capacity", "block", "ends")
        if end is None:
            report.error(
                NOT_A_DAY, f"{block.ends} is not a day", at=at, help="write a day of the calendar, such as 2027-02-28"
            )
        elif end < graph.platform.as_of:
            report.error(
                BLOCK_ENDED,
                f"the Capacity Block of {address} ended on {block.ends}, {(graph.platform.as_of - end).days} days ago",
                at=at,
                help="name a block that is still running, or remove `block`",
            )


def day(text: str) -> datetime.date | None:
    """A day as written in the YAML; None where the calendar does not have it."""
    try:
        return datetime.date.fromisoformat(text)
    except ValueError:
        return None
