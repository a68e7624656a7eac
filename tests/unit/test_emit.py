"""Emitting: the CDK seam, hostile text through the real terraform, and writing to disk."""

from __future__ import annotations

import json
import os
import pathlib
import shutil
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from platformspec.diagnostics import Failure
from platformspec.emit.artifacts import INDEX, ArtifactTree
from platformspec.emit.emit import emit
from platformspec.emit.settings import EmitSettings, S3State
from platformspec.ir.escape import terraform_literal
from platformspec.ir.expr import Attr, Concat, Json, Secret, Yaml, concat
from platformspec.ir.node import Output, Placement, Resource
from platformspec.ir.program import Program
from platformspec.ir.serialise import from_json, to_json
from tests.support.examples import ROOT, cases, compiled

PLACE = Placement("111122223333", "eu-central-1")
LOCAL = EmitSettings("acme", "prod", None, {})
HOSTILE = [
    '${file("/etc/hostname")}', "%{ if true }yes%{ endif }", "$${x}", "%%{x}", "${aws:username}", 'quo"te', "back\\slash", "new\nline", "tab\tend",
    "# not a comment", "- item", "a: b", "{{ template }}", "<b>&amp;</b>", "@everyone", "[link](http://x)", "ünïcödé 漢字 🎉", "$", "%", "${", "%{", "~}", "'",
]  # fmt: skip


def hostile_program() -> Program:
    """Each text as a literal, inside JSON and inside YAML, published as outputs."""
    nodes: list[Resource | Output] = []
    for position, text in enumerate(HOSTILE):
        value = {
            "plain": text,
            "json": Json({"k": text, text: 1}),
            "yaml": Yaml({"k": text}),
            "joined": concat("a-", text),
        }
        node = Resource(f"team.t{position}/data", "terraform_data", "network", PLACE, {"input": value}, "team.t")
        nodes += [
            node,
            Output(
                f"output.network/o{position}",
                "output",
                "network",
                PLACE,
                {"name": f"o{position}", "value": node.attr("output")},
                "team.t",
            ),
        ]
    return Program.of("acme", None, nodes)


@pytest.mark.skipif(shutil.which("terraform") is None, reason="terraform is not installed")
def test_hostile_text_comes_out_of_terraform_as_it_went_in(tmp_path: pathlib.Path) -> None:
    emit(hostile_program(), LOCAL).write(tmp_path / "out")
    folder = tmp_path / "out/terraform/stacks/network"
    environment = {**os.environ, "TF_IN_AUTOMATION": "1", "CHECKPOINT_DISABLE": "1"}
    for command in (["init"], ["apply", "-auto-approve"]):
        subprocess.run(
            ["terraform", *command, "-no-color", "-input=false"],
            cwd=folder,
            env=environment,
            check=True,
            capture_output=True,
            timeout=120,
        )
    shown = subprocess.run(
        ["terraform", "output", "-json"], cwd=folder, env=environment, check=True, capture_output=True, timeout=60
    )
    outputs = json.loads(shown.stdout)
    import yaml

    for position, text in enumerate(HOSTILE):
        value = outputs[f"o{position}"]["value"]
        assert value["plain"] == text
        assert json.loads(value["json"]) == {"k": text, text: 1}
        assert yaml.safe_load(value["yaml"]) == {"k": text}
        assert value["joined"] == f"a-{text}"


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=40))
def test_escaping_is_undone_by_terraforms_own_rule(text: str) -> None:
    assert terraform_literal(text).replace("$${", "${").replace("%%{", "%{") == text


def test_both_cdks_give_the_same_bytes(tmp_path: pathlib.Path) -> None:
    """Each in a process of its own: two CDKs do not share one Node."""
    out = {}
    for cdk in ("cdktf", "cdktn"):
        environment = {**os.environ, "XDG_CACHE_HOME": str(tmp_path / cdk)}
        command = [
            sys.executable,
            "-m",
            "platformspec",
            "compile",
            "examples/rag-assistant",
            "--out",
            str(tmp_path / "out" / cdk),
            "--cdk",
            cdk,
            "--as-of",
            "2026-11-23",
        ]
        copy = tmp_path / f"copy-{cdk}"
        shutil.copytree(ROOT / "examples/rag-assistant", copy / "examples/rag-assistant")
        subprocess.run(command, cwd=copy, env=environment, check=True, capture_output=True, timeout=300)
        folder = tmp_path / "out" / cdk
        out[cdk] = {
            path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()
        }
    assert out["cdktf"] == out["cdktn"]


def test_only_changed_stacks_are_synthesised_again(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import platformspec.emit.emit as module

    first = emit(hostile_program(), LOCAL, cache=tmp_path)
    asked: list[str] = []
    monkeypatch.setattr(module, "synthesise", lambda stacks, cdk: asked.extend(s.name for s in stacks) or {})
    assert emit(hostile_program(), LOCAL, cache=tmp_path).files == first.files
    assert asked == []


def test_a_damaged_cache_entry_is_not_used(tmp_path: pathlib.Path) -> None:
    first = emit(hostile_program(), LOCAL, cache=tmp_path)
    for entry in tmp_path.iterdir():
        entry.write_bytes(entry.read_bytes()[:-10])
    assert emit(hostile_program(), LOCAL, cache=tmp_path).files == first.files


def test_values_of_other_stacks_become_outputs_and_remote_state() -> None:
    vpc = Resource("network.main/vpc", "terraform_data", "network", PLACE, {"input": "x"}, "network.main")
    user = Resource(
        "database.x/group",
        "terraform_data",
        "data",
        PLACE,
        {"input": [vpc.attr("id"), vpc.attr("output", known="known")]},
        "database.x",
    )
    settings = EmitSettings("acme", "prod", S3State("state-bucket", "eu-central-1", "ai"), {})
    files = emit(Program.of("acme", "prod", [vpc, user]), settings).files
    data = json.loads(files["terraform/stacks/data/cdk.tf.json"])
    network = json.loads(files["terraform/stacks/network/cdk.tf.json"])
    assert data["resource"]["terraform_data"]["database_x__group"]["input"] == [
        "${data.terraform_remote_state.stack_data__network.outputs.network_main__vpc__id}",
        "known",
    ]
    assert network["output"] == {"network_main__vpc__id": {"value": "${terraform_data.network_main__vpc.id}"}}
    assert data["terraform"]["backend"]["s3"] == {
        "bucket": "state-bucket",
        "encrypt": True,
        "key": "ai/acme/prod/data.tfstate",
        "region": "eu-central-1",
        "use_lockfile": True,
    }
    assert json.loads(files["terraform/manifest.json"])["stacks"]["data"]["dependencies"] == ["network"]
    key = "arn:aws:kms:eu-central-1:111122223333:key/1"
    keyed = EmitSettings("acme", "prod", S3State("state-bucket", "eu-central-1", "ai", key), {})
    data = json.loads(emit(Program.of("acme", "prod", [vpc, user]), keyed).files["terraform/stacks/data/cdk.tf.json"])
    assert data["terraform"]["backend"]["s3"]["kms_key_id"] == key
    (read,) = data["data"]["terraform_remote_state"].values()
    assert "kms_key_id" not in read["config"]


def test_the_ir_reads_back() -> None:
    for case in cases():
        program = compiled(case).program
        assert program is not None
        again = from_json(to_json(program))
        assert to_json(again) == to_json(program)
    tricky = Resource(
        "a.b/c",
        "terraform_data",
        "network",
        PLACE,
        {"input": {"$attr": 1, "x": [Concat(("a", Attr("a.b/d", "id"))), Secret("s", "p")]}},
        "a.b",
    )
    program = Program.of("p", None, [tricky])
    assert from_json(to_json(program)).nodes["a.b/c"].attrs == tricky.attrs


@pytest.mark.parametrize(
    "content", [b"", b"{}", b"[]", b'{"format_version": 99}', b'{"format_version": 1, "platform": "p"}']
)
def test_a_damaged_ir_is_refused(content: bytes) -> None:
    with pytest.raises(ValueError):  # noqa: PT011
        from_json(content)


def test_writing_removes_only_own_files(tmp_path: pathlib.Path) -> None:
    folder = tmp_path / "out"
    assert ArtifactTree({"a/x": b"1", "b": b"2"}).write(folder) == 2
    (folder / "notes.txt").write_text("mine")
    assert ArtifactTree({"b": b"3"}).write(folder) == 2
    assert sorted(p.name for p in folder.rglob("*") if p.is_file()) == [INDEX, "b", "notes.txt"]
    assert ArtifactTree({"b": b"3"}).write(folder) == 0


def test_foreign_files_and_links_are_not_overwritten(tmp_path: pathlib.Path) -> None:
    (tmp_path / "b").write_text("mine")
    with pytest.raises(Failure, match="PS612"):
        ArtifactTree({"b": b"1"}).write(tmp_path)
    (tmp_path / "link").symlink_to(tmp_path / "b")
    with pytest.raises(Failure, match="PS611"):
        ArtifactTree({"link": b"1"}).write(tmp_path)
    assert (tmp_path / "b").read_text() == "mine"


def test_a_failing_write_leaves_the_old_output(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "out"
    ArtifactTree({"a": b"old", "b": b"old"}).write(folder)
    real = pathlib.Path.write_bytes

    def full(self: pathlib.Path, data: bytes) -> int:
        if self.name == "b":
            raise OSError(28, "No space left on device", str(self))
        return real(self, data)

    monkeypatch.setattr(pathlib.Path, "write_bytes", full)
    with pytest.raises(OSError, match="No space"):
        ArtifactTree({"a": b"new", "b": b"new"}).write(folder)
    assert {p.name: p.read_bytes() for p in folder.iterdir() if p.name in "ab"} == {"a": b"old", "b": b"old"}
    assert not [p for p in folder.iterdir() if p.is_dir()]


def test_a_damaged_index_stops_the_write(tmp_path: pathlib.Path) -> None:
    ArtifactTree({"a": b"1"}).write(tmp_path)
    (tmp_path / INDEX).write_text("{")
    with pytest.raises(Failure, match="PS610"):
        ArtifactTree({"a": b"2"}).write(tmp_path)
