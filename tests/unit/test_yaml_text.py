"""Our YAML reads back as it went in, by a parser that nobody here wrote."""

from __future__ import annotations

from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from platformspec.diagnostics import Report
from platformspec.ir.yaml_text import dump
from platformspec.source.document import parse
from tests.support.memory_tree import MemoryTree

TEXT = st.text(st.characters(exclude_categories=["Cs"]))
HOSTILE = st.sampled_from(
    ["no", "010", "1e3", "~", "a: b", "- x", "#c", "a #b", "'", '"', "|", "x\ny\n", "x\n\ny", "1:30", "2020-01-01", "=", "<<", "_1", "0x1f", ".5", "1_000", "a\n\n", "${file(\"x\")}", "%{ if }", " lead", "trail ", "\ttab", "\u2028", "\x07"]
)  # fmt: skip
LEAF = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False, allow_infinity=False), TEXT, HOSTILE
)
TREE = st.recursive(
    LEAF,
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(TEXT | HOSTILE, inner, max_size=4)),
    max_leaves=15,
)


@settings(max_examples=400, deadline=None)
@given(TREE)
def test_reads_back(value: Any) -> None:
    assert yaml.load(dump(value), Loader=yaml.CSafeLoader) == value


@settings(max_examples=200, deadline=None)
@given(st.dictionaries(st.from_regex(r"[a-z]{1,8}", fullmatch=True), TEXT | HOSTILE, min_size=1, max_size=4))
def test_reads_back_as_yaml_1_2(value: dict[str, str]) -> None:
    if any(not char.isprintable() and char not in "\n\t" for text in value.values() for char in text):
        return
    report = Report()
    document = parse(MemoryTree({"platform.yaml": dump(value)}), "platform.yaml", report)
    assert document is not None, [d.message for d in report]
    assert document.data == value


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ({"a": [{"b": 1, "c": ["x"]}, []]}, "a:\n- b: 1\n  c:\n  - x\n- []\n"),
        ({"script": "set -e\necho hi\n"}, "script: |\n  set -e\n  echo hi\n"),
        ({"version": "1.35", "flag": "true"}, 'version: "1.35"\nflag: "true"\n'),
    ],
)
def test_looks_as_people_write_it(value: Any, text: str) -> None:
    assert dump(value) == text
