"""The command line as people and scripts use it."""

from __future__ import annotations

import json
import os
import pathlib
import re
import subprocess
import sys

import jsonschema
import pytest

from platformspec.cli import exit
from platformspec.cli.codes import every_code
from platformspec.cli.main import COMMANDS, main
from platformspec.plan.render.json import SCHEMA
from platformspec.version import VERSION
from tests.support.examples import ROOT

QUICKSTART = str(ROOT / "examples/quickstart")


@pytest.fixture(autouse=True)
def own_cache(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


def run(*argv: str) -> int:
    try:
        return main(list(argv))
    except SystemExit as end:
        return int(end.code or 0)


def write(folder: pathlib.Path, text: str) -> str:
    (folder / "platform.yaml").write_text(text, "utf-8")
    return str(folder)


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_helps(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(command, "--help") == exit.OK
    assert "usage: platformspec" in capsys.readouterr().out


def test_version(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("--version") == exit.OK
    assert capsys.readouterr().out == f"platformspec {VERSION}\n"


def test_wrong_usage_has_its_own_code() -> None:
    assert run("plan", "--no-such-option") == exit.USAGE
    assert run("explode") == exit.USAGE


def test_init_then_validate_then_plan(tmp_path: pathlib.Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = str(tmp_path / "new")
    assert run("init", folder, "--name", "acme") == exit.OK
    capsys.readouterr()
    assert run("init", folder) == exit.ERRORS
    assert "error[PS614]" in capsys.readouterr().err
    assert run("validate", folder) == exit.OK
    assert run("plan", folder, "--detailed-exitcode") == exit.CHANGES
    assert "Plan for acme" in capsys.readouterr().out


@pytest.mark.parametrize("name", ["Acme", "a: b", "a-", "a" * 25, ""])
def test_init_refuses_a_name_that_validate_would_refuse(
    name: str, tmp_path: pathlib.Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("init", str(tmp_path / "new"), "--name", name) == exit.ERRORS
    assert "error[PS615]" in capsys.readouterr().err
    assert not (tmp_path / "new").exists()


def test_a_file_that_cannot_be_written(tmp_path: pathlib.Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "file").write_text("")
    assert run("plan", QUICKSTART, "--out", str(tmp_path / "file/plan.json")) == exit.ERRORS
    assert "error[PS613]" in capsys.readouterr().err


def test_every_code_that_is_printed_is_defined() -> None:
    """A code that stands in a text, and not in a `Code`, has no explanation."""
    known = {code.id for code in every_code()}
    for path in [*(ROOT / "platformspec").rglob("*.py"), *(ROOT / "providers").rglob("*.py")]:
        examples_in_docstrings = {"PS512", "PS123"}
        assert set(re.findall(r"PS\d{3}", path.read_text("utf-8"))) - examples_in_docstrings <= known, path


def test_a_plan_without_changes(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("plan", QUICKSTART, "--against", QUICKSTART, "--detailed-exitcode") == exit.OK
    assert "No changes." in capsys.readouterr().out


def test_plan_json_keeps_to_its_schema(tmp_path: pathlib.Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "plan.json"
    assert (
        run("plan", str(ROOT / "examples/enterprise"), "--env", "prod", "--format", "json", "--out", str(out))
        == exit.OK
    )
    plan = json.loads(capsys.readouterr().out)
    jsonschema.validate(plan, SCHEMA)
    assert json.loads(out.read_text()) == plan
    assert plan["counts"]["create"] == len(plan["changes"])


def test_a_cached_plan_is_the_same_and_a_changed_file_is_seen(
    tmp_path: pathlib.Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = write(tmp_path, (ROOT / "examples/quickstart/platform.yaml").read_text())
    run("plan", folder)
    first = capsys.readouterr().out
    assert list((tmp_path / "cache/platformspec/plans").iterdir())
    run("plan", folder)
    assert capsys.readouterr().out == first
    write(tmp_path, (ROOT / "examples/quickstart/platform.yaml").read_text().replace("name: quickstart", "name: other"))
    run("plan", folder)
    assert "Plan for other" in capsys.readouterr().out


def test_a_cached_plan_repeats_its_warnings(tmp_path: pathlib.Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = pathlib.Path(QUICKSTART, "platform.yaml").read_text("utf-8")
    folder = write(tmp_path, text + "teams: {a: {groups: [sso-a]}}\n")
    assert run("plan", folder) == exit.OK
    first = capsys.readouterr()
    assert "warning[PS425]" in first.err
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("platformspec.driver.PASSES", ())
        assert run("plan", folder) == exit.OK
    assert capsys.readouterr() == first


def test_plan_against_a_git_revision(
    tmp_path: pathlib.Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    text = (ROOT / "examples/rag-assistant/platform.yaml").read_text()
    write(tmp_path, text)
    git = ["git", "-c", "user.name=t", "-c", "user.email=t@t.example"]
    for command in (["init", "-q"], ["add", "platform.yaml"], ["commit", "-q", "-m", "first"]):
        subprocess.run([*git, *command], check=True, cwd=tmp_path)
    write(
        tmp_path, text.replace("context_tokens: 16384", "context_tokens: 32768").replace("name: rag, ", "name: rag, ")
    )
    assert run("plan", "--against", "HEAD") == exit.OK
    out = capsys.readouterr().out
    assert '"16384" -> "32768"' in out
    assert "platform.yaml:24" in out
    assert run("plan", "--against", "no-such-revision") == exit.ERRORS


def test_replacement_is_announced_with_its_source(tmp_path: pathlib.Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = (ROOT / "examples/quickstart/platform.yaml").read_text()
    folder = write(tmp_path, text.replace("region: eu-central-1", "region: eu-central-1, network: {cidr: 10.9.0.0/16}"))
    assert run("plan", folder, "--against", QUICKSTART) == exit.OK
    out = capsys.readouterr().out
    assert "! VPC vpc" in out
    assert "cidr_block cannot be changed in place (AWS::EC2::VPC" in out


@pytest.mark.parametrize("form", ["full", "concise", "json", "github", "sarif"])
def test_diagnostics_in_every_form(form: str, tmp_path: pathlib.Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = write(tmp_path, "apiVersion: platformspec.dev/v1\nkind: Platform\nmetadata: {name: x, ownr: z}\n")
    assert run("validate", folder, "--diagnostics", form) == exit.ERRORS
    printed = capsys.readouterr()
    text = printed.out or printed.err
    assert "PS201" in text
    assert "PS202" in text
    if form in ("json", "sarif"):
        json.loads(text)


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "PS108"),
        (b"\x00\x01\x02", "PS112"),
        (b"\xff\xfe\x00", "PS111"),
        (b"- a\n", "PS109"),
        (b"a: &a [*a]\n", "PS116"),
        (b"a: [\n", "PS101"),
    ],
)
def test_files_that_are_no_platform(
    content: bytes, code: str, tmp_path: pathlib.Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "platform.yaml").write_bytes(content)
    assert run("compile", str(tmp_path), "-o", str(tmp_path / "out")) == exit.ERRORS
    printed = capsys.readouterr()
    assert "error[PS1" in printed.err
    assert not (tmp_path / "out").exists()


def test_a_missing_file(tmp_path: pathlib.Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("validate", str(tmp_path / "nothing.yaml")) == exit.ERRORS
    assert "PS120" in capsys.readouterr().err


def test_environments_must_be_chosen(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("plan", str(ROOT / "examples/enterprise")) == exit.ERRORS
    assert "dev" in capsys.readouterr().err
    assert run("plan", str(ROOT / "examples/enterprise"), "--env", "prd") == exit.ERRORS
    assert "prod" in capsys.readouterr().err


def test_every_environment_at_once(tmp_path: pathlib.Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("validate", str(ROOT / "examples/enterprise"), "--env", "all") == exit.OK
    assert [line.split(" is valid")[0].split("(")[-1] for line in capsys.readouterr().out.splitlines()] == [
        "dev)",
        "prod)",
    ]
    assert run("validate", QUICKSTART, "--env", "all") == exit.OK
    patches = "environments: {a: {patch: {models.chat.pool: l5}}, b: {patch: {models.chat.pool: l6}}, c: {}}\n"
    folder = write(tmp_path, pathlib.Path(QUICKSTART, "platform.yaml").read_text("utf-8") + patches)
    assert run("validate", folder, "--env", "all") == exit.ERRORS
    printed = capsys.readouterr()
    assert printed.err.count("error[PS301]") == 2
    assert "(c) is valid" in printed.out


def test_show_defaults_and_origin(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("show", QUICKSTART, "--defaults") == exit.OK
    out = capsys.readouterr().out
    assert "cloud.network.zones: 2  # profile dev" in out
    assert "metadata.name" not in out
    assert (
        run("show", str(ROOT / "examples/enterprise"), "--env", "dev", "--origin", "--at", "cloud.account") == exit.OK
    )
    assert "environment dev" in capsys.readouterr().out
    assert run("show", QUICKSTART, "--at", "models.nothing") == exit.ERRORS


def test_graph_explain_schema_completion(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("graph", QUICKSTART) == exit.OK
    assert capsys.readouterr().out.startswith("flowchart LR")
    assert run("explain", "ps301") == exit.OK
    assert "PS301" in capsys.readouterr().out
    assert run("explain", "PS999") == exit.USAGE
    assert run("schema") == exit.OK
    json.loads(capsys.readouterr().out[:-1])
    for shell in ("bash", "zsh", "fish"):
        assert run("completion", shell) == exit.OK
        assert "detailed-exitcode" in capsys.readouterr().out


def test_compile_writes_and_locks(tmp_path: pathlib.Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = write(tmp_path, (ROOT / "examples/rag-assistant/platform.yaml").read_text())
    out = tmp_path / "out"
    assert run("compile", folder, "-o", str(out)) == exit.OK
    assert json.loads((tmp_path / "platform.lock").read_text())["names"][""]["database.rag-db/cluster"] == "rag-rag-db"
    assert run("compile", folder, "-o", str(out)) == exit.OK
    assert "0 changed" in capsys.readouterr().out


def test_the_lock_keeps_names_of_stateful_things(tmp_path: pathlib.Path) -> None:
    folder = write(tmp_path, (ROOT / "examples/rag-assistant/platform.yaml").read_text())
    (tmp_path / "platform.lock").write_text(
        json.dumps({"version": 1, "names": {"": {"database.rag-db/cluster": "from-an-older-release"}}})
    )
    assert run("compile", folder, "-o", str(tmp_path / "out")) == exit.OK
    stack = (tmp_path / "out/terraform/stacks/data/cdk.tf.json").read_text()
    assert '"cluster_identifier": "from-an-older-release"' in stack


def test_a_damaged_lock_stops_everything(tmp_path: pathlib.Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = write(tmp_path, (ROOT / "examples/quickstart/platform.yaml").read_text())
    (tmp_path / "platform.lock").write_text("{")
    assert run("plan", folder) == exit.ERRORS
    assert "PS150" in capsys.readouterr().err


def test_a_bug_is_no_traceback(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    import platformspec.cli.commands.validate as command

    def broken(*_: object) -> None:
        raise RuntimeError("something unforeseen")

    monkeypatch.setattr(command, "compile_input", broken)
    assert run("validate", QUICKSTART) == exit.BUG
    err = capsys.readouterr().err
    assert "PS900" in err
    assert "Traceback" not in err


def test_plan_starts_neither_node_nor_cdk(tmp_path: pathlib.Path) -> None:
    code = (
        "import sys; from platformspec.cli.main import main; main(['plan', sys.argv[1]]);"
        "assert not {'cdktf', 'cdktn', 'jsii', 'jsonschema', 'networkx'} & set(sys.modules), 'too much was imported'"
    )
    environment = {**os.environ, "XDG_CACHE_HOME": str(tmp_path), "PATH": "/nonexistent"}
    subprocess.run(
        [sys.executable, "-c", code, QUICKSTART], check=True, capture_output=True, env=environment, timeout=60
    )


def test_compile_needs_no_node_on_the_path(tmp_path: pathlib.Path) -> None:
    environment = {"HOME": str(tmp_path), "XDG_CACHE_HOME": str(tmp_path / "cache"), "PATH": "/nonexistent"}
    folder = write(tmp_path, (ROOT / "examples/bedrock-only/platform.yaml").read_text())
    subprocess.run(
        [sys.executable, "-m", "platformspec", "compile", folder, "-o", str(tmp_path / "out")],
        check=True,
        capture_output=True,
        env=environment,
        timeout=120,
    )
    assert (tmp_path / "out/terraform/manifest.json").exists()
