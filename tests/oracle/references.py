"""References by name: does what an object names exist?"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from tests.oracle.folder import Folder, Placed
from tests.oracle.pods import PodTemplate
from tests.oracle.problem import Problem

_IMAGE = re.compile(
    r"(?:[A-Za-z0-9.-]+(?::\d+)?/)?[a-z0-9]+(?:[._/-]+[a-z0-9]+)*"
    r"(?::(?P<tag>\w[\w.-]{0,127}))?(?:@(?P<digest>sha256:[0-9a-f]{64}))?\Z",
    re.ASCII,
)

# Plain references: kind -> (path of a map or list of maps, field with the name, kind referred to, whether cluster-wide).
# An empty last-but-one means that the map itself says the kind.
_NAMED: tuple[tuple[str, str, str, str, bool], ...] = (
    ("ClusterQueue", "spec.resourceGroups.*.flavors.*", "name", "ResourceFlavor", True),
    ("ExternalSecret", "spec.secretStoreRef", "name", "", False),
    ("GRPCRoute", "spec.parentRefs.*", "name", "Gateway", False),
    ("GRPCRoute", "spec.rules.*.backendRefs.*", "name", "Service", False),
    ("Gateway", "spec", "gatewayClassName", "GatewayClass", True),
    ("HTTPRoute", "spec.parentRefs.*", "name", "Gateway", False),
    ("HTTPRoute", "spec.rules.*.backendRefs.*", "name", "Service", False),
    ("HorizontalPodAutoscaler", "spec.scaleTargetRef", "name", "", False),
    ("Ingress", "spec.defaultBackend.service", "name", "Service", False),
    ("Ingress", "spec.rules.*.http.paths.*.backend.service", "name", "Service", False),
    ("LocalQueue", "spec", "clusterQueue", "ClusterQueue", True),
    ("NodePool", "spec.template.spec.nodeClassRef", "name", "", True),
    ("ResourceFlavor", "spec", "topologyName", "Topology", True),
    ("ScaledObject", "spec.scaleTargetRef", "name", "Deployment", False),
    ("ScaledJob", "spec.triggers.*.authenticationRef", "name", "TriggerAuthentication", False),
    ("ScaledObject", "spec.triggers.*.authenticationRef", "name", "TriggerAuthentication", False),
    ("StatefulSet", "spec", "serviceName", "Service", False),
    ("TriggerAuthentication", "spec.secretTargetRef.*", "name", "Secret", False),
)
_CLUSTER_WIDE = frozenset({"ClusterSecretStore", "ClusterTriggerAuthentication"})


def _namespaces(folder: Folder) -> Iterator[Problem]:
    for one in folder.objects:
        if one.namespace and not folder.has("Namespace", "", one.namespace):
            yield one.problem("metadata.namespace", f"there is no namespace {one.namespace}")


def _named(folder: Folder) -> Iterator[Problem]:
    for kind, path, name_field, default_kind, cluster_wide in _NAMED:
        for one in folder.of(kind):
            for place, reference in _along(one.obj, path.split("."), ""):
                if not isinstance(reference.get(name_field), str):
                    continue
                target = str(reference.get("kind") or default_kind or "SecretStore")
                wide = cluster_wide or target in _CLUSTER_WIDE
                namespace = "" if wide else str(reference.get("namespace") or one.namespace)
                if not folder.has(target, namespace, reference[name_field]):
                    where = f" in {namespace}" if namespace else ""
                    yield one.problem(f"{place}.{name_field}", f"there is no {target} {reference[name_field]}{where}")


def _role_bindings(folder: Folder) -> Iterator[Problem]:
    for one in folder.of("RoleBinding", "ClusterRoleBinding"):
        role = one.obj.get("roleRef") or {}
        kind, name = str(role.get("kind")), str(role.get("name"))
        namespace = one.namespace if kind == "Role" else ""
        if not folder.has(kind, namespace, name) and not name.startswith("system:"):
            yield one.problem("roleRef.name", f"there is no {kind} {name}")
        for position, subject in enumerate(one.obj.get("subjects") or ()):
            if subject.get("kind") == "ServiceAccount":
                where = str(subject.get("namespace") or one.namespace)
                if subject.get("name") != "default" and not folder.has("ServiceAccount", where, subject["name"]):
                    yield one.problem(f"subjects[{position}].name", f"no service account {subject['name']} in {where}")


def _pods(folder: Folder) -> Iterator[Problem]:
    for one in folder.objects:
        for template in one.templates:
            yield from _pod_names(folder, one, template)
            for path, container in template.containers():
                yield from _image(one, path, str(container.get("image")))
                for place, kind, source, key in _container_sources(container, path):
                    yield from _source(folder, one, template.namespace, place, kind, source, key)
            for place, kind, source, keys in _volume_sources(template):
                for key in (*keys,) if keys else (None,):
                    yield from _source(folder, one, template.namespace, place, kind, source, key)


def _pod_names(folder: Folder, one: Placed, template: PodTemplate) -> Iterator[Problem]:
    path, namespace = f"{template.path}.spec".lstrip("."), template.namespace
    for field, kind, where in (
        ("serviceAccountName", "ServiceAccount", namespace),
        ("priorityClassName", "PriorityClass", ""),
        ("runtimeClassName", "RuntimeClass", ""),
    ):
        name = template.spec.get(field)
        if name and not (field == "serviceAccountName" and name == "default") and not folder.has(kind, where, name):
            yield one.problem(f"{path}.{field}", f"there is no {kind} {name}" + (f" in {where}" if where else ""))
    for position, volume in enumerate(template.spec.get("volumes") or ()):
        claim = (volume.get("persistentVolumeClaim") or {}).get("claimName")
        if claim and not folder.has("PersistentVolumeClaim", namespace, claim):
            yield one.problem(f"{path}.volumes[{position}].persistentVolumeClaim", f"there is no claim {claim}")
    for position, secret in enumerate(template.spec.get("imagePullSecrets") or ()):
        yield from _source(folder, one, namespace, f"{path}.imagePullSecrets[{position}]", "Secret", secret, None)


def _image(one: Placed, path: str, image: str) -> Iterator[Problem]:
    found = _IMAGE.match(image)
    if not found:
        yield one.problem(f"{path}.image", f"{image!r} is not an image's name")
    elif not found["digest"] and found["tag"] in (None, "latest"):
        yield one.problem(f"{path}.image", f"{image} is not pinned to a version")


def _container_sources(
    container: Mapping[str, Any], path: str
) -> Iterator[tuple[str, str, Mapping[str, Any], str | None]]:
    for position, variable in enumerate(container.get("env") or ()):
        source = variable.get("valueFrom") or {}
        for field, kind in (("configMapKeyRef", "ConfigMap"), ("secretKeyRef", "Secret")):
            if field in source:
                yield f"{path}.env[{position}].valueFrom.{field}", kind, source[field], source[field].get("key")
    for position, source in enumerate(container.get("envFrom") or ()):
        for field, kind in (("configMapRef", "ConfigMap"), ("secretRef", "Secret")):
            if field in source:
                yield f"{path}.envFrom[{position}].{field}", kind, source[field], None


def _volume_sources(template: PodTemplate) -> Iterator[tuple[str, str, Mapping[str, Any], list[str]]]:
    for position, volume in enumerate(template.spec.get("volumes") or ()):
        path = f"{template.path}.spec.volumes[{position}]".lstrip(".")
        parts = [(path, volume)]
        for at, part in enumerate((volume.get("projected") or {}).get("sources") or ()):
            parts.append((f"{path}.projected.sources[{at}]", part))
        for place, part in parts:
            for field, kind in (("configMap", "ConfigMap"), ("secret", "Secret")):
                source = part.get(field)
                if source:
                    named = {**source, "name": source.get("name") or source.get("secretName")}
                    yield f"{place}.{field}", kind, named, [item["key"] for item in source.get("items") or ()]


def _source(
    folder: Folder, one: Placed, namespace: str, path: str, kind: str, source: Mapping[str, Any], key: str | None
) -> Iterator[Problem]:
    name = str(source.get("name"))
    if source.get("optional"):
        return
    keys = _keys(folder, kind, namespace, name)
    if keys is None and not folder.has(kind, namespace, name):
        yield one.problem(path, f"there is no {kind} {name} in {namespace}")
    elif keys is not None and key is not None and key not in keys:
        yield one.problem(path, f"{kind} {name} has no key {key!r}; it has {', '.join(sorted(keys)) or 'none'}")


def _keys(folder: Folder, kind: str, namespace: str, name: str) -> frozenset[str] | None:
    """The keys of a ConfigMap or Secret as far as the folder makes it and says them all; else None."""
    made = folder.by_identity.get((kind, namespace, name))
    if made is not None:
        return frozenset(key for field in ("data", "binaryData", "stringData") for key in made.obj.get(field) or ())
    if kind != "Secret":
        return None
    return external_secrets(folder).get((namespace, name))


def external_secrets(folder: Folder) -> Mapping[tuple[str, str], frozenset[str] | None]:
    """The Secrets that ExternalSecrets make, with their keys; None where only the store knows those."""
    made: dict[tuple[str, str], frozenset[str] | None] = {}
    for one in folder.of("ExternalSecret"):
        target = one.spec.get("target") or {}
        keys = frozenset(entry["secretKey"] for entry in one.spec.get("data") or () if "secretKey" in entry)
        template = target.get("template") or {}
        if template.get("data") or template.get("templateFrom"):
            kept = keys if template.get("mergePolicy") == "Merge" else frozenset()
            keys = kept | frozenset(template.get("data") or ())
        open_ended = bool(one.spec.get("dataFrom") or template.get("templateFrom"))
        made[one.namespace, str(target.get("name") or one.name)] = None if open_ended else keys
    return made


def _along(value: Any, steps: list[str], path: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
    if not steps:
        if isinstance(value, Mapping):
            yield path, value
    elif steps[0] == "*":
        for position, item in enumerate(value if isinstance(value, list) else ()):
            yield from _along(item, steps[1:], f"{path}[{position}]")
    elif isinstance(value, Mapping):
        yield from _along(value.get(steps[0]), steps[1:], f"{path}.{steps[0]}".lstrip("."))


CHECKS: tuple[Callable[[Folder], Iterator[Problem]], ...] = (_namespaces, _named, _role_bindings, _pods)
