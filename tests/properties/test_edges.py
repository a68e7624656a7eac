"""Least privilege: what exists for an edge goes with the edge, and nothing else does."""

from __future__ import annotations

import pytest

from platformspec.diagnostics import Report
from platformspec.lower.lower import lower
from platformspec.providers import installed_providers
from tests.support.examples import Case, cases, compiled


@pytest.mark.parametrize("case", cases(), ids=str)
def test_deleting_an_edge_deletes_exactly_its_grants(case: Case) -> None:
    graph = compiled(case).graph
    assert graph is not None
    whole = lower(graph, installed_providers(), Report())
    assert whole is not None
    for edge in graph.edges:
        report = Report()
        rest = lower(graph, installed_providers(), report, edges=tuple(other for other in graph.edges if other != edge))
        assert rest is not None, (edge.id, list(report))
        before, after = whole.program.nodes, rest.program.nodes
        gone = before.keys() - after.keys()
        assert gone == {id for id, node in before.items() if node.edges == (edge.id,)}, edge.id
        assert not after.keys() - before.keys(), edge.id
        changed = {id for id in after if after[id].attrs != before[id].attrs}
        assert changed <= {id for id in after if edge.id in before[id].edges}, edge.id


def test_every_relation_that_reaches_something_is_in_an_example() -> None:
    handled = {relation for provider in installed_providers().providers for relation in provider.edges}
    seen = {edge.relation for case in cases() for edge in compiled(case).graph.edges}  # type: ignore[union-attr]
    assert handled <= seen, f"no example has an edge of {sorted(handled - seen)}"
