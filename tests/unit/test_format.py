"""Formatting: the same data, the same comments, and a fixed point, for every file that can be read."""

from __future__ import annotations

import json
import pathlib
import random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from platformspec.diagnostics import Report
from platformspec.source.compose import compose
from platformspec.source.format import WIDTH, comments_of, formatted
from tests.support.examples import ROOT

LONG = ", ".join(f"instance-{number}.xlarge" for number in range(8))
PAIRS = {
    "spaces and empty lines": ("a:   1\n\n\n\nb:    2\n\n\n", "a: 1\n\nb: 2\n"),
    "no empty line at the start of a level": ("\n\na:\n\n  b: 1\n\n  c: 2\n", "a:\n  b: 1\n\n  c: 2\n"),
    "two spaces for each level": ("a:\n    b:\n        c: 1\n", "a:\n  b:\n    c: 1\n"),
    "lists in mappings are indented": ("a:\n- x\n- y: 1\n  z: 2\n", "a:\n  - x\n  - y: 1\n    z: 2\n"),
    "brackets": ("a: { b:   1,c: [ x,z ] }\n", "a: {b: 1, c: [x, z]}\n"),
    "brackets over several lines that fit into one": ("a: {\n  b: 1,\n  c: 2,\n}\n", "a: {b: 1, c: 2}\n"),
    "too long brackets are opened one level": (
        f"p: {{a: {{accelerator: l4, instances: [{LONG}]}}, b: {{accelerator: t4}}}}\n",
        "p:\n  a:\n    accelerator: l4\n    instances:\n"
        + "".join(f"      - instance-{number}.xlarge\n" for number in range(8))
        + "  b: {accelerator: t4}\n"
        if len(LONG) + 17 > WIDTH
        else "",
    ),
    "brackets with comments inside are opened": (
        "a: {b: 1, # first\n  # about c\n  c: 2}\n",
        "a:\n  b: 1 # first\n  # about c\n  c: 2\n",
    ),
    "comments keep to their entries": (
        "# top\n\n#about a\na: 1   # one\nb:  # two\n  # about c\n  c: 1\n  # the end\n",
        "# top\n\n# about a\na: 1 # one\nb: # two\n  # about c\n  c: 1\n# the end\n",
    ),
    "quotes stay": ("a: '4410'\nb: \"x\"\nc: 'it''s'\n", "a: '4410'\nb: \"x\"\nc: 'it''s'\n"),
    "text over several lines": ('a: one\n  two\nb: "one\n  two"\n', 'a: one two\nb: "one two"\n'),
    "literal blocks keep their lines": (
        "a:\n   b: |\n       one\n\n         two\n   c: >-\n     x\n",
        "a:\n  b: |\n    one\n\n      two\n  c: >-\n    x\n",
    ),
    "a literal block that counts its indentation": ("a: |2\n    x\n", 'a: "  x\\n"\n'),
    "anchors and aliases": ("a: &x {b: 1}\nc: *x\nd: &y\n  e: 1\n", "a: &x {b: 1}\nc: *x\nd: &y\n  e: 1\n"),
    "nothing": ("a:\nb: {}\nc: []\nd: {x, y: }\n", "a:\nb: {}\nc: []\nd: {x: null, y: null}\n"),
    "lists of lists": ("a:\n- - 1\n  - 2\n- [3]\n", "a:\n  -\n    - 1\n    - 2\n  - [3]\n"),
    "a hash is no comment in text": ("a: x#y\nb: '# no' # yes\n", "a: x#y\nb: '# no' # yes\n"),
    "line ends of Windows": ("a: 1\r\n\r\nb: |\r\n  x\r\n  y\r\n", "a: 1\n\nb: |\n  x\n  y\n"),
    "an explicit key": ("? a\n: 1\n", "a: 1\n"),
    "a document start": ("--- # here\na: 1\n", "---\n# here\na: 1\n"),
}


def data(text: str) -> Any:
    report = Report()
    composed = compose(text, "f", report)
    assert report.ok, (text, [d.message for d in report])
    assert composed is not None
    return composed[0]


def check(text: str) -> str:
    out = formatted(text)
    assert data(out) == data(text)
    assert sorted(comments_of(out)) == sorted(comments_of(text))
    assert formatted(out) == out
    return out


@pytest.mark.parametrize("name", PAIRS)
def test_pairs(name: str) -> None:
    text, wanted = PAIRS[name]
    assert check(text) == wanted


@pytest.mark.parametrize("path", sorted(ROOT.glob("examples/**/*.yaml")), ids=lambda path: str(path.relative_to(ROOT)))
def test_examples_are_formatted(path: pathlib.Path) -> None:
    text = path.read_text("utf-8")
    assert check(text) == text, f"platformspec fmt {path.relative_to(ROOT)}"


class Writer:
    """Writes data as people do: in any style, with any spaces and comments."""

    def __init__(self, seed: int) -> None:
        self.chooser = random.Random(seed)

    def maybe(self, share: float = 0.3) -> bool:
        return self.chooser.random() < share

    def noise(self, indent: str) -> str:
        lines = [
            f"{indent}#{self.chooser.choice(['', ' x', 'y: 1', ' - z', '!s'])}" for _ in range(2) if self.maybe(0.2)
        ]
        return "".join(f"{line}\n" for line in [*lines, *([""] if self.maybe(0.2) else [])])

    def end(self) -> str:
        return (
            f"{' ' * self.chooser.randint(1, 3)}# {self.chooser.choice(['a', 'b: c', 'd #e'])}\n"
            if self.maybe(0.2)
            else "\n"
        )

    def scalar(self, value: Any) -> str:
        if not isinstance(value, str):
            return json.dumps(value)
        plain = (
            value.isalnum() and not value[0].isdigit() and value not in ("y", "n", "null", "true", "false", "no", "yes")
        )
        if plain and self.maybe(0.6):
            return value
        if "\n" not in value and self.maybe(0.5):
            return "'" + value.replace("'", "''") + "'"
        return json.dumps(value, ensure_ascii=False)

    def flow(self, value: Any, indent: str) -> str:
        if not isinstance(value, (dict, list)):
            return self.scalar(value)
        gap = lambda: self.chooser.choice(["", " ", f"\n{indent} ", f" # in\n{indent} "]) if self.maybe() else ""  # noqa: E731
        parts = [
            f"{gap()}{self.scalar(k) + ': ' if isinstance(value, dict) else ''}{self.flow(v, indent)}{gap()}"
            for k, v in (value.items() if isinstance(value, dict) else enumerate(value))
        ]
        return ("{%s}" if isinstance(value, dict) else "[%s]") % ", ".join(parts)

    def block(self, value: Any, indent: str) -> str:
        out = ""
        step = " " * self.chooser.randint(1, 4)
        for key, item in value.items() if isinstance(value, dict) else enumerate(value):
            head = f"{self.scalar(key)}:" if isinstance(value, dict) else "-"
            out += self.noise(indent) + indent + head
            if isinstance(item, (dict, list)) and item and self.maybe(0.7):
                out += self.end() + self.block(item, indent + step)
            elif isinstance(item, str) and item.isalnum() and self.maybe(0.2):
                out += f" |\n{indent}  {item}\n{indent}  {item}\n"
            else:
                out += f" {self.flow(item, indent + '  ')}" + self.end()
        return out


WORDS = st.sampled_from(["a", "b", "c-d", "e f", "it's", 'q"q', "#x", "x#", "12", "no", "- x", "é", "a: b", "l" * 40])
VALUES = st.recursive(
    WORDS | st.integers(-5, 5) | st.booleans(),
    lambda inner: st.dictionaries(WORDS, inner, max_size=4) | st.lists(inner, max_size=4),
    max_leaves=25,
)


@settings(max_examples=400, deadline=None)
@given(st.dictionaries(WORDS, VALUES, min_size=1, max_size=5), st.integers(0, 2**32))
def test_files_in_any_style(value: dict[str, Any], seed: int) -> None:
    check(Writer(seed).block(value, "") + "# last\n")
