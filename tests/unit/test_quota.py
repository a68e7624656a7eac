"""Quota algebra: needs that may be met by several accelerators."""

from __future__ import annotations

import networkx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from platformspec_kubernetes.tenancy.placement import places
from platformspec_kubernetes.tenancy.quota import shortfalls

ACCELERATORS = ("a100", "h100", "l4", "l40s")
NEEDS = st.dictionaries(
    st.frozensets(st.sampled_from(ACCELERATORS), min_size=1, max_size=3), st.integers(0, 8), max_size=4
)
AVAILABLE = st.dictionaries(st.sampled_from(ACCELERATORS), st.integers(0, 8))


def flows(needs: dict[frozenset[str], int], available: dict[str, int]) -> bool:
    """Whether the needs can be met, found by sending GPUs from accelerators to models."""
    graph: networkx.DiGraph[str] = networkx.DiGraph()
    graph.add_nodes_from(("source", "sink"))
    for accelerator, gpus in available.items():
        graph.add_edge("source", accelerator, capacity=gpus)
    for number, (accelerators, gpus) in enumerate(needs.items()):
        for accelerator in accelerators:
            graph.add_edge(accelerator, f"model{number}", capacity=gpus)
        graph.add_edge(f"model{number}", "sink", capacity=gpus)
    return bool(networkx.maximum_flow_value(graph, "source", "sink") == sum(needs.values()))


@given(NEEDS, AVAILABLE)
def test_a_shortfall_is_found_exactly_where_needs_cannot_be_met(
    needs: dict[frozenset[str], int], available: dict[str, int]
) -> None:
    assert (not list(shortfalls(needs, available))) == flows(needs, available)


def test_the_smallest_set_is_named() -> None:
    needs = {frozenset({"l4"}): 3, frozenset({"l4", "l40s"}): 1}
    assert list(shortfalls(needs, {"l4": 2, "l40s": 0})) == [(frozenset({"l4"}), 3, 2)]


def test_needs_that_share_an_accelerator_are_held_together() -> None:
    needs = {frozenset({"l4", "l40s"}): 2, frozenset({"a100", "l40s"}): 2}
    assert list(shortfalls(needs, {"a100": 1, "l4": 1, "l40s": 1})) == [(frozenset({"a100", "l4", "l40s"}), 4, 3)]


@pytest.mark.parametrize(
    ("nodes", "pods", "fit"),
    [
        ({4: 2}, [3, 3, 2], False),
        ({4: 2}, [2, 2, 3], True),
        # Largest first into the first node that holds it leaves the last two without a place; another order does not.
        ({10: 2}, [6, 5, 3, 2, 2, 2], True),
        ({8: 1, 4: 1}, [8, 3, 1], True),
        ({8: 1, 4: 1}, [5, 5], False),
        ({8: 1000}, [5] * 400, True),
        ({8: 2}, [], True),
    ],
)
def test_pods_have_places(nodes: dict[int, int], pods: list[int], fit: bool) -> None:
    assert places(nodes, pods) is fit


def test_what_takes_too_long_to_try_is_not_claimed() -> None:
    assert places({16: 45}, [7, 6, 5] * 40) is None
