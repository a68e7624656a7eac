"""Recognisable secrets wherever one can be referenced or is made: none turns up in a state, record, log, plan, artifact or output."""

from __future__ import annotations

import base64
import json
import os
import pathlib
import re
import shutil
import sqlite3
import subprocess
import sys
import tarfile
import types
import uuid
import zipfile
import zlib
from typing import Any, Final

import platformspec_rehearsal.mirror
import pytest
from platformspec_rehearsal.cloud.account import Account
from platformspec_rehearsal.mirror import environment as simulated
from platformspec_rehearsal.pretence import Pretence

from platformspec.cli import exit
from platformspec.cli.main import main
from tests.support.examples import ROOT
from tests.support.rehearsed import needs_kubectl, needs_terraform
from tests.support.traces import forms, traces

PLATFORM: Final = ROOT / "tests/apply/canaries.yaml"
ACCOUNT, REGION = "111122223333", "eu-central-1"
# Where the language refers to a secret (definition and key of the schema) -> the secret to which tests/apply/canaries.yaml refers there.
REFERENCES: Final = {
    "SourceSpec.token_secret": "canary/hugging-face",
    "JwtSpec.license_secret": "canary/litellm",
    "ExistingDatabase.secret_arn": "canary/database",
}
# Keys that sound like it, or whose descriptions do, and hold no reference to one.
NO_REFERENCES: Final = {
    "AuthSpec.api_keys",
    "CloudSpec.secret_recovery_days",
    "DeliverySpec.repository",
    # The name of one that only the engine in the cluster reads.
    "DeliverySpec.secret",
    "ExistingDatabase.kms_key_arn",
    "FactsSpec.experts_per_token",
    # Kinds of data that a guardrail looks for.
    "GuardrailSpec.entities",
    "NetworkSpec.private_endpoints",
    "SourceSpec.license",
}
SOUNDS: Final = re.compile(r"(?i)secret|passw|credential|token_|_token$|licen[cs]e|api_?key|private_?key")
# Letters that each form writes in another way, so that no form is found by another's pattern.
CANARIES: Final = {name: f'<{name.rpartition("/")[2]}&"4f/ü+9 c?>' for name in REFERENCES.values()}
# Variables in which people and pipelines keep credentials.
VARIABLES: Final = {
    name: f'<{name.lower()}&"e1/ü+7 a?>'
    for name in (
        *("AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "HF_TOKEN", "GITHUB_TOKEN", "TF_TOKEN_app_terraform_io"),
        *("TF_VAR_password", "NGC_API_KEY", "LITELLM_MASTER_KEY", "PGPASSWORD"),
    )
}
# What the simulated Secrets Manager makes when it is asked for a random password, once `PROVIDER` has replaced its dice.
MADE: Final = "Q" * 16
PROVIDER: Final = """#!{python}
import pathlib, runpy, secrets, sys
made = pathlib.Path({made!r})
def choice(letters):
    with made.open("a") as file:
        file.write("Q")
    return "Q"
secrets.choice = choice
sys.argv = sys.argv[3:]
runpy.run_module("platformspec_rehearsal.plugin", run_name="__main__")
"""
SECRETS: Final = (*CANARIES.values(), *VARIABLES.values(), MADE)
# The simulated cloud and cluster are where secrets belong.
STORE: Final = ("stage/pretence.sqlite*",)


def keys_that_sound_secret() -> set[str]:
    schema = json.loads((ROOT / "schemas/platform.schema.json").read_text())
    return {
        f"{name}.{key}"
        for name, definition in schema["$defs"].items()
        for key, value in definition.get("properties", {}).items()
        if SOUNDS.search(key) or re.search(r"(?i)\bsecret|password|credential", value.get("description", ""))
    }


def test_every_reference_to_a_secret_has_a_canary() -> None:
    assert keys_that_sound_secret() == {*REFERENCES, *NO_REFERENCES}
    text = PLATFORM.read_text()
    for place, secret in REFERENCES.items():
        assert re.search(rf"\b{place.partition('.')[2]}: \S*{secret}", text), place


@pytest.mark.parametrize("form", forms("x"))
@pytest.mark.parametrize("where", ["file", "zip", "sqlite", "tar"])
def test_a_secret_would_be_found(form: str, where: str, tmp_path: pathlib.Path) -> None:
    for secret in SECRETS:
        folder = tmp_path / str(SECRETS.index(secret))
        folder.mkdir()
        text = b"before " + written(secret, form) + b" after"
        file = folder / "file"
        if where == "zip":
            with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
                archive.writestr("tfstate", text)
        elif where == "tar":
            file.write_bytes(text)
            with tarfile.open(folder / "all.tar", "w") as archive:
                archive.add(file, "file")
            file.unlink()
        elif where == "sqlite":
            with sqlite3.connect(file) as database:
                database.execute("create table runs (ir blob)")
                database.execute("insert into runs values (?)", (zlib.compress(text),))
        else:
            file.write_bytes(text)
        found = traces(folder, SECRETS)
        assert found, (secret, form)
        assert all(secret in line for line in found)
        assert traces(folder, SECRETS, ("*",)) == []


def written(secret: str, form: str) -> bytes:
    """As a program would write it, independently of how it is looked for."""
    kind, _, before = form.partition(", ")
    if kind.startswith("base64"):
        encode = base64.urlsafe_b64encode if "URLs" in kind else base64.b64encode
        return encode(b"x" * int(before) + secret.encode() + b"yz")
    if kind == "json":
        return json.dumps({"key": secret}).encode()
    return forms(secret)[form]


@pytest.fixture
def platform(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> pathlib.Path:
    for name, value in VARIABLES.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "left" / "cache"))
    program = tmp_path / "python"
    program.write_text(PROVIDER.format(python=sys.executable, made=str(tmp_path / "made")))
    program.chmod(0o755)
    monkeypatch.setattr(platformspec_rehearsal.mirror, "sys", types.SimpleNamespace(executable=str(program)))
    folder = tmp_path / "left" / "platform"
    folder.mkdir(parents=True)
    shutil.copy(PLATFORM, folder / "platform.yaml")
    return folder


def stage_of(platform: pathlib.Path) -> pathlib.Path:
    return platform / ".platformspec/canary/_/rehearsal/stage"


def plant_in_the_account(platform: pathlib.Path) -> None:
    """The account has the secrets that the platform refers to."""
    stage_of(platform).mkdir(parents=True)
    pretence = Pretence(stage_of(platform))
    account = Account(pretence, ACCOUNT, REGION)
    for name, value in CANARIES.items():
        arn = f"arn:aws:secretsmanager:{REGION}:{ACCOUNT}:secret:{name}-AbCdEf"
        common = {"region": REGION, "arn": arn}
        account.keep("aws_secretsmanager_secret", REGION, name, {**common, "id": arn, "name": name})
        version = {**common, "id": f"{arn}|v1", "secret_id": arn, "version_id": "v1", "secret_string": value}
        account.keep("aws_secretsmanager_secret_version", REGION, version["id"], version)
    pretence.close()


def plant_in_the_cluster(platform: pathlib.Path) -> int:
    """What the operator of ExternalSecrets does: a Secret for each. Returns how many."""
    data = {name.replace("/", "."): base64.b64encode(value.encode()).decode() for name, value in CANARIES.items()}
    with sqlite3.connect(stage_of(platform) / "pretence.sqlite") as database:
        asking = database.execute("select cluster, object from objects where plural = 'externalsecrets'").fetchall()
        for cluster, text in asking:
            asked = json.loads(text)
            name = asked["spec"].get("target", {}).get("name", asked["metadata"]["name"])
            metadata = {**asked["metadata"], "name": name, "uid": str(uuid.uuid4()), "managedFields": []}
            secret = {"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "type": "Opaque", "data": data}
            row = (cluster, "", "secrets", metadata["namespace"], name, 1, json.dumps(secret))
            database.execute("insert or replace into objects values (?, ?, ?, ?, ?, ?, ?)", row)
    return len(asking)


def rule(folder: pathlib.Path, **rule: Any) -> str:
    file = folder / "rules.yaml"
    file.write_text(json.dumps({"rules": [rule]}))
    return str(file)


@needs_terraform
@needs_kubectl
@pytest.mark.slow
def test_secrets_turn_up_nowhere(
    platform: pathlib.Path, tmp_path: pathlib.Path, capfd: pytest.CaptureFixture[str]
) -> None:
    left = tmp_path / "left"

    def run(*command: str, code: int = exit.OK) -> None:
        ended = main(list(command))
        said = capfd.readouterr()
        (left / f"said-{len(list(left.iterdir()))}").write_text(said.out + said.err)
        assert ended == code, said

    file, plan = str(platform), str(left / "plan.json")
    acting = (file, "--rehearse", "--auto-approve", "--json")
    plant_in_the_account(platform)
    run("validate", file)
    run("compile", file, "-o", str(left / "out"))
    run("plan", file, "--out", plan, code=exit.OK)
    run("show", file)
    run("graph", file, "--format", "html")
    before = tmp_path / "before.yaml"
    before.write_text(PLATFORM.read_text().replace("max: 4", "max: 5"))
    run("review", file, "--base", str(before), "--format", "json")
    failing = rule(tmp_path, type="aws_rds_cluster", op="create", error="InvalidParameter: no", times=1)
    run("apply", *acting, "--inject", failing, code=exit.PARTIAL)
    run("apply", file, "--rehearse", "--resume")
    assert plant_in_the_cluster(platform) >= 6
    run("apply", *acting)
    refusing = rule(tmp_path, type="Deployment", op="apply", error="Forbidden: admission webhook denied it")
    run("apply", *acting, "--inject", refusing, code=exit.PARTIAL)
    run("apply", *acting, "--resume")
    run("record", file, "--rehearse", "--run", "1")
    run("destroy", *acting, "--include-protected")
    # Six secrets are made for two gateways and a store, each at least this long, and nothing else is rolled.
    assert len((tmp_path / "made").read_text()) >= 6 * len(MADE)
    assert traces(left, SECRETS, STORE) == []


@needs_terraform
def test_the_planted_secrets_are_those_that_terraform_would_read(
    platform: pathlib.Path, tmp_path: pathlib.Path
) -> None:
    """A stack that reads the value of a secret has it in its state, and there it is found."""
    plant_in_the_account(platform)
    assert main(["apply", str(platform), "--rehearse", "--auto-approve", "--target", "gpu_pool.none"]) == exit.ERRORS
    stack = tmp_path / "stack"
    stack.mkdir()
    data = {
        key.rpartition("/")[2]: {"secret_id": f"arn:aws:secretsmanager:{REGION}:{ACCOUNT}:secret:{key}-AbCdEf"}
        for key in CANARIES
    }
    (stack / "main.tf.json").write_text(
        json.dumps(
            {
                "terraform": {"required_providers": {"aws": {"source": "hashicorp/aws", "version": "~> 6.0"}}},
                "provider": {"aws": {"region": REGION, "allowed_account_ids": [ACCOUNT]}},
                "data": {"aws_secretsmanager_secret_version": data},
            }
        )
    )
    environment = {**os.environ, **simulated(stage_of(platform))}
    for command in ("init", "apply -auto-approve -input=false"):
        done = subprocess.run(
            ["terraform", *command.split()], cwd=stack, env=environment, capture_output=True, text=True
        )
        assert done.returncode == 0, done.stderr
    found = traces(stack, SECRETS, ("*/.terraform/*",))
    assert all(any(value in line for line in found) for value in CANARIES.values()), found
