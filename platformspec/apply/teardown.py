"""Empty a cluster before it is destroyed, so that nothing of it outlives it: nodes, load balancers, volumes.

Controllers make things in the cloud that no Terraform state knows: Karpenter its nodes, the load balancer controller its load
balancers, the storage driver its volumes. Each goes only while its controller still runs, so the objects that asked for
them are deleted first, and their ends are waited for.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Mapping
from typing import Any, Final

from platformspec.apply.cluster_step import OWNER_LABEL, PLATFORM_LABEL, identity_of, in_order
from platformspec.apply.events import Event
from platformspec.apply.kubectl import Cluster, Identity
from platformspec.apply.site import Site
from platformspec.diagnostics import Code, Failure
from platformspec.ir.node import Manifest

REMAINS = Code(
    "PS733",
    "something in the cluster that does not go away",
    explain="A destroy waits until the controllers in the cluster have taken away what they made in the cloud: nodes, load balancers, volumes. "
    "Destroying the cluster earlier would leave them behind, at your cost. Often a finalizer waits for something that is gone, or a pod "
    "disruption budget holds a node.",
)

PATIENCE_SECONDS: Final = 1200.0
POLL_SECONDS: Final = 2.0


def empty_cluster(site: Site, cluster: Cluster, platform: str, ids: Collection[str]) -> None:
    """Delete the platform's objects, namespaces with their volumes included, and wait until nothing of theirs is left."""
    known = site.record.known()
    nodes = [item.node for id, item in known.items() if id in ids and isinstance(item.node, Manifest)]
    with site.step(f"empty {cluster.name}") as detail:
        cluster.reach()
        site.acts()
        namespaces = {node.name for node in nodes if node.attrs["kind"] == "Namespace"}
        deleted = 0
        for group in reversed(in_order(nodes)):
            there = cluster.read([identity_of(node) for node in group])
            for node in reversed(group):
                object = there.get(identity_of(node))
                if object is not None and _ours(object, known[node.id].uid, platform):
                    if node.attrs["kind"] == "Namespace":
                        _delete_volumes(cluster, node.name)
                    cluster.delete(identity_of(node))
                    deleted += 1
                    site.tell(Event("object", str(identity_of(node)), "done", "deleted"))
                site.record.gone([node.id])
        _wait(site, cluster, "nodes of Karpenter", lambda: _names(cluster.list("nodeclaims.karpenter.sh")))
        _wait(
            site,
            cluster,
            "volumes",
            lambda: _names(v for v in cluster.list("persistentvolumes") if _claimed(v, namespaces)),
        )
        detail["summary"] = f"{deleted} deleted"


def _ours(object: Mapping[str, Any], uid: str | None, platform: str) -> bool:
    labels = object["metadata"].get("labels") or {}
    same = uid is None or object["metadata"]["uid"] == uid
    return same and labels.get(OWNER_LABEL) == "platformspec" and labels.get(PLATFORM_LABEL) == platform


def _delete_volumes(cluster: Cluster, namespace: str) -> None:
    for claim in cluster.list("persistentvolumeclaims"):
        if claim["metadata"].get("namespace") == namespace:
            cluster.delete(Identity.of(claim))


def _claimed(volume: Mapping[str, Any], namespaces: Collection[str]) -> bool:
    claim = volume["spec"].get("claimRef", {})
    # A volume that is kept on purpose stays.
    return claim.get("namespace") in namespaces and volume["spec"].get("persistentVolumeReclaimPolicy") == "Delete"


def _names(objects: Any) -> list[str]:
    return [object["metadata"]["name"] for object in objects]


def _wait(site: Site, cluster: Cluster, what: str, remaining: Callable[[], list[str]]) -> None:
    began = time.monotonic()
    told = 0
    while names := remaining():
        if time.monotonic() - began > PATIENCE_SECONDS:
            raise Failure(
                REMAINS,
                f"cluster {cluster.name} still has {what}: {', '.join(names[:10])}",
                "look what holds them (`kubectl describe`), then `platformspec apply --resume`",
            )
        if len(names) != told:
            told = len(names)
            site.tell(Event("waiting", what, "waits", f"{told} left", time.monotonic() - began))
        time.sleep(POLL_SECONDS)
