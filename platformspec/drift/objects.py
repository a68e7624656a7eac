"""Drift of the objects of one cluster, as its API server sees it.

Every object is applied again as a dry run. What the server would set back is the spec's, with its defaults and its own way of
writing values; what others wrote beside it stays, and managedFields says who they are.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from platformspec.apply.bindings import fill
from platformspec.apply.cluster_step import OWNER_LABEL, identity_of
from platformspec.apply.kubectl import Cluster, Identity, Object
from platformspec.apply.record import Known
from platformspec.apply.site import Site
from platformspec.drift.deviation import HIDDEN, Deviation
from platformspec.drift.differences import differences
from platformspec.drift.managed_fields import ours, owner_of, paths_of, touch, writer_at, writer_of
from platformspec.emit.kubernetes import plain
from platformspec.ir.node import Manifest
from platformspec.ir.program import Program

# What the server counts, and who wrote what.
KEPT_BY_THE_SERVER: Final = ("managedFields", "resourceVersion", "generation", "uid", "creationTimestamp", "selfLink")
SECRET: Final = "Secret"
# Karpenter makes nodes by itself: karpenter.sh/docs/concepts/nodeclaims.
NODE_CLAIMS: Final = "nodeclaims.karpenter.sh"
# The API server's own controllers put a few objects into every namespace.
CONTROLLER_MANAGER: Final = "kube-controller-manager"


def cluster_drift(site: Site, cluster: Cluster, program: Program, known: Mapping[str, Known]) -> tuple[Deviation, ...]:
    """Everything that differs in one cluster, sorted. `program`: what was applied. Raises `Failure`."""
    manifests = [
        item.node
        for item in known.values()
        if isinstance(item.node, Manifest)
        and item.node.placement.cluster == cluster.name
        and item.certainty == "applied"
    ]
    cluster.reach()
    live = cluster.read([identity_of(node) for node in manifests], managed_fields=True)
    there = [node for node in manifests if identity_of(node) in live]
    wanted = cluster.dry_run([fill(*plain(program, node), site.outputs) for node in there])
    found: list[Deviation] = []
    for node in manifests:
        object = live.get(identity_of(node))
        if object is None:
            found.append(Deviation(node.id, "spec", "gone", node))
            continue
        uid = known[node.id].uid
        if uid is not None and object["metadata"]["uid"] != uid:
            found.append(Deviation(node.id, "spec", "made anew", node, applied=uid, live=object["metadata"]["uid"]))
        found += object_drift(node, object, wanted[identity_of(node)])
    found += _not_ours(cluster, manifests, {object["metadata"]["uid"] for object in live.values()})
    return tuple(sorted(found, key=lambda one: (one.resource, str(one.path), one.owner)))


def object_drift(node: Manifest, live: Object, wanted: Object) -> Iterator[Deviation]:
    """What differs in one object. `wanted`: what an apply would make of it."""
    secret = node.attrs["kind"] == SECRET
    back = [(path, said, is_now) for path, is_now, said in differences(bare(live), bare(wanted))]
    for path, said, is_now in back:
        if secret and path[0] in ("data", "stringData"):
            said, is_now = HIDDEN, HIDDEN
        yield Deviation(node.id, "spec", "changed", node, path, said, is_now, writer_at(live, path))
    entries = live["metadata"].get("managedFields") or ()
    mine = [path for entry in entries if ours(entry) for path in paths_of(entry.get("fieldsV1") or {}, live)]
    told = [*mine, *(path for path, _, _ in back)]
    for entry in entries:
        if ours(entry) or entry.get("subresource") == "status":
            continue
        writer = writer_of(entry)
        for path in sorted(paths_of(entry.get("fieldsV1") or {}, live), key=str):
            if path[:1] == ("status",) or any(touch(path, other) for other in told):
                continue
            value = HIDDEN if secret else _value_at(live, path)
            yield Deviation(node.id, owner_of(writer, path), "added", node, path, live=value, writer=writer)


def bare(object: Object) -> dict[str, Any]:
    """An object without what the server keeps."""
    metadata = {key: value for key, value in object["metadata"].items() if key not in KEPT_BY_THE_SERVER}
    return {**{key: value for key, value in object.items() if key != "status"}, "metadata": metadata}


def _value_at(value: Any, path: Sequence[str | int]) -> Any:
    for part in path:
        value = value[part]
    return value


def _not_ours(cluster: Cluster, manifests: Sequence[Manifest], uids: set[str]) -> Iterator[Deviation]:
    """Objects that others have put into our namespaces, of kinds that we use, and the nodes that Karpenter made."""
    namespaces = {node.name for node in manifests if node.attrs["kind"] == "Namespace"}
    kinds = {_resource(node) for node in manifests if node.namespace in namespaces and node.attrs["kind"] != SECRET}
    for kind in sorted(kinds):
        for object in cluster.list(kind, managed_fields=True):
            metadata = object["metadata"]
            if metadata.get("namespace") in namespaces and metadata["uid"] not in uids and not _derived(metadata):
                yield _foreign(object)
    for object in cluster.list(NODE_CLAIMS):
        yield Deviation(str(Identity.of(object)), "autoscaler", "added")


def _derived(metadata: Mapping[str, Any]) -> bool:
    managers = {entry["manager"] for entry in metadata.get("managedFields") or ()}
    return (
        bool(metadata.get("ownerReferences")) or managers == {CONTROLLER_MANAGER} or _comes_with_the_namespace(metadata)
    )


def _comes_with_the_namespace(metadata: Mapping[str, Any]) -> bool:
    # kubernetes.io/docs: every namespace has the service account `default` and the ConfigMap `kube-root-ca.crt`.
    return not metadata.get("managedFields") and metadata["name"] in ("default", "kube-root-ca.crt")


def _foreign(object: Object) -> Deviation:
    entries = object["metadata"].get("managedFields") or ()
    writer = writer_of(entries[0]) if entries else None
    owner = owner_of(writer, ()) if writer is not None else "person"
    labels = object["metadata"].get("labels") or {}
    if labels.get(OWNER_LABEL) not in (None, "Helm", "platformspec"):
        owner = "controller"
    return Deviation(str(Identity.of(object)), owner, "added", writer=writer)


def _resource(node: Manifest) -> str:
    """The kind as kubectl takes it where two groups have one of the same name: `Deployment.v1.apps`."""
    group, _, version = str(node.attrs["apiVersion"]).rpartition("/")
    return f"{node.attrs['kind']}.{version}.{group}"
