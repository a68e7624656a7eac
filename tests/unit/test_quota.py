"""Quota algebra: needs that may be met by several accelerators."""

from __future__ import annotations

import networkx
from hypothesis import given
from hypothesis import strategies as st
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
