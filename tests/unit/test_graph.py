"""Edges, order, cycles, and the graph's pictures."""

from __future__ import annotations

import json

from platformspec.address import Address
from platformspec.diagnostics import Report
from platformspec.graph import render
from platformspec.graph.edge import Edge
from platformspec.graph.resolve import CYCLE, _acyclic
from tests.support.platforms import base, graph_of

DATA = base(
    gpu_pools={"l4": {"accelerator": "l4"}},
    teams={"search": {}},
    models={"embedder": {"team": "search", "task": "embedding", "source": {"hugging_face": "BAAI/bge-m3"}}},
    vector_stores={
        "docs": {"engine": "qdrant", "collections": {"pages": {"embed_with": "embedder", "owner": "search"}}}
    },
    gateways={"main": {"routes": {"embed": {"targets": ["embedder"]}}}},
)


def test_left_out_references_are_filled_in() -> None:
    edges = {edge.id for edge in graph_of(DATA).edges}
    assert "model.embedder/runs_on/gpu_pool.l4" in edges
    assert "gpu_pool.l4/placed_in/cluster.main" in edges
    assert "gateway.main/serves/team.search" in edges


def test_children_are_sources() -> None:
    edges = {edge.id for edge in graph_of(DATA).edges}
    assert {
        "vector_store.docs/pages/embeds_with/model.embedder",
        "gateway.main/embed/routes_to/model.embedder",
    } <= edges


def test_waves_put_users_after_what_they_use() -> None:
    graph = graph_of(DATA)
    position = {address: number for number, wave in enumerate(graph.waves) for address in wave}
    for edge in graph.edges:
        assert position[edge.target.parent] < position[edge.source.parent], edge.id


def test_paths() -> None:
    graph = graph_of(DATA)
    path = graph.path_between(Address("gateway", "main"), Address("gpu_pool", "l4"))
    assert [edge.relation for edge in path] == ["routes_to", "runs_on"]
    assert Address("gateway", "main") in graph.downstream_of(Address("gpu_pool", "l4"))


def test_a_cycle_is_printed_as_a_path() -> None:
    graph = graph_of(DATA)
    back = Edge(Address("gpu_pool", "l4"), "needs", Address("gateway", "main"), ("gpu_pools", "l4"))
    report = Report()
    assert not _acyclic((*graph.edges, back), graph.declarations, report)
    (found,) = report
    assert found.code is CYCLE
    assert "gateway.main -> " in found.message
    assert found.message.endswith("gateway.main")


def test_pictures() -> None:
    graph = graph_of(DATA)
    assert '"model.embedder"' in render.mermaid(graph)
    assert '"model.embedder" -> "gpu_pool.l4" [label="runs_on"];' in render.dot(graph)
    data = json.loads(render.as_json(graph))
    assert len(data["edges"]) == len(graph.edges)
    assert data["waves"][-1] == [str(address) for address in graph.waves[-1]]
