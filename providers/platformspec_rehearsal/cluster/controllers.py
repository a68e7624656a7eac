"""What controllers would do next, at once: statuses, the objects that every namespace has, removal of what belonged to something.

Nothing runs. A Deployment is available because a rehearsal asks whether the manifests are accepted in this order, not whether
a model answers.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Any, Final

from platformspec_rehearsal.cluster.kinds import Kind, field_at, table
from platformspec_rehearsal.cluster.objects import Key, Object, Objects
from platformspec_rehearsal.cluster.ownership import now
from platformspec_rehearsal.cluster.shape import Shape, with_defaults

SYSTEM_NAMESPACES: Final = ("default", "kube-node-lease", "kube-public", "kube-system")
NAMESPACE: Final = ("", "namespaces", "")


def stamp(obj: Object, old: Object | None) -> None:
    """What the server sets: uid, time of creation, generation."""
    metadata = obj["metadata"]
    if old is None:
        metadata["uid"] = str(uuid.uuid4())
        metadata["creationTimestamp"] = now()
        metadata["generation"] = 1
        return
    for name in ("uid", "creationTimestamp", "deletionTimestamp"):
        if name in old["metadata"]:
            metadata[name] = old["metadata"][name]
    metadata["generation"] = old["metadata"].get("generation", 1) + (content(old) != content(obj))


def content(obj: Mapping[str, Any]) -> dict[str, Any]:
    """What a generation counts: everything but metadata and status."""
    return {name: value for name, value in obj.items() if name not in ("metadata", "status")}


def pretend_status(obj: Object, kind: Kind, shape: Shape) -> None:
    """The status that the kind's controller would write in the end, as far as the kind has such fields."""
    facts = table()["pretended"]
    # Kubernetes' own kinds that are not in the table have no conditions; custom resources are taken to become ready.
    entry = facts.get(kind.key) or (facts["*"] if kind.definition is None else None)
    if entry is None:
        return
    generation = obj["metadata"]["generation"]
    status = dict(obj.get("status") or {})
    if kind.key != "/Namespace":
        status["observedGeneration"] = generation
    status |= entry.get("values", {})
    for name, path in entry.get("copies", {}).items():
        value = field_at(obj, path)
        status[name] = 1 if value is None else value
    if "conditions" in entry:
        before = {condition["type"]: condition for condition in status.get("conditions") or ()}
        status["conditions"] = [
            before.get(type)
            or {"type": type, "status": "True", "reason": "Rehearsed", "message": "", "lastTransitionTime": now()}
            for type in entry["conditions"]
        ]
    if kind.kind == "CustomResourceDefinition":
        status["acceptedNames"] = obj["spec"]["names"]
    if shape.names("status"):
        obj["status"] = with_defaults(_pruned(status, shape.field("status")), shape.field("status"))


def known_status(obj: Object, shape: Shape) -> Object:
    """The object without what its definition does not name of a status."""
    if "status" not in obj:
        return obj
    rest = {name: value for name, value in obj.items() if name != "status"}
    return {**rest, "status": _pruned(obj["status"], shape.field("status"))} if shape.names("status") else rest


def _pruned(value: Any, shape: Shape) -> Any:
    if isinstance(value, dict):
        return {name: _pruned(item, shape.field(name)) for name, item in value.items() if shape.names(name)}
    return [_pruned(item, shape.items) for item in value] if isinstance(value, list) else value


def assign(obj: Object, kind: Kind) -> None:
    """Values that the server chooses on creation."""
    if kind.key == "/Service":
        spec = obj.setdefault("spec", {})
        if spec.get("type") != "ExternalName":
            number = uuid.UUID(obj["metadata"]["uid"]).int
            spec.setdefault("clusterIP", f"172.20.{number % 256}.{1 + number // 256 % 254}")
            spec.setdefault("clusterIPs", [spec["clusterIP"]])
        for port in spec.get("ports") or ():
            port.setdefault("targetPort", port["port"])


def make_namespace(objects: Objects, name: str) -> None:
    """A namespace with what every namespace has."""
    key: Key = (*NAMESPACE, name)
    if objects.get(key) is not None:
        return
    namespace: Object = {
        "apiVersion": "v1",
        "kind": "Namespace",
        "metadata": {"name": name, "labels": {"kubernetes.io/metadata.name": name}},
        "spec": {"finalizers": ["kubernetes"]},
        "status": {"phase": "Active"},
    }
    stamp(namespace, None)
    objects.put(key, namespace)
    furnish_namespace(objects, name)


def furnish_namespace(objects: Objects, name: str) -> None:
    """The service account and the certificates that every namespace gets."""
    for kind, plural, own in (
        ("ServiceAccount", "serviceaccounts", "default"),
        ("ConfigMap", "configmaps", "kube-root-ca.crt"),
    ):
        if objects.get(("", plural, name, own)) is None:
            obj: Object = {"apiVersion": "v1", "kind": kind, "metadata": {"name": own, "namespace": name}}
            stamp(obj, None)
            objects.put(("", plural, name, own), obj)


def collect(objects: Objects, gone: Object, key: Key) -> None:
    """Delete what belonged to a deleted object: all of a namespace, and everything that it owns."""
    for other in list(objects.stored):
        obj = objects.get(other)
        if obj is None:
            continue
        inside = key[:2] == NAMESPACE[:2] and other[2] == key[3]
        owners = obj["metadata"].get("ownerReferences") or ()
        owned = any(owner.get("uid") == gone["metadata"]["uid"] for owner in owners)
        if inside or owned:
            objects.drop(other)
            collect(objects, obj, other)
