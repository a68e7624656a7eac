"""Properties of every platform, on platforms made at random."""

from __future__ import annotations

import random

import kubernetes_validate
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from platformspec.cli.emit_settings import emit_settings
from platformspec.diagnostics import Report
from platformspec.driver import Compilation, compile_platform
from platformspec.emit.kubernetes import render
from platformspec.emit.terraform import stack_tree
from platformspec.ir.link import link
from platformspec.ir.node import Manifest, Resource
from platformspec.ir.program import KUBERNETES_STACK
from platformspec.ir.serialise import to_json
from platformspec.lower.lower import lower
from platformspec.providers import installed_providers
from tests.properties.test_determinism import shuffled
from tests.support.examples import AS_OF
from tests.support.generated import platform
from tests.support.memory_tree import MemoryTree, as_yaml

SEEDS = st.integers(0, 10**6)


def compiled(data: object) -> Compilation:
    c = compile_platform(
        MemoryTree({"platform.yaml": as_yaml(data)}),
        "platform.yaml",
        environment=None,
        as_of=AS_OF,
        providers=installed_providers(),
    )
    assert c.ok, [(d.code.id, d.message, d.help) for d in c.report]
    return c


@settings(max_examples=40)
@given(SEEDS, st.integers(0, 100))
def test_shuffled_declarations_give_the_same_program(seed: int, order: int) -> None:
    data = platform(seed)
    first, second = compiled(data), compiled(shuffled(data, random.Random(order)))
    assert first.program is not None
    assert second.program is not None
    assert to_json(first.program) == to_json(second.program)


@settings(max_examples=25)
@given(SEEDS)
def test_everything_is_emitted_and_strictly_valid(seed: int) -> None:
    c = compiled(platform(seed))
    assert c.program is not None
    linked = link(c.program, emit_settings(c, "cdktf").remote_state)
    for stack in linked.by_stack:
        if stack != KUBERNETES_STACK:
            stack_tree(linked, stack)
    for node in linked:
        if isinstance(node, Manifest):
            content, _ = render(linked, node)
            loaded = yaml.safe_load(content)
            if loaded["apiVersion"] in ("v1", "apps/v1", "batch/v1", "networking.k8s.io/v1"):
                kubernetes_validate.validate(loaded, "1.35", strict=True)


@settings(max_examples=15)
@given(SEEDS)
def test_deleting_an_edge_deletes_exactly_its_grants(seed: int) -> None:
    graph = compiled(platform(seed)).graph
    assert graph is not None
    whole = lower(graph, installed_providers(), Report())
    assert whole is not None
    for edge in graph.edges:
        rest = lower(
            graph, installed_providers(), Report(), edges=tuple(other for other in graph.edges if other != edge)
        )
        assert rest is not None
        before, after = whole.program.nodes, rest.program.nodes
        assert before.keys() - after.keys() == {id for id, node in before.items() if node.edges == (edge.id,)}


@settings(max_examples=25)
@given(SEEDS)
def test_everything_that_carries_tags_says_whose_it_is(seed: int) -> None:
    c = compiled(platform(seed))
    assert c.program is not None
    catalogue = next(p.catalogue for p in c.providers.providers if p.catalogue is not None)
    for node in c.program:
        if isinstance(node, Resource) and catalogue.carries_tags(node.type):
            tags = node.attrs["tags"]
            assert isinstance(tags, dict)
            assert {"platformspec:platform", "platformspec:address"} <= tags.keys(), node.id
        if isinstance(node, Manifest):
            labels = node.attrs["metadata"]["labels"]  # type: ignore[index,call-overload]
            assert {"app.kubernetes.io/part-of", "platformspec.dev/address"} <= labels.keys(), node.id
