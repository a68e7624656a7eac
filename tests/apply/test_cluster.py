"""Manifests with the real kubectl against the emulated API: conflicts, autoscalers, pruning, waiting, failures and the end."""

from __future__ import annotations

import json
import os
import pathlib
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import yaml

from platformspec.apply.kubectl import Cluster
from platformspec.apply.process import Program as Tool
from platformspec.apply.site import Limits, Site
from platformspec.diagnostics import Report
from platformspec.ir.node import Manifest
from platformspec.lower.stage import Stage
from tests.apply.bench import PLACE, Bench, program
from tests.rehearsal.test_inject import staged
from tests.support.examples import ROOT
from tests.support.rehearsed import needs_kubectl

pytestmark = needs_kubectl
LABELS = {"app.kubernetes.io/managed-by": "platformspec", "app.kubernetes.io/part-of": "acme"}
POD = {"metadata": {"labels": {"app": "x"}}, "spec": {"containers": [{"name": "x", "image": "x:1"}]}}


class Yard:
    """An environment whose one cluster is emulated."""

    def __init__(self, folder: pathlib.Path, stage: Stage) -> None:
        self.bench = Bench(folder)
        self.variables = {**stage.environment, "KUBECONFIG": str(stage.kubeconfig("main"))}

    def cluster(self, *, force: bool = False) -> Cluster:
        return Cluster("main", Tool(shutil.which("kubectl") or "kubectl", self.variables), force=force)

    def site(self, *, force: bool = False) -> dict[str, Any]:
        def reach(site: Site, name: str) -> Cluster:
            site.limits = Limits(2, 0.02)
            return self.cluster(force=force)

        return {"cluster": reach}

    def kubectl(self, *arguments: str, text: str | None = None) -> str:
        done = subprocess.run(
            ["kubectl", *arguments],
            env={**os.environ, **self.variables},
            input=text,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    def create(self, kind: str, name: str, namespace: str | None = None, **content: Any) -> None:
        metadata = {"name": name, **({"namespace": namespace} if namespace else {})}
        object = {"apiVersion": "v1", "kind": kind, "metadata": metadata, **content}
        self.kubectl("create", "-f", "-", text=json.dumps(object))

    def get(self, *arguments: str) -> Any:
        return json.loads(self.kubectl("get", *arguments, "-o", "json"))

    def names(self, kind: str, namespace: str = "app") -> set[str]:
        return {item["metadata"]["name"] for item in self.get(kind, "-n", namespace)["items"]}

    def told(self, kind: str, status: str) -> list[str]:
        return [event.name for event in self.bench.events if (event.kind, event.status) == (kind, status)]


@contextmanager
def opened(folder: pathlib.Path, rules: str | None = None) -> Iterator[Yard]:
    report = Report()
    with staged(folder, rules, report) as stage:
        assert stage is not None, list(report)
        yield Yard(folder, stage)


@pytest.fixture
def yard(tmp_path: pathlib.Path) -> Iterator[Yard]:
    with opened(tmp_path) as made:
        yield made


def manifest(
    kind: str, name: str, version: str = "v1", namespace: str | None = "app", *, keep: bool = False, **content: Any
) -> Manifest:
    metadata = {"name": name, "labels": LABELS, **({"namespace": namespace} if namespace else {})}
    return Manifest(
        f"cluster.main/{kind.lower()}-{name}",
        f"{version}/{kind}",
        "kubernetes",
        PLACE,
        {"apiVersion": version, "kind": kind, "metadata": metadata, **content},
        "cluster.main",
        lifecycle={"prevent_destroy": True} if keep else {},
    )


def config(name: str, value: str = "ours", **more: Any) -> Manifest:
    return manifest("ConfigMap", name, data={"key": value}, **more)


HOME = manifest("Namespace", "app", namespace=None)
CLAIM = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}
DEPLOYMENT = manifest("Deployment", "web", "apps/v1", spec={"selector": {"matchLabels": {"app": "x"}}, "template": POD})


def test_a_field_of_somebody_else_is_a_conflict_and_force_takes_it(yard: Yard) -> None:
    head = program(HOME, config("a"))
    assert yard.bench.apply(head, site=yard.site()).complete
    theirs = json.dumps(
        {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a", "namespace": "app"}, "data": {"key": "b"}}
    )
    yard.kubectl("apply", "--server-side", "--field-manager=helm", "--force-conflicts", "-f", "-", text=theirs)
    outcome = yard.bench.apply(head, site=yard.site())
    assert [failure.code.id for failure in outcome.failures] == ["PS718"]
    assert "helm" in outcome.failures[0].message
    assert ".data.key" in outcome.failures[0].message
    assert "--force-conflicts" in str(outcome.failures[0].help)
    assert yard.get("configmap", "a", "-n", "app")["data"] == {"key": "b"}
    assert yard.bench.resume(head, site=yard.site(force=True)).complete
    assert yard.get("configmap", "a", "-n", "app")["data"] == {"key": "ours"}
    assert yard.bench.apply(head, site=yard.site()).complete


def autoscaled() -> Iterator[tuple[str, dict[str, Any], list[dict[str, Any]]]]:
    """(autoscaler's kind, its target, both) of everything in the goldens that scales by itself."""
    for folder in sorted((ROOT / "golden/rag-assistant/kubernetes").iterdir()):
        objects = [yaml.safe_load(file.read_text("utf-8")) for file in sorted(folder.rglob("*.yaml"))]
        for scaler in objects:
            if scaler["kind"] in ("HorizontalPodAutoscaler", "ScaledObject"):
                target = scaler["spec"].get("scaleTargetRef")
                namespace = scaler["metadata"]["namespace"]
                scaled = next(
                    o
                    for o in objects
                    if o["kind"] == target.get("kind", "Deployment")
                    and (o["metadata"]["name"], o["metadata"].get("namespace")) == (target["name"], namespace)
                )
                yield scaler["kind"], scaled, [scaled, scaler]


def test_replicas_belong_to_the_autoscaler(yard: Yard) -> None:
    cluster = yard.cluster()
    kinds = set()
    for kind, target, both in autoscaled():
        kinds.add(kind)
        name, namespace = target["metadata"]["name"], target["metadata"]["namespace"]
        home = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace}}
        cluster.apply([home])
        cluster.apply(both)
        address = (target["kind"].lower(), name, "-n", namespace)
        yard.kubectl(
            *("patch", *address, "--field-manager=kube-controller-manager", "--type=merge", "-p"),
            json.dumps({"spec": {"replicas": 5}}),
        )
        cluster.apply(both)
        assert yard.get(*address)["spec"]["replicas"] == 5
    assert kinds == {"HorizontalPodAutoscaler", "ScaledObject"}


def test_pruning_comes_last_and_takes_only_what_is_ours(yard: Yard) -> None:
    stale = [
        config("old"),
        config("anew"),
        config("theirs"),
        config("kept", keep=True),
        manifest("Namespace", "team", namespace=None),
        manifest("PersistentVolumeClaim", "data", spec=CLAIM),
    ]
    head = program(HOME, config("a"))
    assert yard.bench.apply(program(HOME, config("a"), *stale), site=yard.site()).complete
    yard.kubectl("delete", "configmap", "anew", "-n", "app")
    yard.create("ConfigMap", "anew", "app")
    yard.kubectl("label", "configmap", "anew", "-n", "app", *(f"{name}={value}" for name, value in LABELS.items()))
    yard.kubectl("label", "configmap", "theirs", "-n", "app", "app.kubernetes.io/managed-by=helm", "--overwrite")
    yard.bench.events.clear()
    outcome = yard.bench.apply(head, site=yard.site())
    assert outcome.complete, outcome
    assert yard.told("step", "done") == ["manifests main", "ready main", "prune main"]
    assert sorted(outcome.left) == [
        "ConfigMap anew in app: somebody has made it anew",
        "ConfigMap kept in app: it is protected",
        "ConfigMap theirs in app: it no longer carries our labels",
        "Namespace team: a Namespace is never deleted",
        "PersistentVolumeClaim data in app: a PersistentVolumeClaim is never deleted",
    ]
    assert yard.told("object", "done") == ["ConfigMap old in app"]
    assert yard.names("configmaps") == {"a", "anew", "kept", "kube-root-ca.crt", "theirs"}
    assert yard.names("persistentvolumeclaims") == {"data"}
    yard.kubectl("get", "namespace", "team")
    yard.bench.events.clear()
    assert yard.bench.apply(head, site=yard.site()).left == (), "what was left is not looked at again"
    assert yard.told("step", "done") == ["manifests main", "ready main"]


SECRET = manifest("ExternalSecret", "keys", "external-secrets.io/v1", spec={"refreshInterval": "1h"})


def ready(yard: Yard, status: str) -> None:
    condition = {"type": "Ready", "status": status, "reason": "SecretSynced", "message": "no value in the store"}
    yard.kubectl(
        *("patch", "externalsecret", "keys", "-n", "app", "--subresource=status", "--type=merge", "-p"),
        json.dumps({"status": {"conditions": [condition]}}),
    )


def test_waiting_ends_with_what_the_cluster_said_last(yard: Yard) -> None:
    head = program(HOME, SECRET, config("a"))
    assert yard.bench.apply(head, site=yard.site()).complete
    ready(yard, "False")
    for minute, message in ((1, "an older word"), (2, "secret acme/keys has no value yet")):
        yard.create(
            *("Event", f"keys.{minute}", "app"),
            involvedObject={"kind": "ExternalSecret", "name": "keys", "namespace": "app"},
            reason="UpdateFailed",
            message=message,
            lastTimestamp=f"2026-11-25T00:0{minute}:00Z",
        )
    outcome = yard.bench.apply(head, site=yard.site())
    assert [failure.code.id for failure in outcome.failures] == ["PS720"]
    assert (
        "ExternalSecret keys in app: no value in the store (UpdateFailed: secret acme/keys has no value yet)"
        in outcome.failures[0].message
    )
    assert "ConfigMap" not in outcome.failures[0].message
    assert yard.told("waiting", "waits") == ["ExternalSecret keys in app"]
    ready(yard, "True")
    assert yard.bench.resume(head, site=yard.site()).complete


def test_a_cluster_is_emptied_in_reverse(yard: Yard) -> None:
    account = manifest("ServiceAccount", "web")
    assert yard.bench.apply(program(HOME, account, config("a"), DEPLOYMENT), site=yard.site()).complete
    yard.create("PersistentVolumeClaim", "d", "app", spec=CLAIM)
    yard.create("Namespace", "somebody")
    outcome = yard.bench.apply(program(), site=yard.site())
    assert outcome.complete, outcome
    assert yard.told("object", "done") == [
        "Deployment web in app",
        "ConfigMap a in app",
        "ServiceAccount web in app",
        "Namespace app",
    ]
    remaining = {item["metadata"]["name"] for item in yard.get("namespaces")["items"]}
    assert "app" not in remaining
    assert "somebody" in remaining
    assert yard.get("persistentvolumeclaims", "--all-namespaces")["items"] == []
    assert yard.bench.record().known() == {}


def content(yard: Yard) -> dict[str, Any]:
    kinds = ("configmaps", "serviceaccounts", "deployments")
    return {
        f"{item['kind']} {item['metadata']['name']}": {name: item.get(name) for name in ("data", "spec")}
        for item in yard.get(",".join(kinds), "-n", "app")["items"]
    }


MIDDLE = program(HOME, manifest("ServiceAccount", "web"), config("a"), config("b"), DEPLOYMENT)


@pytest.mark.parametrize(
    ("rule", "code"),
    [
        ('{type: ConfigMap, name: b, op: apply, times: 1, error: "Forbidden: admission webhook denied it"}', "PS717"),
        ('{type: Deployment, op: apply, times: 1, error: "Invalid: quota exceeded"}', "PS717"),
        ('{type: ConfigMap, name: b, op: apply, times: 1, error: "InternalError: failed calling webhook x"}', None),
        ("{type: ConfigMap, name: b, op: apply, times: 1, crash: true}", None),
    ],
)
def test_a_refusal_in_the_middle_and_a_resume(rule: str, code: str | None, tmp_path: pathlib.Path) -> None:
    with opened(tmp_path / "undisturbed") as calm:
        assert calm.bench.apply(MIDDLE, site=calm.site()).complete
        wanted = content(calm)
    with opened(tmp_path / "disturbed", f"rules:\n- {rule}\n") as yard:
        outcome = yard.bench.apply(MIDDLE, site=yard.site())
        if code is not None:
            assert [failure.code.id for failure in outcome.failures] == [code]
            certainty = {item.certainty for item in yard.bench.record().known().values()}
            assert certainty == {"applied", "attempted"}, "what was accepted is in the record"
            assert yard.told("step", "done") == []
            outcome = yard.bench.resume(MIDDLE, site=yard.site())
        assert outcome.complete, outcome
        assert content(yard) == wanted
        record = yard.bench.record()
        assert {id: item.certainty for id, item in record.known().items()} == dict.fromkeys(MIDDLE.nodes, "applied")
        assert all(item.uid for item in record.known().values())
