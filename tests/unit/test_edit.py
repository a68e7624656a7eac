"""Editing one value: everything else stays, byte for byte, and the data has the new value."""

from __future__ import annotations

import copy
import pathlib
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from platformspec.cli import exit
from platformspec.diagnostics import Failure, Path
from platformspec.source.edit import in_flow, with_value
from tests.support.examples import ROOT
from tests.unit.test_cli import run
from tests.unit.test_format import VALUES, WORDS, Writer, data

CASES: dict[str, tuple[str, Path, Any, str]] = {
    "a scalar": ("a: 1 # one\nb: 2\n", ("a",), 3, "a: 3 # one\nb: 2\n"),
    "text that needs quotes": ("a: x\n", ("a",), "12:30", 'a: "12:30"\n'),
    "in brackets": ("m: {a: 1, b: [x, y]} # c\n", ("m", "b", 1), "z", "m: {a: 1, b: [x, z]} # c\n"),
    "a new key in brackets": ("m: {a: 1}\n", ("m", "b"), True, "m: {a: 1, b: true}\n"),
    "a new key in empty brackets": ("m: {}\n", ("m", "b"), 1, "m: {b: 1}\n"),
    "a new key in a block": (
        "m:\n  a:\n    x: 1 # x\n\nn: 2\n",
        ("m", "a", "z"),
        2,
        "m:\n  a:\n    x: 1 # x\n    z: 2\n\nn: 2\n",
    ),
    "a new mapping on the way": ("m:\n  a: 1\n", ("m", "b", "c"), "x", "m:\n  a: 1\n  b: {c: x}\n"),
    "below nothing": ("m: # soon\nn: 1\n", ("m", "a"), 1, "m: {a: 1} # soon\nn: 1\n"),
    "a block becomes a value": ("m:\n  a: 1\n  b: 2\nn: 3\n", ("m",), [1], "m: [1]\nn: 3\n"),
    "without a line end": ("a: 1", ("b",), 2, "a: 1\nb: 2\n"),
    "after a literal block": ("a: |\n  x\n  y\n", ("b",), 1, "a: |\n  x\n  y\nb: 1\n"),
    "a key with dots": ("l: {a: 1}\n", ("l", "b.c"), 1, "l: {a: 1, b.c: 1}\n"),
    "in a list of mappings": ("l:\n  - a: 1\n  - b: 2\n", ("l", 0, "c"), 3, "l:\n  - a: 1\n    c: 3\n  - b: 2\n"),
}


@pytest.mark.parametrize("name", CASES)
def test_cases(name: str) -> None:
    text, path, value, wanted = CASES[name]
    assert with_value(text, path, value) == wanted


@pytest.mark.parametrize(
    ("text", "path", "code"),
    [
        ("a: &x 1\nb: *x\n", ("a",), "PS642"),
        ("a: &x {c: 1}\nb: *x\n", ("b", "c"), "PS642"),
        ("a: 1\n", ("a", "b"), "PS643"),
        ("a: [1]\n", ("a", 1), "PS643"),
        ("a: {}\n", ("a", 0), "PS643"),
    ],
)
def test_places_that_cannot_be_set(text: str, path: Path, code: str) -> None:
    with pytest.raises(Failure, match=code):
        with_value(text, path, 1)


def put(tree: Any, path: Path, value: Any) -> Any:
    changed = copy.deepcopy(tree)
    here = changed
    for part in path[:-1]:
        here = here[part]
    here[path[-1]] = value
    return changed


def paths(tree: Any, path: Path = ()) -> list[Path]:
    found = [path] if path else []
    for key, value in tree.items() if isinstance(tree, dict) else enumerate(tree) if isinstance(tree, list) else ():
        found += paths(value, (*path, key))
    return [*found, (*path, "new key")] if isinstance(tree, dict) else found


@settings(max_examples=400, deadline=None)
@given(st.dictionaries(WORDS, VALUES, min_size=1, max_size=4), st.integers(0, 2**32), VALUES, st.data())
def test_any_value_of_any_file(tree: dict[str, Any], seed: int, value: Any, chooser: st.DataObject) -> None:
    text = Writer(seed).block(tree, "")
    path = chooser.draw(st.sampled_from(paths(data(text))))
    assert data(with_value(text, path, value)) == put(data(text), path, value)


@given(VALUES)
def test_in_flow_reads_back(value: Any) -> None:
    assert data(f"v: {in_flow(value)}\n") == {"v": value}


def example(tmp_path: pathlib.Path, name: str) -> pathlib.Path:
    for source in (ROOT / "examples" / name).rglob("*.yaml"):
        target = tmp_path / name / source.relative_to(ROOT / "examples" / name)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(source.read_bytes())
    return tmp_path / name


def test_set_writes_one_value(tmp_path: pathlib.Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = example(tmp_path, "quickstart") / "platform.yaml"
    before = file.read_text()
    assert run("set", "models.chat.scale.min", "2", str(file)) == exit.OK
    assert "nothing -> 2" in capsys.readouterr().out
    added = ", scale: {min: 2}"
    assert added in file.read_text()
    assert file.read_text().replace(added, "") == before


def test_set_leaves_a_formatted_file_formatted(tmp_path: pathlib.Path) -> None:
    folder = example(tmp_path, "quickstart")
    assert (
        run("set", "models.chat.serve", "{context_tokens: 8192, concurrency: 8, startup_minutes: 20}", str(folder))
        == exit.OK
    )
    assert run("fmt", "--check", str(folder)) == exit.OK


def test_set_writes_nothing_that_is_wrong(tmp_path: pathlib.Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = example(tmp_path, "quickstart") / "platform.yaml"
    before = file.read_text()
    for path, value, code in (
        ("models.chat.pool", "l5", "PS301"),
        ("profile", "produktion", "PS204"),
        ("a..b", "1", "PS644"),
        ("profile", "12:30", "PS641"),
        ("profile", "a\nb: c", "PS641"),
    ):
        assert run("set", path, value, str(file)) == exit.ERRORS
        assert code in capsys.readouterr().err
    assert file.read_text() == before


def test_set_in_an_environment_and_in_an_included_file(tmp_path: pathlib.Path) -> None:
    folder = example(tmp_path, "enterprise")
    assert run("set", "--env", "dev", "models.embed-eu.scale.max", "2", str(folder)) == exit.OK
    assert "models.embed-eu.scale.max: 2" in (folder / "platform.yaml").read_text()
    assert run("set", "teams.search.data_class", "public", str(folder)) == exit.OK
    assert "data_class: public" in (folder / "teams/search.yaml").read_text()


def test_fmt(tmp_path: pathlib.Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = example(tmp_path, "enterprise")
    assert run("fmt", "--check", str(folder)) == exit.OK
    team = folder / "teams/search.yaml"
    team.write_text("#search\n" + team.read_text().replace(": ", ":   ", 1) + "\n\n")
    assert run("fmt", "--check", str(folder)) == exit.ERRORS
    assert "PS640" in capsys.readouterr().err
    assert run("fmt", str(folder)) == exit.OK
    assert team.read_text().startswith("# search\n")
    assert run("fmt", "--check", str(folder)) == exit.OK
    (folder / "platform.yaml").write_text("a: [\n")
    assert run("fmt", str(folder)) == exit.ERRORS
    assert (folder / "platform.yaml").read_text() == "a: [\n"
