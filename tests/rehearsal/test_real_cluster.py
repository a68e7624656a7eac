"""`--cluster kind` and `k3d`, with programs of these names that act as the real ones are documented to, and give the way to an emulated API."""

from __future__ import annotations

import json
import os
import pathlib
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from platformspec.diagnostics import Failure, Report
from platformspec.lower.stage import Stage
from platformspec.providers import installed_providers
from platformspec.source.document import parse
from tests.support.memory_tree import MemoryTree
from tests.support.rehearsed import needs_kubectl

pytestmark = needs_kubectl
NODE = {"apiVersion": "v1", "kind": "Node", "metadata": {"name": "control-plane"}}
# kind lists names alone and says "No kind clusters found." on the other stream; k3d lists a table.
KIND = """#!/bin/sh
echo "kind $*" >> {folder}/calls
case "$1 $2" in
  "get clusters") cat {folder}/clusters || echo "No kind clusters found." >&2 ;;
  "create cluster") test ! -e {folder}/broken || {{ echo "ERROR: failed to create cluster" >&2; exit 1; }}
    echo "$4" >> {folder}/clusters ;;
  "get kubeconfig") cat {kubeconfig} ;;
  "delete cluster") rm {folder}/clusters ;;
  *) exit 2 ;;
esac
"""
K3D = """#!/bin/sh
echo "k3d $*" >> {folder}/calls
case "$1 $2" in
  "cluster list") sed 's|$|   1/1   0/0   true|' {folder}/clusters ; exit 0 ;;
  "cluster create") echo "$3" >> {folder}/clusters ;;
  "kubeconfig get") cat {kubeconfig} ;;
  "cluster delete") rm {folder}/clusters ;;
  *) exit 2 ;;
esac
"""


@contextmanager
def rehearsed(
    folder: pathlib.Path, report: Report, cluster: str | None = None, rules: str | None = None
) -> Iterator[Stage | None]:
    providers = installed_providers()
    rehearse = next(provider.rehearse for provider in providers.providers if provider.rehearse is not None)
    document = parse(MemoryTree({"inject.yaml": rules}), "inject.yaml", report) if rules is not None else None
    with rehearse(folder, providers, report, inject=document, cluster=cluster) as stage:
        yield stage


def kubectl(kubeconfig: pathlib.Path, *arguments: str, stdin: str | None = None) -> Any:
    command = ["kubectl", "--kubeconfig", str(kubeconfig), *arguments]
    done = subprocess.run(command, input=stdin, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout) if "json" in arguments else done.stdout


@pytest.fixture
def machine(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[pathlib.Path]:
    """A folder with docker, kind and k3d on PATH."""
    folder = tmp_path / "machine"
    folder.mkdir()
    with rehearsed(tmp_path / "behind" / "stage", Report()) as behind:
        assert behind is not None
        kubeconfig = behind.kubeconfig("any")
        kubectl(kubeconfig, "create", "-f", "-", stdin=json.dumps(NODE))
        programs = {"kind": KIND, "k3d": K3D, "docker": "#!/bin/sh\ntest ! -e {folder}/stopped\n"}
        for name, text in programs.items():
            (folder / name).write_text(text.format(folder=folder, kubeconfig=kubeconfig))
            (folder / name).chmod(0o755)
        monkeypatch.setenv("PATH", f"{folder}:{os.environ['PATH']}")
        yield folder


def calls(machine: pathlib.Path) -> list[str]:
    file = machine / "calls"
    return [" ".join(line.split()[:3]) for line in file.read_text().splitlines()] if file.exists() else []


@pytest.mark.parametrize("maker", ["kind", "k3d"])
def test_a_cluster_is_made_once_kept_and_removed_with_its_control_plane(
    maker: str, machine: pathlib.Path, tmp_path: pathlib.Path
) -> None:
    folder = tmp_path / "mine" / "stage"
    for choice in (maker, None, maker):
        with rehearsed(folder, Report(), choice) as stage:
            assert stage is not None
            assert not stage.runs_pods
            kubeconfig = stage.kubeconfig("main")
            assert stage.kubeconfig("main") == kubeconfig
            kinds = {item["metadata"]["name"] for item in kubectl(kubeconfig, "get", "crds", "-o", "json")["items"]}
            assert {"nodepools.karpenter.sh", "externalsecrets.external-secrets.io"} <= kinds
            (node,) = kubectl(kubeconfig, "get", "nodes", "-o", "json")["items"]
            assert [taint["effect"] for taint in node["spec"]["taints"]] == ["NoSchedule"]
            said = "\n".join(stage.summary().lines)
            assert "the cloud's behaviour is simulated" in said
            assert f"Cluster main is a real one of {maker}: rehearsal-main-" in said
            assert "take no pods" in said
    making = "kind create cluster" if maker == "kind" else "k3d cluster create"
    removing = "kind delete cluster" if maker == "kind" else "k3d cluster delete"
    assert calls(machine).count(making) == 1
    assert removing not in calls(machine)
    with rehearsed(folder, Report()) as stage:
        assert stage is not None
        with stage.pretence.writing():  # type: ignore[attr-defined]
            stage.pretence.did("delete", "aws_eks_cluster", "acme")  # type: ignore[attr-defined]
    assert calls(machine).count(removing) == 1
    with rehearsed(folder, Report()) as stage:
        assert stage is not None
        assert "real one" not in "\n".join(stage.summary().lines)
    assert calls(machine).count(removing) == 1


def test_a_cluster_that_cannot_be_made(machine: pathlib.Path, tmp_path: pathlib.Path) -> None:
    (machine / "broken").touch()
    with rehearsed(tmp_path / "mine" / "stage", Report(), "kind") as stage:
        assert stage is not None
        with pytest.raises(Failure, match="PS792") as failed:
            stage.kubeconfig("main")
    assert "failed to create cluster" in failed.value.diagnostic.message


@pytest.mark.parametrize(
    ("prepare", "code", "says"),
    [
        (lambda machine: (machine / "stopped").touch(), "PS791", "docker does not answer"),
        (lambda machine: (machine / "kind").unlink(), "PS791", "kind not found on PATH"),
    ],
)
def test_what_is_missing_is_said_before_anything_begins(
    prepare: Any, code: str, says: str, machine: pathlib.Path, tmp_path: pathlib.Path
) -> None:
    prepare(machine)
    report = Report()
    with rehearsed(tmp_path / "mine" / "stage", report, "kind") as stage:
        assert stage is None
    (found,) = report
    assert found.code.id == code
    assert says in found.message
    assert not (tmp_path / "mine").exists()


@pytest.mark.parametrize(("first", "then"), [("kind", "emulated"), ("kind", "k3d"), (None, "kind")])
def test_a_rehearsal_keeps_its_cluster(
    first: str | None, then: str, machine: pathlib.Path, tmp_path: pathlib.Path
) -> None:
    folder, report = tmp_path / "mine" / "stage", Report()
    with rehearsed(folder, report, first) as stage:
        assert stage is not None
    with rehearsed(folder, report, then) as stage:
        assert stage is None
    assert [diagnostic.code.id for diagnostic in report] == ["PS793"]


@pytest.mark.parametrize(
    ("rule", "codes"),
    [
        ("{op: apply, error: refused}", ["PS794"]),
        ("{op: list, crash: true}", ["PS794"]),
        ("{type: Deployment, sleep: 3}", ["PS794"]),
        ("{op: create, type: aws_vpc, error: refused}", []),
    ],
)
def test_failures_of_a_real_cluster_are_not_injected(
    rule: str, codes: list[str], machine: pathlib.Path, tmp_path: pathlib.Path
) -> None:
    report = Report()
    with rehearsed(tmp_path / "mine" / "stage", report, "kind", f"rules:\n- {rule}\n"):
        assert [diagnostic.code.id for diagnostic in report] == codes
