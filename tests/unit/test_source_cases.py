"""Run tests/cases/source: what is written, which environment, and what the compiler says about it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

import platformspec.source  # noqa: F401  (its codes are registered when it is imported)
from platformspec.diagnostics import Diagnostic, Report, all_codes
from platformspec.source import Document, Folder, apply_environment, parse

FOLDER = Path(__file__).parents[1] / "cases" / "source"
CASES = [
    pytest.param(case, id=f"{file.stem}: {case['title']}")
    for file in sorted(FOLDER.glob("*.yaml"))
    for case in yaml.safe_load(file.read_text(encoding="utf-8"))
]
# Found in test_source_tree.py, where there are git repositories and unreadable files.
# Earlier names (PS132-136) are told in tests/cases/graph and test_renames.py.
ELSEWHERE = {"PS122", "PS130", "PS131", "PS132", "PS133", "PS134", "PS135", "PS136", "PS137", "PS138"}


def write(case: dict[str, Any], root: Path) -> None:
    """`text` may be bytes (!!binary) or {repeat: text, times: n}, with {i} for the round and \\r\\n kept as written."""
    for name, text in (case.get("files") or {"platform.yaml": case["platform"]}).items():
        if isinstance(text, dict):
            parts = [text.get("before", ""), *(text["repeat"].replace("{i}", str(i)) for i in range(text["times"]))]
            text = "".join([*parts, text.get("after", "")])
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text if isinstance(text, bytes) else text.encode("utf-8"))
    for name, target in case.get("links", {}).items():
        (root / name).symlink_to(target)


def run(case: dict[str, Any], root: Path) -> tuple[Document | None, Report]:
    report = Report()
    document = parse(Folder(root), case.get("file", "platform.yaml"), report)
    if document is not None and report.ok:
        document = apply_environment(document, case.get("environment"), report)
    return document, report


def fits(found: Diagnostic, expected: dict[str, Any]) -> bool:
    span = found.span
    related = found.related[0].span if found.related else None
    return (
        found.code.id == expected["code"]
        and expected.get("file", span.file if span else None) == (span.file if span else None)
        and expected.get("line") == (span.line if span else None)
        and expected.get("column") in ("any", span.column if span else None)
        and expected.get("message_has", "") in found.message
        and expected.get("help_has", "") in (found.help or "")
        and expected.get("related_line") == (related.line if related else None)
    )


@pytest.mark.parametrize("case", CASES)
def test_case(case: dict[str, Any], tmp_path: Path) -> None:
    root = tmp_path / "platform"
    root.mkdir()
    write(case, root)
    document, report = run(case, root)
    found = list(report)
    shown = "\n".join(f"{one.span} {one.code.id} {one.message} (help: {one.help}) {one.related}" for one in found)
    assert len(found) == len(case.get("expect", [])), shown
    for expected in case.get("expect", []):
        assert any(fits(one, expected) for one in found), f"{expected} is not among:\n{shown}"
    assert all(one.help for one in found), "every mistake says what to write instead"
    if "data" in case:
        assert document is not None
        assert document.data == case["data"]


def test_every_code_has_a_case() -> None:
    shown = {expected["code"] for case in CASES for expected in case.values[0].get("expect", [])}
    assert {code.id for code in all_codes() if code.id.startswith("PS1") and code.id < "PS150"} == shown | ELSEWHERE
