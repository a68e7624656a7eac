"""Findings of other scanners, at the line that they come from."""

from __future__ import annotations

import json
import pathlib
from typing import Any

import pytest

from platformspec.cli import exit
from platformspec.cli.main import main
from platformspec.source_map.annotate import annotate, read_findings
from tests.support.examples import ROOT, Case, compiled

QUICKSTART = ROOT / "examples/quickstart"
CHECKOV = {
    "check_type": "terraform",
    "results": {
        "passed_checks": [{"check_id": "CKV_1", "resource": "aws_vpc.network_main__vpc"}],
        "failed_checks": [
            {"check_id": "CKV_2", "check_name": "a network has flow logs", "resource": "aws_vpc.network_main__vpc", "file_path": "/stacks/network/cdk.tf.json"},
            {"check_id": "CKV_3", "check_name": "a digest is used", "resource": "Deployment.models.chat", "file_path": "/main/models/deployment-chat.yaml"},
            {"check_id": "CKV_4", "check_name": "elsewhere", "resource": "aws_vpc.other", "file_path": "/x.tf"},
        ],
    },
}  # fmt: skip


def sarif(*uris: str) -> dict[str, Any]:
    results = [
        {
            "ruleId": "R1",
            "message": {"text": "bad\nthing"},
            "locations": [{"physicalLocation": {"artifactLocation": {"uri": uri}}}],
        }
        for uri in uris
    ]
    return {"version": "2.1.0", "runs": [{"results": results}]}


def said(data: object) -> list[tuple[str, str, int | None]]:
    found = annotate(compiled(Case("quickstart", None)), read_findings(json.dumps(data), "f"))
    return [(d.code.id, d.message, d.span.line if d.span else None) for d in found]


def line(part: str) -> int:
    return next(n for n, row in enumerate((QUICKSTART / "platform.yaml").read_text().splitlines(), 1) if part in row)


@pytest.mark.parametrize("data", [CHECKOV, [CHECKOV]])
def test_checkov(data: object) -> None:
    found = {message.split(":")[0]: (code, place) for code, message, place in said(data)}
    assert found["CKV_2"][0] == "PS608"
    assert found["CKV_3"] == ("PS608", line("  chat: {source"))
    assert found["CKV_4"] == ("PS609", None)
    assert "CKV_1" not in found


def test_sarif() -> None:
    found = said(sarif("out/kubernetes/main/models/deployment-chat.yaml", "file:///elsewhere.yaml"))
    assert ("PS608", "R1: bad thing (model.chat/deployment)", line("  chat: {source")) in found
    assert ("PS609", "R1: bad thing (elsewhere.yaml)", None) in found


def test_the_command(
    tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(QUICKSTART)
    findings = tmp_path / "checkov.json"
    findings.write_text(json.dumps(CHECKOV))
    assert main(["annotate", "--from", str(findings), "--diagnostics", "github"]) == exit.OK
    assert f"file=platform.yaml,line={line('  chat: {source')}" in capsys.readouterr().out
    findings.write_text(json.dumps({"passed": 0, "failed": 0}))
    assert main(["annotate", "--from", str(findings)]) == exit.OK
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[1]",
        "{}",
        '"x"',
        "null",
        '{"runs": [{"results": [1]}]}',
        '{"runs": [{"results": [{"locations": 1}]}]}',
    ],
)
def test_what_is_no_report(
    text: str, tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(QUICKSTART)
    (tmp_path / "f").write_text(text)
    assert main(["annotate", "--from", str(tmp_path / "f")]) == exit.ERRORS
    assert main(["annotate", "--from", str(tmp_path / "nothing")]) == exit.ERRORS
    assert capsys.readouterr().err.count("error[PS607]") == 2
