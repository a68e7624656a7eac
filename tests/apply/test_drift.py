"""Drift of a rehearsed platform: what others changed in the simulated cloud and cluster, and whose it is."""

from __future__ import annotations

import json
import pathlib
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import jsonschema
import pytest

from platformspec.cli import exit
from platformspec.cli.main import main
from platformspec.diagnostics import Report
from platformspec.drift.render.json import SCHEMA
from platformspec.providers import installed_providers
from tests.rehearsal.test_manifests import Kubectl
from tests.support.examples import ROOT
from tests.support.rehearsed import needs_kubectl, needs_terraform

pytestmark = [needs_terraform, needs_kubectl]
QWEN = "revision: b968826d9c46dd6066d109eabc6255188de91218}"
BY_HAND = """
apiVersion: v1
kind: ConfigMap
metadata: {name: by-hand, namespace: models}
data: {a: b}
"""
BY_AN_OPERATOR = """
apiVersion: v1
kind: ConfigMap
metadata: {name: by-an-operator, namespace: models, labels: {app.kubernetes.io/managed-by: some-operator}}
data: {a: b}
"""


@pytest.fixture(scope="module")
def applied(tmp_path_factory: pytest.TempPathFactory) -> Iterator[pathlib.Path]:
    """The quickstart with a model that scales, applied in a rehearsal; tests change copies of it."""
    folder = tmp_path_factory.mktemp("drift")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(folder / "cache"))
        (folder / "platform").mkdir()
        quickstart = (ROOT / "examples/quickstart/platform.yaml").read_text("utf-8")
        scaling = quickstart.replace(QWEN, f"{QWEN}, scale: {{min: 1, max: 2}}")
        assert scaling != quickstart
        (folder / "platform/platform.yaml").write_text(scaling, "utf-8")
        assert main(["apply", str(folder / "platform"), "--rehearse", "--auto-approve"]) == exit.OK
        yield folder / "platform"


@pytest.fixture
def platform(applied: pathlib.Path, tmp_path: pathlib.Path) -> pathlib.Path:
    return pathlib.Path(shutil.copytree(applied, tmp_path / "platform"))


def rehearsal(platform: pathlib.Path) -> pathlib.Path:
    return platform / ".platformspec/quickstart/_/rehearsal/stage"


def set_in_cloud(platform: pathlib.Path, type: str, name: str, value: Any) -> None:
    """Change an attribute of the resources of a type, as somebody in the console would."""
    with sqlite3.connect(rehearsal(platform) / "pretence.sqlite") as database:
        for key, state in database.execute("select key, state from resources where type = ?", (type,)).fetchall():
            changed = json.dumps({**json.loads(state), name: value})
            database.execute("update resources set state = ? where type = ? and key = ?", (changed, type, key))


def patch_replicas(kubectl: Kubectl, deployment: str, namespace: str, count: int, *more: str) -> None:
    patch = json.dumps({"spec": {"replicas": count}})
    kubectl.must("patch", "deployment", deployment, "-n", namespace, "--type=merge", "-p", patch, *more)


@contextmanager
def cluster(platform: pathlib.Path) -> Iterator[Kubectl]:
    providers = installed_providers()
    rehearse = next(provider.rehearse for provider in providers.providers if provider.rehearse is not None)
    with rehearse(rehearsal(platform), providers, Report(), inject=None) as stage:
        assert stage is not None
        yield Kubectl(stage)


def found(platform: pathlib.Path, capsys: pytest.CaptureFixture[str]) -> list[tuple[Any, ...]]:
    """(owner, what, resource, attribute, applied, live) of every deviation; the JSON is as its schema says."""
    capsys.readouterr()
    code = main(["drift", str(platform), "--rehearse", "--json"])
    data = json.loads(capsys.readouterr().out)
    jsonschema.validate(data, SCHEMA)
    assert code == (exit.CHANGES if any(one["owner"] == "spec" for one in data["deviations"]) else exit.OK)
    names = ("owner", "what", "resource", "attribute", "applied", "live")
    return [tuple(one.get(name) for name in names) for one in data["deviations"]]


@pytest.mark.slow
def test_an_attribute_that_somebody_changed_is_named_and_set_back(
    platform: pathlib.Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert found(platform, capsys) == []
    set_in_cloud(platform, "aws_vpc", "enable_dns_hostnames", False)
    assert found(platform, capsys) == [
        ("spec", "changed", "network.main/vpc", "enable_dns_hostnames", True, False),
    ]
    assert main(["drift", str(platform), "--rehearse"]) == exit.CHANGES
    said = capsys.readouterr().out
    assert "~ enable_dns_hostnames: true -> false" in said
    assert f"To set it back: platformspec apply {platform} --rehearse" in said
    assert main(["apply", str(platform), "--rehearse", "--auto-approve"]) == exit.OK
    assert found(platform, capsys) == []


def test_what_others_did_to_objects_has_an_owner(platform: pathlib.Path, capsys: pytest.CaptureFixture[str]) -> None:
    image = '{"spec": {"template": {"spec": {"containers": [{"name": "server", "image": "somewhere/else:1"}]}}}}'
    with cluster(platform) as kubectl:
        kubectl.must("patch", "deployment", "chat", "-n", "models", "--type=strategic", "-p", image)
        patch_replicas(kubectl, "chat", "models", 2, "--field-manager=kube-controller-manager")
        kubectl.must("label", "deployment", "main", "-n", "gateway-main", "--field-manager=some-operator", "seen=yes")
        kubectl.must("annotate", "service", "chat", "-n", "models", "note=remember")
        kubectl.must("delete", "service", "main", "-n", "gateway-main")
        kubectl.must("apply", "-f", "-", text=BY_HAND)
        kubectl.must("apply", "-f", "-", text=BY_AN_OPERATOR)
    deviations = found(platform, capsys)
    assert [one[:4] for one in deviations if one[0] == "spec"] == [
        ("spec", "gone", "gateway.main/service", None),
        ("spec", "changed", "model.chat/deployment", "spec.template.spec.containers[0].image"),
    ]
    assert {one for one in deviations if one[0] != "spec"} == {
        ("autoscaler", "added", "model.chat/deployment", "spec.replicas", None, 2),
        ("controller", "added", "gateway.main/deployment", "metadata.labels.seen", None, "yes"),
        ("person", "added", "model.chat/service", "metadata.annotations.note", None, "remember"),
        ("person", "added", "ConfigMap by-hand in models", None, None, None),
        ("controller", "added", "ConfigMap by-an-operator in models", None, None, None),
    }
    assert main(["drift", str(platform), "--rehearse"]) == exit.CHANGES
    said = capsys.readouterr().out
    assert "by kubectl-patch" in said
    assert f"To set it back: platformspec apply {platform} --rehearse --force-conflicts" in said


@pytest.mark.slow
def test_what_an_autoscaler_owns_is_no_drift_and_what_people_took_over_is_set_back(
    platform: pathlib.Path, capsys: pytest.CaptureFixture[str]
) -> None:
    scaled = ("autoscaler", "added", "model.chat/deployment", "spec.replicas", None, 2)
    with cluster(platform) as kubectl:
        patch_replicas(kubectl, "chat", "models", 2, "--field-manager=kube-controller-manager")
    assert found(platform, capsys) == [scaled]
    with cluster(platform) as kubectl:
        patch_replicas(kubectl, "main", "gateway-main", 7)
    assert found(platform, capsys) == [("spec", "changed", "gateway.main/deployment", "spec.replicas", 1, 7), scaled]
    assert main(["apply", str(platform), "--rehearse", "--auto-approve", "--force-conflicts"]) == exit.OK
    assert found(platform, capsys) == [scaled]
