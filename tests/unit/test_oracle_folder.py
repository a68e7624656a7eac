"""References among the objects of a folder: a sound folder passes, and each broken reference is found."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.oracle import DEFAULT_KUBERNETES, Oracle, Problem, check_folder
from tests.oracle.folder import EXISTING_ANNOTATION, load

OBJECTS: list[dict[str, Any]] = load(
    (Path(__file__).parents[1] / "oracle" / "folder_sample.yaml").read_text(encoding="utf-8")
)
# References need no definitions; what schemas find is tested by kind.
ORACLE = Oracle(DEFAULT_KUBERNETES, None)
CONTAINER = ["spec", "template", "spec", "containers", 0]


def file_of(obj: dict[str, Any]) -> str:
    """The file in which the tests put an object."""
    return f"{obj['kind'].lower()}-{obj['metadata']['name']}.yaml"


def written(folder: Path, objects: list[dict[str, Any]]) -> Path:
    """A folder with one file per object."""
    for obj in objects:
        (folder / file_of(obj)).write_text(yaml.safe_dump(obj), encoding="utf-8")
    return folder


def changed(kind: str, way: list[Any], to: Any) -> list[dict[str, Any]]:
    """The sound objects but for one field of the object of a kind; None removes the field, or the object at []."""
    objects = copy.deepcopy(OBJECTS)
    obj = next(one for one in objects if one["kind"] == kind)
    if not way:
        return [one for one in objects if one is not obj]
    place: Any = obj
    for step in way[:-1]:
        place = place[step]
    if to is None:
        del place[way[-1]]
    else:
        place[way[-1]] = to
    return objects


def test_a_sound_folder_passes(tmp_path: Path) -> None:
    assert check_folder(written(tmp_path, OBJECTS), ORACLE) == []


@pytest.mark.parametrize(
    ("kind", "way", "to", "path", "says"),
    [
        ("Namespace", [], None, "service-web.yaml:metadata.namespace", "no namespace shop"),
        ("Service", ["metadata", "namespace"], None, "service-web.yaml:metadata.namespace", "is absent"),
        ("Service", ["spec", "selector", "app"], "x", "service-web.yaml:spec.selector", "matches no pod"),
        ("Service", ["spec", "ports", 0, "targetPort"], 81, "spec.ports[0].targetPort", "declares no port 81"),
        ("Service", ["spec", "ports", 0, "name"], "web", "ingress-web.yaml:", "no port 'http'"),
        ("Service", [], None, "ingress-web.yaml:", "no Service web in shop"),
        ("HorizontalPodAutoscaler", ["spec", "scaleTargetRef", "name"], "x", "scaleTargetRef.name", "no Deployment x"),
        ("ScaledObject", ["spec", "scaleTargetRef", "name"], "x", "scaleTargetRef.name", "no Deployment x"),
        ("ScaledObject", ["spec", "triggers", 0, "authenticationRef"], {"name": "x"}, "", "no TriggerAuthentication x"),
        ("PodDisruptionBudget", ["spec", "selector", "matchExpressions", 0, "values"], ["x"], "", "matches no pod"),
        ("NetworkPolicy", ["spec", "podSelector", "matchLabels"], {"a": "b"}, "spec.podSelector", "matches no pod"),
        ("NetworkPolicy", ["spec", "ingress", 0, "from", 0, "podSelector", "matchLabels"], {"a": "b"}, "", "in shop"),
        ("Namespace", ["metadata", "labels", "tier"], "x", "namespaceSelector", "matches no namespace"),
        ("PodMonitor", ["spec", "selector", "matchLabels"], {"a": "b"}, "spec.selector", "matches no pod"),
        ("PodMonitor", ["spec", "podMetricsEndpoints", 0, "port"], "x", "Endpoints[0].port", "has a port 'x'"),
        ("ServiceMonitor", ["spec", "selector", "matchLabels"], {"a": "b"}, "spec.selector", "matches no Service"),
        ("ServiceMonitor", ["spec", "endpoints", 0, "port"], "x", "endpoints[0].port", "has a port 'x'"),
        ("ServiceAccount", [], None, "serviceAccountName", "no ServiceAccount web in shop"),
        ("ServiceAccount", [], None, "subjects[0].name", "no service account web"),
        ("PriorityClass", [], None, "priorityClassName", "no PriorityClass serving"),
        ("PersistentVolumeClaim", [], None, "volumes[0]", "no claim cache"),
        ("ConfigMap", [], None, "env[0].valueFrom.configMapKeyRef", "no ConfigMap web"),
        ("ConfigMap", ["data", "mode"], None, "env[0].valueFrom", "has no key 'mode'; it has config.yaml"),
        ("ConfigMap", ["data", "config.yaml"], None, "volumes[1].configMap", "has no key 'config.yaml'"),
        ("ExternalSecret", ["spec", "target", "name"], "x", "env[1].valueFrom.secretKeyRef", "no Secret web-secret"),
        ("ExternalSecret", ["spec", "data", 0, "secretKey"], "x", "env[1]", "has no key 'token'; it has x"),
        ("ClusterSecretStore", [], None, "spec.secretStoreRef.name", "no ClusterSecretStore cloud"),
        ("Role", [], None, "roleRef.name", "no Role reader"),
        ("Deployment", [*CONTAINER, "image"], "nginx:latest", "containers[0].image", "not pinned"),
        ("Deployment", [*CONTAINER, "image"], "host:5000/nginx", "containers[0].image", "not pinned"),
        ("Deployment", [*CONTAINER, "image"], "a b", "containers[0].image", "not an image's name"),
        (
            "Deployment",
            [*CONTAINER, "envFrom", 0, "configMapRef"],
            {"name": "absent"},
            "envFrom[0]",
            "no ConfigMap absent",
        ),
    ],
)
def test_a_broken_reference_is_found(tmp_path: Path, kind: str, way: list[Any], to: Any, path: str, says: str) -> None:
    problems = check_folder(written(tmp_path, changed(kind, way, to)), ORACLE)
    assert any(path in problem.path and says in problem.message for problem in problems), problems


def test_what_exists_besides_can_be_said_in_three_ways(tmp_path: Path) -> None:
    objects = [one for one in changed("PriorityClass", [], None) if one["kind"] != "ServiceAccount"]
    folder = written(tmp_path, objects)
    assert {problem.path.split(":")[0] for problem in check_folder(folder, ORACLE)} == {
        "deployment-web.yaml",
        "rolebinding-reader.yaml",
    }
    assert check_folder(folder, ORACLE, ["PriorityClass/serving", "ServiceAccount/shop/web"]) == []
    for obj in objects:
        if obj["kind"] == "Deployment":
            annotation = "PriorityClass/serving, ServiceAccount/shop/web"
            obj["metadata"]["annotations"] = {EXISTING_ANNOTATION: annotation}
    assert check_folder(written(tmp_path, objects), ORACLE) == []


def test_a_selector_for_pods_that_others_bring_may_match_nothing(tmp_path: Path) -> None:
    folder = written(tmp_path, changed("NetworkPolicy", ["spec", "podSelector", "matchLabels"], {"a.b/apps": "x"}))
    assert len(check_folder(folder, ORACLE)) == 1
    assert check_folder(folder, ORACLE, brought_labels=["a.b/apps"]) == []


def test_a_digest_pins_an_image(tmp_path: Path) -> None:
    image = f"host:5000/a/nginx@sha256:{'0' * 64}"
    assert check_folder(written(tmp_path, changed("Deployment", [*CONTAINER, "image"], image)), ORACLE) == []


def test_two_files_with_one_object(tmp_path: Path) -> None:
    written(tmp_path, OBJECTS)
    (tmp_path / "x.yaml").write_text(yaml.safe_dump(OBJECTS[1]), encoding="utf-8")
    assert check_folder(tmp_path, ORACLE) == [
        Problem("x.yaml:metadata.name", "ServiceAccount web stands in serviceaccount-web.yaml too")
    ]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("a: [", "cannot be read"),
        ("kind: A\nkind: B", "the key 'kind' stands twice"),
        ("# nothing", "holds no object"),
        ("- 1", "is not an object"),
        ("kind: A", "is required"),
    ],
)
def test_a_file_without_an_object(tmp_path: Path, text: str, says: str) -> None:
    (tmp_path / "x.yaml").write_text(text, encoding="utf-8")
    problems = check_folder(tmp_path, ORACLE)
    assert len(problems) == 1
    assert says in problems[0].message


def test_dates_stay_text() -> None:
    assert load("a: 2026-01-31") == [{"a": "2026-01-31"}]
