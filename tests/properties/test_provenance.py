"""Provenance: changing a scalar of the YAML changes only attributes that name its path."""

from __future__ import annotations

import copy
import re
from collections.abc import Iterator
from typing import Any

import pytest

from platformspec.diagnostics import Path, dotted
from platformspec.driver import Compilation, compile_platform
from platformspec.ir.expr import leaves
from platformspec.ir.node import Node
from platformspec.providers import installed_providers
from tests.support.examples import AS_OF, Case, cases, compiled
from tests.support.memory_tree import MemoryTree, as_yaml

# The language's own header, and text that reaches no output because it is about the file.
WITHOUT_OUTPUT = {("apiVersion",), ("kind",)}


def scalars(data: Any, path: Path = ()) -> Iterator[tuple[Path, Any]]:
    """Every scalar of a document with its path; environments are overlays and have no output of their own."""
    if isinstance(data, dict):
        for key, value in data.items():
            if path or key != "environments":
                yield from scalars(value, (*path, key))
    elif isinstance(data, list):
        for position, value in enumerate(data):
            yield from scalars(value, (*path, position))
    else:
        yield path, data


def variations(value: Any) -> list[Any]:
    """Other values of the same type, likeliest first."""
    if isinstance(value, bool):
        return [not value]
    if isinstance(value, int):
        return [value + 1, value - 1, value * 2]
    if isinstance(value, float):
        return [value * 1.5, value / 2, value * 0.9]
    if isinstance(value, str):
        swapped = {
            "dev": "standard", "standard": "hardened", "hardened": "standard",
            "us-east-1a": "us-east-1b", "us-east-1b": "us-east-1a", "2027-03-31": "2027-04-30", "2027-06-30": "2027-05-31", "dra": "plugin", "g6.2xlarge": "g6.4xlarge", "g4dn.xlarge": "g4dn.2xlarge", "g6e.12xlarge": "g6e.24xlarge", "time_slicing": "mps", "mps": "time_slicing", "2g.20gb": "1g.20gb", "cosine": "euclidean", "dot": "cosine", "queue_depth": "kv_cache", "small": "medium",
            "medium": "large", "restricted": "internal", "internal": "restricted", "tools": "json", "vision": "json", "eu": "us", "us": "eu",
            "Qwen/Qwen3-4B": "Qwen/Qwen3-1.7B", "Qwen/Qwen3-8B": "Qwen/Qwen3-4B", "Qwen/Qwen3-14B": "Qwen/Qwen3-8B",
            "BAAI/bge-m3": "Snowflake/snowflake-arctic-embed-l-v2.0", "BAAI/bge-reranker-v2-m3": "mixedbread-ai/mxbai-rerank-large-v2",
            "meta-llama/Llama-3.3-70B-Instruct": "meta-llama/Llama-3.1-70B-Instruct", "Qwen/Qwen3-30B-A3B": "Qwen/Qwen3-8B",
            "meta-llama/Llama-3.1-405B-Instruct": "meta-llama/Llama-3.1-405B-Instruct-FP8",
            "eu-central-1": "eu-west-1", "us-east-1": "us-west-2", "eu-west-1": "eu-central-1", "1.35": "1.34", "bf16": "fp16",
            "apache-2.0": "mit", "mask": "block", "email": "url", "phone": "pin", "name": "age", "iban": "swift_code", "card_number": "card_cvv", "high": "low", "block": "warn", "unavailable": "context_exceeded",
        }  # fmt: skip
        digits = re.sub(r"\d(?=\D*$)", lambda match: str((int(match[0]) + 1) % 10), value)
        return (
            [swapped[value]]
            if value in swapped
            else [v for v in (digits, f"{value}x", f"x{value}", value[:-1] + "z") if v != value]
        )
    return []


def put(data: Any, path: Path, value: Any) -> Any:
    changed = copy.deepcopy(data)
    here = changed
    for part in path[:-1]:
        here = here[part]
    here[path[-1]] = value
    return changed


def compile_data(data: Any, environment: str | None) -> Compilation:
    return compile_platform(
        MemoryTree({"platform.yaml": as_yaml(data)}),
        "platform.yaml",
        environment=environment,
        as_of=AS_OF,
        providers=installed_providers(),
    )


def causes(c: Compilation, node: Node, path: Path) -> set[Path]:
    """The written places that the attribute's provenance leads to; `()` asks for the node's existence.

    That a declaration is there explains its nodes, but not why one of its scalars changes them: its own path does not count.
    """
    assert c.graph is not None
    roots = {declaration.path for declaration in c.graph.declarations.values()}
    found: set[Path] = set()
    for length in range(1, len(path) + 1) if path else (0,):
        for source in node.provenance.get(path[:length], ()):
            found.update({source, *c.graph.platform.causes_of(source)} - roots)
    return found


def names(sources: set[Path], path: Path) -> bool:
    """A source names the path itself, or a list or mapping that the path is in."""
    return any(path[: len(source)] == source for source in sources if source)


def unexplained(before: Compilation, after: Compilation, path: Path) -> list[str]:
    """Attributes that differ and do not name the path."""
    assert before.program is not None
    assert after.program is not None
    missed: list[str] = []
    for id in sorted({*before.program.nodes, *after.program.nodes}):
        old, new = before.program.nodes.get(id), after.program.nodes.get(id)
        if old is None or new is None:
            there, side = (new, after) if old is None else (old, before)
            assert there is not None
            if not names(causes(side, there, ()), path):
                missed.append(f"{id} appears or goes")
            continue
        if old.attrs == new.attrs:
            continue
        left, right = dict(leaves(dict(old.attrs))), dict(leaves(dict(new.attrs)))
        for attribute in {*left, *right}:
            if left.get(attribute) == right.get(attribute) and (attribute in left) == (attribute in right):
                continue
            if not names(causes(before, old, attribute) | causes(after, new, attribute), path):
                missed.append(f"{id} {dotted(attribute)}: {left.get(attribute)!r} -> {right.get(attribute)!r}")
    return missed + unexplained_costs(before, after, path)


def unexplained_costs(before: Compilation, after: Compilation, path: Path) -> list[str]:
    """Lines of the bill that differ in a quantity and do not name the path."""
    assert before.program is not None
    assert after.program is not None
    old, new = ({item.id: item for item in c.program.costs} for c in (before, after))  # type: ignore[union-attr]
    missed: list[str] = []
    for id in sorted({*old, *new}):
        sides = [(c, items[id]) for c, items in ((before, old), (after, new)) if id in items]
        amounts = {(item.least, item.likely, item.most) for _, item in sides}
        if len(sides) == 2 and len(amounts) == 1:
            continue
        sources = {
            cause
            for c, item in sides
            for source in item.sources
            for cause in (source, *c.graph.platform.causes_of(source))  # type: ignore[union-attr]
        }
        if not names(sources, path):
            missed.append(f"the cost of {id}: {[item.likely for _, item in sides]}")
    return missed


@pytest.mark.parametrize("case", cases(), ids=str)
def test_every_scalar(case: Case) -> None:
    document = compiled(case).document
    assert document is not None
    # The environment's patch is applied already.
    data = {**document.data, **({"environments": {case.environment: {}}} if case.environment else {})}
    before = compile_data(data, case.environment)
    assert before.ok, [(d.code.id, d.message) for d in before.report]
    problems: list[str] = []
    tried, unchangeable = 0, []
    for path, value in scalars(data):
        if path in WITHOUT_OUTPUT:
            continue
        for other in variations(value):
            after = compile_data(put(data, path, other), case.environment)
            if after.ok:
                tried += 1
                problems += [f"{dotted(path)} = {other!r}: {what}" for what in unexplained(before, after, path)]
                break
        else:
            unchangeable.append(dotted(path))
    print(
        f"{case}: {tried} scalars changed; {len(unchangeable)} have no other value that compiles: {', '.join(unchangeable)}"
    )
    assert not problems, f"{len(problems)} attributes change without naming the path:\n" + "\n".join(problems[:60])
    assert tried >= len(unchangeable), "too few scalars could be changed for the test to mean something"
