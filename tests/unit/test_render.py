"""The five forms of a diagnostic."""

from __future__ import annotations

import json as stdlib_json
import re
import unicodedata

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from platformspec.diagnostics import Code, Diagnostic, Related, Span
from platformspec.diagnostics.render import concise, full, github, json, sarif
from platformspec.diagnostics.render.terminal import MOST_COLUMNS, columns, snippet, visible

# No code of the compiler has these numbers: PS8xx belongs to no pass.
NO_NODE = Code("PS812", "no instance type has this many GPUs", "AWS sells accelerators in fixed bundles.")
UNUSED = Code("PS813", "a waiver that nothing needs", "The finding is gone.")

FILE = "examples/demo/platform.yaml"
TEXT = "a: 1\n\n\n\ngpu_pools:\n    gpus_per_node: 3\n"
NODE = Diagnostic(
    NO_NODE,
    "AWS has no node with 3 h100 GPUs",
    Span(FILE, 6, 20, 6, 21),
    help="h100 nodes come with 8 GPUs",
    related=(Related("needed by model.llama-70b", Span(FILE, 15, 14, 15, 20)),),
    path=("gpu_pools", "big", "zones", 0),
)
WAIVER = Diagnostic(UNUSED, "the waiver hides nothing", None, related=(Related("nothing found"),), severity="warning")


def one(span: Span, **fields: object) -> Diagnostic:
    return Diagnostic(NO_NODE, "m", span, **fields)  # type: ignore[arg-type]


def quoted(line: str, start: int, end: int) -> list[str]:
    """The quoted line and its underline, for a span of one line by columns."""
    return full.render([one(Span("f", 1, start, 1, end))], {"f": line}).splitlines()[3:5]


def test_full() -> None:
    assert (
        full.render([NODE, WAIVER], {FILE: TEXT})
        == """\
error[PS812]: AWS has no node with 3 h100 GPUs
 --> examples/demo/platform.yaml:6:20
  |
6 |     gpus_per_node: 3
  |                    ^
  = help: h100 nodes come with 8 GPUs
  = note: needed by model.llama-70b (examples/demo/platform.yaml:15:14)

warning[PS813]: the waiver hides nothing
  = note: nothing found
"""
    )
    assert full.render([], {}) == ""


def test_full_with_a_wide_gutter_label_and_long_help() -> None:
    found = one(Span("f", 123, 3, 123, 6), label="here", help="one\ntwo")
    assert (
        full.render([found], {"f": "\n" * 122 + "a: bcd"})
        == """\
error[PS812]: m
   --> f:123:3
    |
123 | a: bcd
    |   ^^^ here
    = help: one
            two
"""
    )


def test_full_without_the_text() -> None:
    assert full.render([one(Span("f", 2, 1, 2, 2))], {}) == "error[PS812]: m\n --> f:2:1\n"


def test_full_at_the_end_of_the_text() -> None:
    assert full.render([one(Span("f", 2, 1, 2, 2))], {"f": "a: [\n"}).splitlines()[2:] == ["  |", "2 |", "  | ^"]
    assert full.render([one(Span("f", 9, 5, 9, 6))], {"f": "a: ["}).splitlines()[2:] == ["  |", "9 |", "  | ^"]


def test_full_with_several_lines() -> None:
    found = one(Span("f", 1, 4, 3, 2))
    assert full.render([found], {"f": "a: [1,  \n2\n]"}).splitlines()[3:] == ["1 | a: [1,", "  |    ^^^"]


def test_lines_end_where_yaml_ends_them() -> None:
    assert full.render([one(Span("f", 3, 1, 3, 2))], {"f": "a\x0b\r\nb\rc"}).splitlines()[3] == "3 | c"


@pytest.mark.parametrize(
    ("line", "start", "end", "shown", "underline"),
    [
        ("a: bc", 4, 6, "a: bc", "   ^^"),
        ("a: bc", 4, 4, "a: bc", "   ^"),
        ("\ta: b", 5, 6, "    a: b", "       ^"),
        ("a:\tb", 4, 5, "a:    b", "      ^"),
        ("日本: x", 5, 6, "日本: x", "      ^"),
        ("日本: x", 1, 3, "日本: x", "^^^^"),
        ("e\u0301: x", 5, 6, "e\u0301: x", "   ^"),
        ("e\u0301: x", 2, 3, "e\u0301: x", "^"),
        ("\U0001f600: x", 4, 5, "\U0001f600: x", "    ^"),
        ("a: \x1b[2Jb", 8, 9, "a: ␛[2Jb", "       ^"),
        ("a: \u202eb", 5, 6, "a: <U+202E>b", "           ^"),
        ("\x9b\x7f\0b", 4, 5, "<U+009B>␡␀b", "          ^"),
    ],
)
def test_the_caret_is_under_its_text(line: str, start: int, end: int, shown: str, underline: str) -> None:
    assert quoted(line, start, end) == [f"1 | {shown}", f"  | {underline}"]


@pytest.mark.parametrize("start", [0, 1, 100, 250, 498, 499])
def test_a_long_line_is_cut_around_the_caret(start: int) -> None:
    line = "".join(chr(ord("a") + i % 26) for i in range(500))
    shown, offset, length = snippet(line, start, start + 1)
    assert columns(shown) <= MOST_COLUMNS
    assert (shown[offset], length) == (line[start], 1)
    assert shown.startswith("…") == (start >= 100)
    assert shown.endswith("…") == (start <= 250)


def test_a_long_value_is_underlined_as_far_as_it_is_shown() -> None:
    shown, offset, length = snippet("a: " + "x" * 500, 3, 503)
    assert columns(shown) <= MOST_COLUMNS
    assert offset + length <= MOST_COLUMNS
    assert shown[offset : offset + length] == "x" * length
    assert length > 90


@settings(deadline=None, max_examples=200)
@given(st.text(max_size=300), st.integers(0, 300), st.integers(0, 300))
def test_no_line_escapes_its_quote(line: str, start: int, length: int) -> None:
    shown, offset, underline = snippet(line, start, start + length)
    assert all(unicodedata.category(character) not in ("Cc", "Cs", "Co", "Cn", "Zl", "Zp") for character in shown)
    assert columns(shown) <= MOST_COLUMNS
    assert offset >= 0
    assert underline >= 1


def test_messages_and_file_names_cannot_drive_the_terminal() -> None:
    evil = "\x1b]0;title\x07\r\n\u202e"
    found = Diagnostic(
        NO_NODE, evil, Span(evil, 1, 1, 1, 2), evil, evil, (Related(evil, Span(evil, 1, 1, 1, 2)), Related(evil))
    )
    for text in (
        full.render([found], {evil: evil}),
        concise.render([found], {}),
        github.render([found], {}),
        json.render([found], {}),
        sarif.render([found], {}, version="1"),
    ):
        assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202e]", text)
    assert len(concise.render([found], {}).splitlines()) == 1
    assert len(github.render([found], {}).splitlines()) == 1


def test_visible() -> None:
    assert visible("a é 日 \u00a0 e\u0301") == "a é 日 \u00a0 e\u0301"
    assert visible("\n\t\x1b\x7f\x85\u2028\ud800\ue000") == "␊␉␛␡<U+0085><U+2028><U+D800><U+E000>"
    assert visible("\U0001f469\u200d\U0001f4bb") == "\U0001f469\u200d\U0001f4bb", "joined emoji stay joined"


def test_color() -> None:
    plain = full.render([NODE, WAIVER], {FILE: TEXT})
    painted = full.render([NODE, WAIVER], {FILE: TEXT}, color=True)
    assert "\x1b" not in plain
    assert painted.startswith("\x1b[1;31merror[PS812]\x1b[0m")
    assert "\x1b[1;33mwarning[PS813]\x1b[0m" in painted
    assert re.sub(r"\x1b\[[0-9;]*m", "", painted) == plain
    assert re.sub(r"\x1b\[[0-9;]*m", "", concise.render([NODE], {}, color=True)) == concise.render([NODE], {})


def test_concise() -> None:
    assert concise.render([NODE, WAIVER], {}) == (
        "examples/demo/platform.yaml:6:20: error[PS812] AWS has no node with 3 h100 GPUs\n"
        "warning[PS813] the waiver hides nothing\n"
    )


def test_json() -> None:
    found = stdlib_json.loads(json.render([NODE, WAIVER], {}))
    jsonschema.Draft202012Validator.check_schema(json.SCHEMA)
    jsonschema.validate(found, json.SCHEMA)
    assert (found["version"], found["errors"], found["warnings"]) == (1, 1, 1)
    node, waiver = found["diagnostics"]
    assert node == {
        "code": "PS812",
        "severity": "error",
        "summary": "no instance type has this many GPUs",
        "message": "AWS has no node with 3 h100 GPUs",
        "help": "h100 nodes come with 8 GPUs",
        "label": None,
        "path": ["gpu_pools", "big", "zones", 0],
        "span": {"file": FILE, "line": 6, "column": 20, "end_line": 6, "end_column": 21},
        "related": [
            {
                "message": "needed by model.llama-70b",
                "span": {"file": FILE, "line": 15, "column": 14, "end_line": 15, "end_column": 20},
            }
        ],
    }
    assert waiver["span"] is None
    assert waiver["related"] == [{"message": "nothing found", "span": None}]
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(found | {"diagnostics": [node | {"code": "X1"}]}, json.SCHEMA)


def test_github() -> None:
    assert github.render([NODE, WAIVER], {}) == (
        "::error file=examples/demo/platform.yaml,line=6,col=20,endLine=6,endColumn=20,title=PS812::"
        "AWS has no node with 3 h100 GPUs%0Ahelp: h100 nodes come with 8 GPUs"
        "%0Aneeded by model.llama-70b (examples/demo/platform.yaml:15:14)\n"
        "::warning title=PS813::the waiver hides nothing%0Anothing found\n"
    )


def test_github_escapes() -> None:
    found = Diagnostic(NO_NODE, "50% of\r\n::set-output", Span("a,b:c%.yaml", 1, 2, 3, 4), "one\ntwo")
    assert github.render([found], {}) == (
        "::error file=a%2Cb%3Ac%25.yaml,line=1,endLine=3,title=PS812::50%25 of␍␊::set-output%0Ahelp: one%0Atwo\n"
    )


def test_sarif() -> None:
    strange = one(Span("a b/é.yaml", 1, 1, 2, 3))
    document = stdlib_json.loads(sarif.render([NODE, WAIVER, strange], {}, version="1.2.3"))
    assert document["version"] == "2.1.0"
    (run,) = document["runs"]
    driver = run["tool"]["driver"]
    assert (driver["name"], driver["version"], run["columnKind"]) == ("platformspec", "1.2.3", "unicodeCodePoints")
    assert [(rule["id"], rule["shortDescription"]["text"]) for rule in driver["rules"]] == [
        ("PS812", "no instance type has this many GPUs"),
        ("PS813", "a waiver that nothing needs"),
    ]
    assert driver["rules"][0]["fullDescription"]["text"] == "AWS sells accelerators in fixed bundles."
    node, waiver, third = run["results"]
    assert (node["ruleId"], node["ruleIndex"], node["level"]) == ("PS812", 0, "error")
    assert node["message"]["text"] == "AWS has no node with 3 h100 GPUs\nhelp: h100 nodes come with 8 GPUs"
    assert node["locations"] == [
        {
            "physicalLocation": {
                "artifactLocation": {"uri": FILE},
                "region": {"startLine": 6, "startColumn": 20, "endLine": 6, "endColumn": 21},
            }
        }
    ]
    (related,) = node["relatedLocations"]
    assert related["message"]["text"] == "needed by model.llama-70b"
    assert related["physicalLocation"]["region"]["startLine"] == 15
    assert (waiver["ruleIndex"], waiver["level"], waiver["locations"]) == (1, "warning", [])
    assert waiver["message"]["text"] == "the waiver hides nothing\nnothing found"
    assert "relatedLocations" not in waiver
    assert third["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] == "a%20b/%C3%A9.yaml"
