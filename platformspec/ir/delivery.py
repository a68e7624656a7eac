"""What a program says about delivery by an engine: which clusters have one, and where it reads.

The objects that an engine is told with are nodes like any others, so an earlier program, or what is recorded, says it as well.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal

from platformspec.ir.node import Manifest, Node

DELIVERY_LABEL: Final = "platformspec.dev/delivery"
"""`root` on what somebody puts into the cluster once, `child` on what the root brings."""
ROOT_FOLDER: Final = "_root"
CHILDREN_FOLDER: Final = "_delivery"
FOLDERS: Final = {"root": ROOT_FOLDER, "child": CHILDREN_FOLDER}
KEPT_KINDS: Final = frozenset({"Namespace", "PersistentVolumeClaim", "PersistentVolume", "CustomResourceDefinition"})
"""Deleting one of these deletes what people and programs have put into it."""
# Argo CD: argo-cd.readthedocs.io/en/stable/user-guide/sync-options (Prune, Delete).
# Flux: fluxcd.io/flux/components/kustomize/kustomizations, .spec.prune.
KEEP: Final[Mapping[str, tuple[str, str]]] = {
    "argocd": ("argocd.argoproj.io/sync-options", "Prune=false,Delete=false"),
    "flux": ("kustomize.toolkit.fluxcd.io/prune", "disabled"),
}
"""Engine -> the annotation with which it deletes an object neither when its file goes nor when the engine stops."""

Engine = Literal["argocd", "flux"]


@dataclass(frozen=True, slots=True)
class Delivery:
    """How a cluster gets its manifests. `path`: folder of the cluster in the repository, without a slash at its ends."""

    cluster: str
    engine: Engine
    repository: str
    branch: str
    path: str


def role_of(node: Node) -> str | None:
    """`root` or `child` for what tells an engine what to do; None for what it delivers."""
    if not isinstance(node, Manifest):
        return None
    metadata: Any = node.attrs["metadata"]
    role = metadata.get("labels", {}).get(DELIVERY_LABEL)
    return role if role in FOLDERS else None


def deliveries(nodes: Iterable[Node]) -> dict[str, Delivery]:
    """Cluster -> its delivery, for clusters that an engine delivers to."""
    roots: dict[str, dict[str, Any]] = {}
    for node in nodes:
        if role_of(node) == "root":
            roots.setdefault(str(node.placement.cluster), {})[str(node.attrs["kind"])] = node.attrs["spec"]
    found: dict[str, Delivery] = {}
    for cluster, specs in sorted(roots.items()):
        if "Application" in specs:
            source = specs["Application"]["source"]
            found[cluster] = Delivery(
                cluster, "argocd", source["repoURL"], source["targetRevision"], _folder(source["path"])
            )
        else:
            git, root = specs["GitRepository"], specs["Kustomization"]
            found[cluster] = Delivery(cluster, "flux", git["url"], git["ref"]["branch"], _folder(root["path"]))
    return found


def is_kept(node: Manifest) -> bool:
    """Whether an engine must never delete it."""
    return node.attrs["kind"] in KEPT_KINDS or bool(node.lifecycle.get("prevent_destroy"))


def _folder(children: str) -> str:
    return children.removeprefix("./").removesuffix(CHILDREN_FOLDER).rstrip("/")
