"""Apply the manifests of one cluster in order, wait until they work, and take away what is no longer declared."""

from __future__ import annotations

import time
from collections.abc import Collection, Mapping, Sequence
from typing import Any, Final

from platformspec.apply.bindings import fill
from platformspec.apply.events import Event
from platformspec.apply.kubectl import Cluster, Identity, Object, ObjectRefused
from platformspec.apply.readiness import readiness
from platformspec.apply.site import Site
from platformspec.diagnostics import Code, Failure
from platformspec.emit.kubernetes import plain
from platformspec.ir.delivery import KEPT_KINDS
from platformspec.ir.node import Manifest
from platformspec.ir.program import Program, layered

NOT_READY = Code(
    "PS720",
    "objects that did not become ready",
    explain="Everything was applied, and some of it does not work yet: a pod waits for a node, an image, a secret that somebody must fill, "
    "or it fails. The message says what is missing and what the cluster said last. `platformspec apply --resume` waits again.",
)

POLL_SECONDS: Final = 2.0
# Permissions, quotas and policies before what they hold; workloads after everything that they mount.
FIRST_KINDS: Final = ("Namespace", "CustomResourceDefinition")
KIND_ORDER: Final = (
    "ResourceQuota", "LimitRange", "PriorityClass", "StorageClass", "ServiceAccount", "Role", "ClusterRole", "RoleBinding",
    "ClusterRoleBinding", "NetworkPolicy", "PodDisruptionBudget", "ClusterSecretStore", "SecretStore", "ExternalSecret", "Secret", "ConfigMap",
    "PersistentVolumeClaim", "EC2NodeClass", "NodePool", "Service",
)  # fmt: skip
OWNER_LABEL: Final = "app.kubernetes.io/managed-by"
PLATFORM_LABEL: Final = "app.kubernetes.io/part-of"


def apply_manifests(site: Site, cluster: Cluster, program: Program, manifests: Sequence[Manifest]) -> None:
    """Apply them all: namespaces, definitions, then the rest in the order of the graph. Raises `Failure`."""
    with site.step(f"manifests {cluster.name}") as detail:
        site.record.attempt(manifests)
        objects = {node.id: fill(*plain(program, node), site.outputs) for node in manifests}
        cluster.reach()
        site.acts()
        for group in in_order(manifests):
            batch = [objects[node.id] for node in group]
            try:
                accepted = cluster.apply(batch)
            except ObjectRefused as refused:
                _keep(site, group, objects, refused.accepted)
                raise
            _keep(site, group, objects, accepted)
        detail["summary"] = f"{len(manifests)} applied"


def in_order(manifests: Sequence[Manifest]) -> list[list[Manifest]]:
    """Groups, each to be applied after the one before it."""
    by_id = {node.id: node for node in manifests}
    first = [[node for node in manifests if node.attrs["kind"] == kind] for kind in FIRST_KINDS]
    rest = {
        node.id: [id for id in node.depends_on() if id in by_id and by_id[id].attrs["kind"] not in FIRST_KINDS]
        for node in manifests
        if node.attrs["kind"] not in FIRST_KINDS
    }
    groups = [sorted((by_id[id] for id in layer), key=_rank) for layer in layered(rest)]
    return [group for group in (*first, *groups) if group]


def _rank(node: Manifest) -> tuple[int, str]:
    kind = str(node.attrs["kind"])
    return (KIND_ORDER.index(kind) if kind in KIND_ORDER else len(KIND_ORDER), node.id)


def _keep(
    site: Site, group: Sequence[Manifest], objects: Mapping[str, Object], accepted: Mapping[Identity, str]
) -> None:
    uids = {node.id: accepted.get(Identity.of(objects[node.id])) for node in group}
    site.record.applied([node for node in group if uids[node.id]], {id: uid for id, uid in uids.items() if uid})


def wait_until_ready(site: Site, cluster: Cluster, manifests: Sequence[Manifest]) -> None:
    """Wait until all objects work, and say what is waited for. Raises `Failure` where some fail or take too long."""
    with site.step(f"ready {cluster.name}") as detail:
        waiting = {identity_of(node): node for node in manifests}
        began = time.monotonic()
        told: dict[Identity, str] = {}
        while True:
            found = cluster.read(list(waiting))
            states = {identity: readiness(found[identity]) for identity in waiting if identity in found}
            for identity in [identity for identity, state in states.items() if state.ready]:
                if identity in told:
                    site.tell(Event("object", str(identity), "done", "ready", time.monotonic() - began))
                del waiting[identity]
            lost = [identity for identity in waiting if identity not in found]
            failed = [identity for identity in waiting if identity in states and states[identity].failed]
            if not waiting:
                detail["summary"] = f"{len(manifests)} ready"
                return
            if lost or failed or time.monotonic() - began > site.limits.ready_minutes * 60:
                raise _not_ready(
                    cluster, {i: states[i].why if i in states else "it is gone" for i in failed or lost or waiting}
                )
            for identity, state in states.items():
                if not state.ready and told.get(identity) != state.why:
                    told[identity] = state.why
                    said = cluster.last_event(identity)
                    message = f"{state.why}; {said}" if said else state.why
                    site.tell(Event("waiting", str(identity), "waits", message, time.monotonic() - began))
            time.sleep(POLL_SECONDS)


def _not_ready(cluster: Cluster, states: Mapping[Identity, str]) -> Failure:
    listed = []
    for identity, why in list(states.items())[:10]:
        said = cluster.last_event(identity)
        listed.append(f"{identity}: {why}" + (f" ({said})" if said else ""))
    more = f" and {len(states) - 10} more" if len(states) > 10 else ""
    return Failure(
        NOT_READY,
        f"cluster {cluster.name}: {'; '.join(listed)}{more}",
        "mend the cause (`kubectl describe` says more), then `platformspec apply --resume`",
    )


def prune(site: Site, cluster: Cluster, platform: str, ids: Collection[str]) -> tuple[str, ...]:
    """Delete what the record knows and nobody declares any more. Returns what was left in place, and why.

    Only an object with the uid that the record has, and with our label, is deleted; dependents go before what they need.
    """
    known = site.record.known()
    nodes = [item.node for id, item in known.items() if id in ids and isinstance(item.node, Manifest)]
    with site.step(f"prune {cluster.name}") as detail:
        left: list[str] = []
        deleted = 0
        for group in reversed(in_order(nodes)):
            there = cluster.read([identity_of(node) for node in group])
            for node in reversed(group):
                identity = identity_of(node)
                object = there.get(identity)
                why = _why_kept(object, node, known[node.id].uid, platform) if object is not None else None
                if why is not None:
                    left.append(f"{identity}: {why}")
                elif object is not None:
                    site.acts()
                    cluster.delete(identity)
                    deleted += 1
                    site.tell(Event("object", str(identity), "done", "deleted"))
                site.record.gone([node.id])
        detail.update(left=left, summary=f"{deleted} deleted" + (f", {len(left)} left" if left else ""))
        for line in left:
            site.tell(Event("note", cluster.name, "skipped", f"left in place: {line}"))
        return tuple(left)


def _why_kept(object: Object, node: Manifest, uid: str | None, platform: str) -> str | None:
    labels: Mapping[str, Any] = object["metadata"].get("labels") or {}
    if node.attrs["kind"] in KEPT_KINDS:
        return f"a {node.attrs['kind']} is never deleted"
    if node.lifecycle.get("prevent_destroy"):
        return "it is protected"
    if uid is not None and object["metadata"]["uid"] != uid:
        return "somebody has made it anew"
    if labels.get(OWNER_LABEL) != "platformspec" or labels.get(PLATFORM_LABEL) != platform:
        return "it no longer carries our labels"
    return None


def identity_of(node: Manifest) -> Identity:
    """How the cluster knows the object of a node."""
    return Identity(str(node.attrs["apiVersion"]), str(node.attrs["kind"]), node.namespace, node.name)
