"""From a line to what it becomes, and back."""

from __future__ import annotations

import json
import pathlib
import random

import pytest

from platformspec.cli import exit
from platformspec.cli.main import main
from platformspec.diagnostics import Path
from platformspec.ir.node import Manifest
from platformspec.source_map.find import address_of, file_of, find, nearest
from platformspec.source_map.impact import impact
from platformspec.source_map.why import why
from tests.properties.test_provenance import causes, names, scalars
from tests.support.examples import ROOT, Case, cases, compiled

PROD = Case("enterprise", "prod")


@pytest.mark.parametrize("case", cases(), ids=str)
def test_every_node_is_found_by_each_of_its_names(case: Case) -> None:
    program = compiled(case).program
    assert program is not None
    for node in program:
        assert find(node.id, program) == (node,)
        assert node in find(address_of(node), program)
        assert node in find(f"out/{file_of(node)}", program)
        assert node in find(node.declaration, program)
        if isinstance(node, Manifest):
            assert node in find(f"{str(node.attrs['kind']).lower()}/{node.name}", program)


def test_a_misspelt_name_is_guessed() -> None:
    program = compiled(PROD).program
    assert program is not None
    assert find("Deployment/chat-larg", program) == ()
    assert nearest("Deployment/chat-larg", program) == "Deployment/chat-large"


@pytest.mark.parametrize("case", cases(), ids=str)
def test_every_node_knows_who_made_it(case: Case) -> None:
    compilation = compiled(case)
    assert compilation.program is not None
    for node in compilation.program:
        chain = dict(why(compilation, node).chain)
        assert "emit" in chain, node.id
        assert "platformspec_" in chain["lower"], node.id


def lines_of(case: Case, path: Path) -> tuple[str, int]:
    document = compiled(case).document
    assert document is not None
    span = document.key_span(path)
    assert span is not None
    return span.file, span.line


@pytest.mark.parametrize("case", [case for case in cases() if case.example in ("enterprise", "rag-assistant")], ids=str)
def test_impact_names_every_attribute_whose_provenance_leads_to_the_line(case: Case) -> None:
    compilation = compiled(case)
    assert compilation.document is not None
    assert compilation.program is not None
    written = [
        path for path, _ in scalars(compilation.document.data) if path[0] not in ("apiVersion", "kind", "include")
    ]
    for path in random.Random(7).sample(written, 25):
        found = impact(compilation, *lines_of(case, path))
        assert found is not None, path
        touched = {(t.node.id, attribute) for t in found.touched for attribute in t.attributes}
        for node in compilation.program:
            for attribute, sources in node.provenance.items():
                direct = {cause for s in sources for cause in compilation.graph.platform.causes_of(s)} | {*sources}  # type: ignore[union-attr]
                roots = {d.path for d in compilation.graph.declarations.values()}  # type: ignore[union-attr]
                if names(direct - roots, path):
                    assert (node.id, attribute) in touched, (path, node.id, attribute)


def test_impact_of_a_scalar_is_narrow() -> None:
    compilation = compiled(PROD)
    path = ("models", "embed-eu", "team")
    found = impact(compilation, *lines_of(PROD, path))
    assert found is not None
    assert found.paths == (path,)
    assert {edge.id for edge in found.edges} == {"model.embed-eu/owned_by/team.search"}
    deployment = next(t for t in found.touched if t.node.id == "model.embed-eu/deployment")
    assert ("metadata", "labels", "platformspec.dev/team") in deployment.attributes
    assert ("spec", "replicas") not in deployment.attributes
    assert causes(compilation, deployment.node, ("metadata", "labels", "platformspec.dev/team"))


@pytest.mark.parametrize("name", ["teams/claims.yaml", "examples/enterprise/teams/claims.yaml"])
def test_a_file_is_named_from_here_or_from_the_folder_of_the_platform(
    name: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(ROOT)
    assert main(["impact", f"{name}:3", "examples/enterprise", "--env", "prod"]) == 0
    assert capsys.readouterr().out.startswith("teams.claims.groups")


def test_the_line_of_a_key_stands_for_all_below_it() -> None:
    compilation = compiled(PROD)
    found = impact(compilation, *lines_of(PROD, ("models", "embed-eu")))
    assert found is not None
    ids = {touched.node.id for touched in found.touched}
    assert {"model.embed-eu/deployment", "model.embed-eu/service"} <= ids
    assert "model.triage-small/deployment" not in ids


def test_a_line_of_a_patch_counts_in_its_environment(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(ROOT / "examples/enterprise")
    text = pathlib.Path("platform.yaml").read_text("utf-8").splitlines()
    line = next(n for n, row in enumerate(text, 1) if "gateways.main.hostname: llm.dev" in row)
    assert main(["impact", f"platform.yaml:{line}", "--env", "dev"]) == exit.OK
    assert "gateway.main/ingress" in capsys.readouterr().out
    assert main(["impact", f"platform.yaml:{line}", "--env", "prod"]) == exit.ERRORS
    assert "error[PS601]" in capsys.readouterr().err


def test_the_commands_speak_json(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.chdir(ROOT / "examples/quickstart")
    assert main(["why", "Deployment/chat", "--format", "json"]) == exit.OK
    (answer,) = json.loads(capsys.readouterr().out)
    assert answer["id"] == "model.chat/deployment"
    sources = {source["path"]: source for source in answer["from"]}
    line = sources["models.chat.source.revision"]["line"]
    assert main(["impact", f"platform.yaml:{line}", "--format", "json"]) == exit.OK
    data = json.loads(capsys.readouterr().out)
    assert "model.chat/deployment" in {resource["id"] for resource in data["resources"]}


@pytest.mark.parametrize(
    "argument", ["platform.yaml", "platform.yaml:x", "platform.yaml:9999", "elsewhere.yaml:3", ":3"]
)
def test_what_is_no_line(argument: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.chdir(ROOT / "examples/quickstart")
    assert main(["impact", argument]) == exit.ERRORS
    assert "error[PS601]" in capsys.readouterr().err


def test_what_has_no_name(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.chdir(ROOT / "examples/quickstart")
    assert main(["why", "Deployment/nobody\x1b[2J"]) == exit.ERRORS
    err = capsys.readouterr().err
    assert "error[PS600]" in err
    assert "\x1b[2J" not in err
