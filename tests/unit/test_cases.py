"""Cases as data: a platform, and the diagnostics that it must give. A stranger adds one without Python.

Each file in tests/cases/{kinds,graph,checks,lower} is a list of cases:

    title: what is wrong
    sections: the file behind a standard header   (or platform: the whole file)
    environment, as_of, files: optional
    expect: [{code, at: the text that is underlined, has: a part of message or help}]
"""

from __future__ import annotations

import datetime
import pathlib
from typing import Any

import pytest
import yaml

from platformspec.cli.codes import every_code
from platformspec.diagnostics import Diagnostic
from platformspec.driver import Compilation, compile_platform
from platformspec.providers import installed_providers
from tests.support.examples import AS_OF, ROOT
from tests.support.memory_tree import MemoryTree

HEADER = """apiVersion: platformspec.dev/v1
kind: Platform
metadata: {name: acme}
"""
CLOUD = 'cloud: {account: "111122223333", region: eu-central-1}\n'
# Codes that no platform file can cause, and where each is tested or why it cannot be.
ELSEWHERE = {
    "PS303": "test_graph.py: today's kinds cannot form a circle",
    "PS501": "needs an installation without a provider",
    "PS502": "needs a broken plug-in",
    "PS493": "test_compatibility.py: no engine's CUDA is newer than the pinned driver",
    "PS910": "test_verify.py",
    "PS911": "test_verify.py",
    "PS912": "test_verify.py",
    "PS913": "test_verify.py",
    "PS914": "test_verify.py",
    "PS915": "test_verify.py",
    "PS916": "test_verify.py",
    "PS917": "test_verify.py",
}


def load() -> list[Any]:
    found = []
    for path in sorted((ROOT / "tests/cases").glob("*/*.yaml")):
        if path.parent.name == "source":
            continue
        for case in yaml.safe_load(path.read_text("utf-8")):
            found.append(pytest.param(case, id=f"{path.parent.name}/{path.stem}: {case['title']}"))
    return found


CASES = load()


def compile_case(case: dict[str, Any]) -> tuple[Compilation, dict[str, str]]:
    text = case.get("platform") or HEADER + ("" if "cloud:" in case["sections"] else CLOUD) + case["sections"]
    as_of = datetime.date.fromisoformat(case["as_of"]) if "as_of" in case else AS_OF
    files = {"platform.yaml": text, **case.get("files", {})}
    return compile_platform(
        MemoryTree(files),
        "platform.yaml",
        environment=case.get("environment"),
        as_of=as_of,
        providers=installed_providers(),
    ), files


def underlined(diagnostic: Diagnostic, files: dict[str, str]) -> str:
    span = diagnostic.span
    if span is None:
        return ""
    lines = files[span.file].split("\n")[span.line - 1 : span.end_line]
    if span.line == span.end_line:
        return lines[0][span.column - 1 : span.end_column - 1]
    return lines[0][span.column - 1 :]


@pytest.mark.parametrize("case", CASES)
def test_case(case: dict[str, Any]) -> None:
    compilation, files = compile_case(case)
    got = [(d.code.id, underlined(d, files), f"{d.message} {d.help}") for d in compilation.report]
    assert sorted(code for code, _, _ in got) == sorted(expected["code"] for expected in case["expect"]), got
    for expected in case["expect"]:
        fitting = [
            g
            for g in got
            if g[0] == expected["code"] and expected.get("at", g[1]) == g[1] and expected.get("has", "") in g[2]
        ]
        assert fitting, (expected, got)
    for diagnostic in compilation.report:
        assert diagnostic.help, "every diagnostic says what to type"
        assert diagnostic.span is not None, "every diagnostic has a place"


def test_every_code_has_a_case() -> None:
    shown = {expected["code"] for case in CASES for expected in case.values[0]["expect"]}
    families = {code.id for code in every_code() if code.id[2] in "2345"}
    missing = families - shown - set(ELSEWHERE)
    assert not missing, f"no case in tests/cases shows {sorted(missing)}"


def test_every_code_is_explained() -> None:
    # PS8xx is the family of codes that tests define.
    for code in (code for code in every_code() if code.id[2] != "8"):
        assert len(code.explain) >= 30, code.id
        assert not code.summary.endswith("."), code.id


def test_cases_are_files() -> None:
    assert (pathlib.Path(ROOT) / "tests/cases").is_dir()
    assert len(CASES) > 50
