"""What an engine would do, in a rehearsal: apply what stands in the commit, group by group in the order that it was told.

It is a pretence of Argo CD and of Flux: order, and what is applied, are theirs; health, retries and drift are not.
"""

from __future__ import annotations

import hashlib
import pathlib
from collections.abc import Mapping, Sequence
from typing import Any, Final

import yaml

from platformspec.apply.cluster_step import identity_of, in_order
from platformspec.apply.delivery_step import clone_for
from platformspec.apply.events import Event
from platformspec.apply.git import GIT_FAILED, find_git
from platformspec.apply.kubectl import Cluster, Identity, Object
from platformspec.apply.site import Site
from platformspec.diagnostics import Failure
from platformspec.ir.delivery import CHILDREN_FOLDER, ROOT_FOLDER, Delivery
from platformspec.ir.node import Manifest
from platformspec.ir.program import layered

WAVE: Final = "argocd.argoproj.io/sync-wave"


def open_repository(folder: pathlib.Path, delivery: Delivery) -> pathlib.Path:
    """A repository below the folder that stands for the declared one; made where it is not there. Raises `Failure`."""
    name = hashlib.sha256(f"{delivery.repository} {delivery.branch}".encode()).hexdigest()[:12]
    place = folder / name
    if (place / ".git" / "rehearsal").exists():
        return place
    git = find_git()
    place.mkdir(parents=True, exist_ok=True)
    for arguments in (
        ["init", "--quiet", f"--initial-branch={delivery.branch}", "."],
        ["config", "user.name", "platformspec"],
        ["config", "user.email", "rehearsal@platformspec.invalid"],
        ["config", "commit.gpgsign", "false"],
        ["config", "core.hooksPath", "/dev/null"],
        ["config", "remote.origin.url", delivery.repository],
        ["commit", "--quiet", "--allow-empty", "-m", "Begin"],
    ):
        done = git.run(arguments, folder=place)
        if done.code != 0:
            raise Failure(
                GIT_FAILED,
                f"git {arguments[0]} in {place}: {done.stderr.strip()}",
                f"remove {place}, and rehearse again",
            )
    (place / ".git" / "rehearsal").touch()
    return place


def rehearse_delivery(site: Site, cluster: Cluster, delivery: Delivery, manifests: Sequence[Manifest]) -> None:
    """Apply what is committed for a cluster. `manifests`: whose uids the record is to have. Raises `Failure`."""
    with site.step(f"deliver {cluster.name}") as detail:
        site.tell(
            Event("note", cluster.name, "begins", f"{delivery.engine} is simulated: what it would apply is applied")
        )
        cluster.reach()
        site.acts()
        files = clone_for(site, delivery).files(delivery.path)
        folders: dict[str, list[Object]] = {}
        for name, content in sorted(files.items()):
            folder, slash, _ = name.rpartition("/")
            if slash:
                folders.setdefault(folder, []).append(yaml.safe_load(content))
        accepted: dict[Identity, str] = {}
        rank = {identity_of(node): number for number, group in enumerate(in_order(manifests)) for node in group}
        children = folders.get(CHILDREN_FOLDER, [])
        order = [folders.get(ROOT_FOLDER, []), children]
        for child in _in_waves(children):
            inside = _path(child).removeprefix("./").removeprefix(f"{delivery.path}/")
            order.append(sorted(folders.get(inside, []), key=lambda object: rank.get(Identity.of(object), len(rank))))
        for namespace in sorted({object["metadata"]["namespace"] for object in [*order[0], *children]}):
            # The engine would be there.
            cluster.apply([{"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace}}])
        for batch in order:
            accepted |= cluster.apply(batch) if batch else {}
        uids = {node.id: accepted[identity_of(node)] for node in manifests if identity_of(node) in accepted}
        site.record.applied([node for node in manifests if node.id in uids], uids)
        detail["summary"] = f"{len(accepted)} applied from {len(children)} groups"


def _in_waves(children: Sequence[Object]) -> list[Object]:
    """Applications by their wave, Kustomizations each after those that it waits for."""
    by_name = {child["metadata"]["name"]: child for child in children}
    needs = {name: [one["name"] for one in _spec(child).get("dependsOn", ())] for name, child in by_name.items()}
    layers = [by_name[name] for layer in layered(needs) for name in layer]
    return sorted(layers, key=lambda child: int((child["metadata"].get("annotations") or {}).get(WAVE, 0)))


def _spec(child: Object) -> Mapping[str, Any]:
    spec: Mapping[str, Any] = child["spec"]
    return spec


def _path(child: Object) -> str:
    spec = _spec(child)
    return str(spec["source"]["path"] if "source" in spec else spec["path"])
