"""Every golden manifest is what a strict API server would accept."""

from __future__ import annotations

import copy
import pathlib
from collections import Counter
from typing import Any

import kubernetes_validate
import pytest
import yaml

from tests.oracle import crds
from tests.support.examples import ROOT

KUBERNETES = "1.35"
FILES = sorted((ROOT / "golden").glob("*/kubernetes/**/*.yaml"))
CLUSTERS = sorted({path.parents[1] for path in FILES})
CORE = ("v1", "apps/v1", "batch/v1", "policy/v1", "autoscaling/v2")
NEEDS_CRDS = pytest.mark.skipif(
    not crds.FOLDER, reason="PLATFORMSPEC_CRDS names no folder of CustomResourceDefinitions"
)


def load(path: pathlib.Path) -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load(path.read_text("utf-8"))
    return loaded


def is_core(manifest: dict[str, Any]) -> bool:
    return manifest["apiVersion"] in CORE or (
        manifest["apiVersion"].split("/")[0].endswith(".k8s.io") and "karpenter" not in manifest["apiVersion"]
    )


def custom() -> list[pathlib.Path]:
    return [path for path in FILES if not is_core(load(path))]


def test_core_objects_are_strictly_valid() -> None:
    checked = 0
    for path in FILES:
        manifest = load(path)
        if is_core(manifest):
            kubernetes_validate.validate(manifest, KUBERNETES, strict=True)
            checked += 1
    print(f"{checked} core objects")
    assert checked > 50


@NEEDS_CRDS
def test_custom_resources_keep_to_schema_and_rules() -> None:
    problems: list[str] = []
    skipped: list[str] = []
    kinds: Counter[str] = Counter()
    evaluated = 0
    for path in custom():
        manifest = load(path)
        verdict = crds.validate(manifest)
        kinds[manifest["kind"]] += 1
        evaluated += verdict.evaluated
        problems += [f"{path.relative_to(ROOT)}: {problem}" for problem in verdict.problems]
        skipped += verdict.not_evaluated
    listed = Counter(skipped)
    print(
        f"{sum(kinds.values())} custom resources of {len(kinds)} kinds, {evaluated} rules evaluated, {len(listed)} not:"
    )
    print("\n".join(f"  {count} x {what}" for what, count in listed.most_common()))
    assert not problems, "\n".join(problems)
    assert evaluated > 0
    assert all("transition rule" in what for what in listed), "a rule other than a transition rule was not evaluated"


BREAKS: dict[str, Any] = {
    "ClusterSecretStore": lambda m: m["spec"]["provider"]["aws"].update(service="Vault"),
    "EC2NodeClass": lambda m: m["spec"].update(amiSelectorTerms=[]),
    "ExternalSecret": lambda m: m["spec"].update(refreshIntervall="1h"),
    "NodePool": lambda m: m["spec"]["template"]["spec"]["requirements"][0].update(values=[]),
    "PodMonitor": lambda m: m["spec"].pop("selector"),
    "ScaledObject": lambda m: m["spec"].update(triggers="many"),
}


@NEEDS_CRDS
def test_each_kind_can_fail() -> None:
    by_kind = {load(path)["kind"]: load(path) for path in custom()}
    assert set(by_kind) == set(BREAKS), "one failing object for each emitted kind proves that the check can fail"
    for kind, manifest in by_kind.items():
        broken = copy.deepcopy(manifest)
        BREAKS[kind](broken)
        assert crds.validate(broken).problems, kind


@pytest.mark.parametrize("cluster", CLUSTERS, ids=lambda path: f"{path.parents[1].name}-{path.name}")
def test_objects_fit_each_other(cluster: pathlib.Path) -> None:
    """Selectors find pods, references find objects, images are pinned."""
    objects = [load(path) for path in sorted(cluster.rglob("*.yaml"))]
    there = {(o["kind"], o["metadata"].get("namespace"), o["metadata"]["name"]) for o in objects}
    there |= {
        ("Secret", o["metadata"]["namespace"], o["spec"]["target"]["name"])
        for o in objects
        if o["kind"] == "ExternalSecret"
    }
    namespaces = {name for kind, _, name in there if kind == "Namespace"}
    pods = [
        (o["metadata"]["namespace"], o["spec"]["template"])
        for o in objects
        if o["kind"] in ("Deployment", "StatefulSet", "Job")
    ]
    problems: list[str] = []
    for o in objects:
        namespace, name = (
            o["metadata"].get("namespace"),
            f"{o['kind']} {o['metadata'].get('namespace')}/{o['metadata']['name']}",
        )
        if namespace is not None and namespace not in namespaces:
            problems.append(f"{name}: no namespace {namespace}")
        selector = {
            "Service": lambda s: s["selector"],
            "PodDisruptionBudget": lambda s: s["selector"]["matchLabels"],
            "PodMonitor": lambda s: s["selector"]["matchLabels"],
        }.get(o["kind"])
        if selector and not any(
            where == namespace and selector(o["spec"]).items() <= pod["metadata"]["labels"].items()
            for where, pod in pods
        ):
            problems.append(f"{name}: selects nothing")
        if o["kind"] in ("ScaledObject", "HorizontalPodAutoscaler"):
            target = o["spec"]["scaleTargetRef"]
            if (target["kind"], namespace, target["name"]) not in there:
                problems.append(f"{name}: nothing to scale")
    for namespace, pod in pods:
        spec = pod["spec"]
        if ("ServiceAccount", namespace, spec["serviceAccountName"]) not in there:
            problems.append(f"{namespace}: no account {spec['serviceAccountName']}")
        volumes = {volume["name"] for volume in spec.get("volumes", ())}
        for container in spec["containers"]:
            if ":" not in container["image"].rsplit("/", 1)[1] or container["image"].endswith(":latest"):
                problems.append(f"{container['image']} is not pinned")
            ports = {port["name"] for port in container.get("ports", ())}
            for probe in ("startupProbe", "readinessProbe", "livenessProbe"):
                if probe in container and container[probe]["httpGet"]["port"] not in ports:
                    problems.append(f"{namespace} {container['name']}: {probe} asks a port that is not there")
            for env in container.get("env", ()):
                source = env.get("valueFrom", {})
                for key, kind in (("secretKeyRef", "Secret"), ("configMapKeyRef", "ConfigMap")):
                    if key in source and (kind, namespace, source[key]["name"]) not in there:
                        problems.append(f"{namespace} {container['name']}: no {kind} {source[key]['name']}")
            claims = {
                claim["metadata"]["name"]
                for o in objects
                if o["kind"] == "StatefulSet" and o["metadata"]["namespace"] == namespace
                for claim in o["spec"].get("volumeClaimTemplates", ())
            }
            problems += [
                f"{namespace}: no volume {mount['name']}"
                for mount in container.get("volumeMounts", ())
                if mount["name"] not in volumes | claims
            ]
            gpus = [container["resources"].get(kind, {}).get("nvidia.com/gpu") for kind in ("requests", "limits")]
            if gpus[0] != gpus[1]:
                problems.append(f"{namespace}: GPUs requested and limited differ")
    assert not problems, "\n".join(problems)
