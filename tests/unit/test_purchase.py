"""How the nodes of a pool are divided into on demand and spot."""

from __future__ import annotations

from hypothesis import assume, given
from hypothesis import strategies as st
from platformspec_aws.gpu_pool.purchase import parts

from platformspec.kinds.gpu_pool import GpuPoolSpec


def pool(least: int, most: int, share: float, floor: int) -> GpuPoolSpec:
    capacity = {"nodes": {"min": least, "max": most}, "spot": {"share": share, "on_demand_floor": floor}}
    return GpuPoolSpec.model_validate({"accelerator": "l4", "capacity": capacity})


@given(st.integers(0, 20), st.integers(1, 40), st.integers(1, 100), st.integers(0, 20))
def test_the_parts_keep_what_the_pool_promises(least: int, above: int, percent: int, floor: int) -> None:
    most = least + above
    assume(floor < most)  # PS415 refuses the rest
    found = parts(pool(least, most, percent / 100, floor))
    spot = sum(part.nodes for part in found if "spot" in part.capacity_types)
    assert sum(part.nodes for part in found) == above, "the largest size is exact"
    assert spot <= percent * most / 100, "spot has its share at most"
    assert most - spot >= floor, "the floor is on demand"
    assert [part.name for part in found] == [name for name in ("floor", "spot", "") if name in {p.name for p in found}]


def test_the_floor_comes_first_and_spot_takes_its_whole_share() -> None:
    named = [(part.name, part.nodes) for part in parts(pool(0, 10, 0.7, 1))]
    assert named == [("floor", 1), ("spot", 7), ("", 2)]
    # 0.29 * 100 is less than 29 in floating point.
    assert [part.nodes for part in parts(pool(0, 100, 0.29, 0))] == [29, 71]


def test_nodes_that_are_always_there_count_towards_the_floor() -> None:
    assert [(part.name, part.nodes) for part in parts(pool(2, 6, 1.0, 3))] == [("floor", 1), ("spot", 3)]
