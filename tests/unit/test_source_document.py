"""Places of keys and values, and what a document shares with its environments."""

from __future__ import annotations

import copy
import gc
import time
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from platformspec.diagnostics import Report, Span
from platformspec.diagnostics.suggest import closest
from platformspec.source import Document, Folder, apply_environment, parse
from platformspec.source.compose import compose
from platformspec.source.places import walk
from platformspec.source.scalars import resolve
from platformspec.source.text import split_lines

PLATFORM = """\
# comment
metadata: {name: acme, labels: {"a.b": x}}
models:
  chat:
    pool: l40s   # why
    targets:
    - one
    - [two,
       three]
    text: |
      a
      b
    empty:
  embed: &e
    pool: "l4"
  other: *e
environments:
  dev:
    patch:
      models.chat.pool: h100
      models.chat.targets[1]: {a: b}
      models.embed: null
      models.new: {pool: l4}
"""


def document(tmp_path: Path, text: str, environment: str | None = None) -> Document:
    (tmp_path / "platform.yaml").write_text(text, encoding="utf-8")
    report = Report()
    parsed = parse(Folder(tmp_path), "platform.yaml", report)
    assert parsed is not None
    if environment:
        parsed = apply_environment(parsed, environment, report)
    assert list(report) == []
    return parsed


def place(span: Span | None) -> tuple[int, int, int, int]:
    assert span is not None
    assert span.file == "platform.yaml"
    return (span.line, span.column, span.end_line, span.end_column)


def test_spans(tmp_path: Path) -> None:
    base = document(tmp_path, PLATFORM)
    chat = ("models", "chat")
    assert place(base.span(())) == (2, 1, 23, 29)
    assert place(base.span(("metadata",))) == (2, 11, 2, 43)
    assert place(base.span(("metadata", "labels", "a.b"))) == (2, 40, 2, 41)
    assert place(base.key_span(("metadata", "labels", "a.b"))) == (2, 33, 2, 38)
    assert place(base.key_span(chat)) == (4, 3, 4, 7)
    assert place(base.span((*chat, "pool"))) == (5, 11, 5, 15)
    assert place(base.span((*chat, "targets"))) == (7, 5, 9, 14), "a block ends with its last value"
    assert place(base.span((*chat, "targets", 1, 1))) == (9, 8, 9, 13)
    assert place(base.key_span((*chat, "targets", 0))) == (7, 7, 7, 10), "a position has no key"
    assert place(base.span((*chat, "empty"))) == (13, 11, 13, 11)
    assert place(base.span(("models", "other"))) == (16, 10, 16, 12), "an alias stands where it is written"
    assert place(base.span(("models", "other", "pool"))) == (15, 11, 15, 15)


def test_nearest_written_ancestor(tmp_path: Path) -> None:
    base = document(tmp_path, PLATFORM)
    for path in (("models", "chat", "pool", "x"), ("models", "chat", "pool", 0, "y")):
        assert base.span(path) == base.span(("models", "chat", "pool"))
        assert not base.written(path)
    assert base.key_span(("models", "chat", "scale", "min")) == base.key_span(("models", "chat"))
    assert base.span(("nothing",)) == base.span(())
    assert base.span(("models", "chat", "targets", 7)) == base.span(("models", "chat", "targets"))
    assert base.written(("models", "chat", "targets", 1, 0))
    assert base.written(())
    assert not base.written(("models", "chat", "targets", -1))
    assert not base.written(("models", 0))


def test_span_tables(tmp_path: Path) -> None:
    base = document(tmp_path, PLATFORM)
    assert base.spans[("models", "chat", "targets", 1, 0)] == base.span(("models", "chat", "targets", 1, 0))
    assert list(base.spans)[:3] == [(), ("metadata",), ("metadata", "name")]
    assert base.key_spans[("models", "chat")] == base.key_span(("models", "chat"))
    assert () not in base.key_spans
    assert ("models", "chat", "targets", 1, 0) not in base.key_spans
    assert base.texts == {"platform.yaml": PLATFORM}


def test_an_environment_places_its_values_in_the_patch(tmp_path: Path) -> None:
    base = document(tmp_path, PLATFORM)
    before = copy.deepcopy(base.data)
    dev = apply_environment(base, "dev", Report())
    assert dev.data["models"] == {
        "chat": before["models"]["chat"] | {"pool": "h100", "targets": ["one", {"a": "b"}]},
        "other": {"pool": "l4"},
        "new": {"pool": "l4"},
    }
    assert place(dev.span(("models", "chat", "pool"))) == (20, 25, 20, 29)
    assert place(dev.key_span(("models", "chat", "pool"))) == (20, 7, 20, 23)
    assert place(dev.span(("models", "chat", "targets", 1, "a"))) == (21, 35, 21, 36)
    assert place(dev.key_span(("models", "new"))) == (23, 7, 23, 17)
    assert place(dev.span(("models", "chat", "targets", 0))) == (7, 7, 7, 10)
    assert not dev.written(("models", "embed"))
    assert dev.span(("models", "embed")) == dev.span(("models",))


def test_origins(tmp_path: Path) -> None:
    dev = document(tmp_path, PLATFORM, "dev")
    assert dev.origin(("models", "chat", "pool")) == ("environment", "dev")
    assert dev.origin(("models", "new", "pool")) == ("environment", "dev")
    assert dev.origin(("models", "embed")) == ("environment", "dev"), "it was removed there"
    assert dev.origin(("models", "chat")) == "file"
    assert dev.origin(("models", "chat", "targets", 0)) == "file"
    assert dev.origin(()) == "file"


def test_the_base_is_left_alone_and_shared(tmp_path: Path) -> None:
    base = document(tmp_path, PLATFORM)
    before, spans = copy.deepcopy(base.data), dict(base.spans)
    dev = apply_environment(base, "dev", Report())
    assert base.data == before
    assert base.span(("models", "embed")) == spans[("models", "embed")]
    assert {path: base.span(path) for path in spans} == spans
    assert dev.data["metadata"] is base.data["metadata"]
    assert dev.data["models"]["other"] is base.data["models"]["other"]
    assert base.origins == {}


def test_an_aliased_value_is_patched_in_one_place(tmp_path: Path) -> None:
    text = "a: &a {b: {c: 1}}\nd: *a\nenvironments: {x: {patch: {d.b.c: 2}}}\n"
    assert document(tmp_path, text, "x").data | {"environments": None} == {
        "a": {"b": {"c": 1}}, "d": {"b": {"c": 2}}, "environments": None,
    }  # fmt: skip


def test_include_leaves_the_data_and_keeps_its_place(tmp_path: Path) -> None:
    (tmp_path / "team.yaml").write_text("teams:\n  a: {}\nmodels:\n  small: {}\nwaivers: [{x: 1}]\n")
    merged = document(tmp_path, "include: [team.yaml]\nmodels: {chat: {}}\nwaivers: [1]\n")
    assert "include" not in merged.data
    assert place(merged.span(("include",))) == (1, 10, 1, 21)
    assert merged.span(("models", "small")) == Span("team.yaml", 4, 10, 4, 12)
    assert merged.span(("teams",)) == Span("team.yaml", 2, 3, 2, 8)
    assert merged.span(("waivers", 1, "x")) == Span("team.yaml", 5, 15, 5, 16)
    assert place(merged.span(("models",))) == (2, 9, 2, 19)
    assert set(merged.texts) == {"platform.yaml", "team.yaml"}


def test_gc_is_left_as_it_was() -> None:
    assert gc.isenabled()
    compose("a: 1", "f", Report())
    compose("a: [", "f", Report())
    assert gc.isenabled()


@pytest.mark.parametrize(
    ("word", "candidates", "found"),
    [
        ("h10", ["h100", "l40s"], "h100"),
        ("modles", ["models", "model"], "models"),
        ("PROD", ["prod"], "prod"),
        ("abc", ["xyz"], None),
        ("ab", ["cd"], None),  # two edits of two letters: another word
        ("kitten", ["sitting"], None),
        ("b", ["a", "bb"], None),
        ("bat", ["cat", "bad"], "bad"),
        ("", ["a"], None),
        ("chat", [], None),
        ("abcd", ["badc"], "badc"),
    ],
)
def test_closest(word: str, candidates: list[str], found: str | None) -> None:
    assert closest(word, candidates) == found


TEXT = st.text(
    st.characters(
        exclude_categories=("Cs", "Cc"),
        exclude_characters="\ufeff\u2028\u2029\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\ufffe\uffff",
    ),
    max_size=12,
)
WORDS = st.sampled_from(
    ["yes", "no", "010", "12:30", "2026-01-31", "null", "~", "1e3", ".5", "=", "<<", "0x1F", "- a", "a: b", "#", "1_0"]
)


def in_quotes_or_text(text: str) -> bool:
    """PyYAML writes without quotes what is a number to YAML 1.2 alone, such as 1e3."""
    return isinstance(resolve(text), str) or yaml.safe_dump(text)[0] in "'\""


KEYS = (TEXT | WORDS).filter(in_quotes_or_text)
SCALARS = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | KEYS
DATA = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=4), max_leaves=12
)


@settings(deadline=None, max_examples=150)
@given(
    st.dictionaries(KEYS, DATA, min_size=1, max_size=4), st.booleans(), st.sampled_from(["\n", "\r\n"]), st.booleans()
)
def test_what_pyyaml_writes_comes_back(data: dict[str, Any], flow: bool, line_break: str, unicode: bool) -> None:
    style = None if flow else False
    text = yaml.safe_dump(data, default_flow_style=style, line_break=line_break, allow_unicode=unicode, sort_keys=False)
    report = Report()
    composed = compose(text, "f", report)
    assert list(report) == []
    assert composed is not None
    assert composed[0] == data
    document = Document(*composed, {}, {"f": text})
    lines = split_lines(text)
    for path, found in walk(composed[1]):
        value: Any = data
        for part in path:
            value = value[part]
        if found[5] is None and path:
            assert yaml.safe_load(cut(lines, document.span(path))) == value
            if found[1] is not None:
                assert yaml.safe_load(cut(lines, document.key_span(path))) == path[-1]


def cut(lines: list[str], span: Span | None) -> str:
    """The text of a span, its further lines without their indentation, under which it would not parse alone."""
    assert span is not None
    if span.line == span.end_line:
        return lines[span.line - 1][span.column - 1 : span.end_column - 1]
    first, *middle = lines[span.line - 1 : span.end_line - 1]
    last = lines[span.end_line - 1][: span.end_column - 1]
    return "\n".join([first[span.column - 1 :], *middle, last])


@settings(deadline=None, max_examples=200)
@given(st.text(st.sampled_from(" \n\t-:?[]{},#&*!|>'\"%@`ab01.<\u00e9\U0001f600"), max_size=30))
def test_no_text_breaks_the_parser(text: str) -> None:
    report = Report()
    composed = compose(text, "f", report)
    assert composed is not None or not report.ok
    lines = split_lines(text)
    for found in report:
        assert found.help
        assert found.span is not None
        assert 1 <= found.span.line <= len(lines)
        assert 1 <= found.span.column <= len(lines[found.span.line - 1]) + 1


def cpu_seconds(work: Any) -> float:
    start = time.process_time()
    work()
    return time.process_time() - start


def test_speed() -> None:
    """Half of the time of PyYAML's own C loader, though it keeps no places; about 0.13 s of CPU per MB."""
    one = "".join(
        f"  chat-{i}:\n    team: assist\n    source: {{hugging_face: meta/llama, revision: 6f6073b}}\n"
        f"    serve: {{engine: vllm, tensor_parallel: 2, context_tokens: {i}}}\n    rollout:\n      canary: [5, 25, 100]\n"
        for i in range(1500)
    )
    text = f"models:\n{one}"
    report = Report()
    ours = min(cpu_seconds(lambda: compose(text, "f", report)) for _ in range(3))
    theirs = min(cpu_seconds(lambda: yaml.load(text, Loader=yaml.CSafeLoader)) for _ in range(3))
    assert len(report) == 0
    assert ours / theirs <= 0.6, f"{ours:.3f} s against {theirs:.3f} s"


def test_billion_laughs_are_short() -> None:
    lines = ["a0: &a0 [lol, lol, lol, lol, lol, lol, lol, lol, lol, lol]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 30)]
    report = Report()
    taken = cpu_seconds(lambda: compose("\n".join(lines), "f", report))
    assert [found.code.id for found in report] == ["PS115"]
    assert taken < 1


def test_many_brackets_are_short() -> None:
    report = Report()
    taken = cpu_seconds(lambda: compose("a: " + "[" * 1_000_000, "f", report))
    assert [found.code.id for found in report] == ["PS114"]
    assert taken < 1


def test_a_patch_copies_only_the_way_to_it() -> None:
    report = Report()
    entries = "".join(f"  m{i}: {{a: {{b: 1, c: [1, 2]}}}}\n" for i in range(10_000))
    composed = compose(
        f"models:\n{entries}environments: {{x: {{patch: {{models.m7.a.b: 2, models.m8.a.b: 3}}}}}}\n", "f", report
    )
    assert composed is not None
    base = Document(*composed, {}, {})
    taken = cpu_seconds(lambda: apply_environment(base, "x", report))
    assert taken < 0.1
    assert report.ok
