"""How the nodes above a pool's minimum are divided into on demand and spot."""

from __future__ import annotations

import math
from dataclasses import dataclass

from platformspec.sdk import GpuPoolSpec

ON_DEMAND = ("on-demand",)
# Karpenter takes reserved capacity before any other.
RESERVED = "reserved"
# Karpenter takes spot where there is some, and on demand where there is none.
SPOT = ("spot", "on-demand")


@dataclass(frozen=True, slots=True)
class Part:
    """Nodes bought in one way. Parts are filled in order; `name` is empty for those that every pool has."""

    name: str
    capacity_types: tuple[str, ...]
    nodes: int


def parts(spec: GpuPoolSpec) -> tuple[Part, ...]:
    """The elastic nodes of a pool. Their numbers add up to `nodes.max - nodes.min`.

    Karpenter knows no share of spot, so each part is a NodePool with a limit of its own. The largest size, the largest
    number of spot nodes and the floor are then exact, whatever the order in which nodes come and go.
    """
    nodes, spot = spec.capacity.nodes, spec.capacity.spot
    elastic = nodes.max - nodes.min
    reserved = (RESERVED,) if spec.capacity.reservation is not None else ()
    if spot is None:
        return (Part("", (*reserved, *ON_DEMAND), elastic),) if elastic else ()
    on_spot = min(spot_nodes(spec), elastic)
    floor = max(0, spot.on_demand_floor - nodes.min)
    found = (
        Part("floor", (*reserved, *ON_DEMAND), floor),
        Part("spot", (*reserved, *SPOT), on_spot),
        Part("", (*reserved, *ON_DEMAND), elastic - floor - on_spot),
    )
    return tuple(part for part in found if part.nodes > 0)


def spot_nodes(spec: GpuPoolSpec) -> int:
    """Nodes that may be spot when the pool is at its largest: the share of all nodes, and never those of the floor."""
    nodes, spot = spec.capacity.nodes, spec.capacity.spot
    if spot is None:
        return 0
    # 0.29 * 100 is 28.999...; a hair must not cost a node.
    share = math.floor(spot.share * nodes.max + 1e-9)
    return max(0, min(share, nodes.max - max(spot.on_demand_floor, nodes.min)))
