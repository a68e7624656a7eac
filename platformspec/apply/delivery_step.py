"""Hand manifests to the engine that follows a repository: commit them, and take it all back.

Nothing here needs to reach the cluster until the engine is to let go of it. What is late in the manifests is filled in first, because
an engine knows no Terraform.
"""

from __future__ import annotations

import os
import pathlib
import shutil
from collections.abc import Collection, Mapping, Sequence
from typing import Any, Final

from platformspec.apply.bindings import fill
from platformspec.apply.cluster_step import identity_of
from platformspec.apply.events import Event
from platformspec.apply.git import UNFIT, Clone
from platformspec.apply.kubectl import Cluster
from platformspec.apply.record import Known
from platformspec.apply.site import Site
from platformspec.diagnostics import Code, Failure
from platformspec.emit.artifacts import INDEX, ArtifactTree
from platformspec.emit.kubernetes import Binding, annotated, path_of, plain
from platformspec.ir.delivery import ROOT_FOLDER, Delivery, role_of
from platformspec.ir.node import Manifest
from platformspec.ir.program import Program
from platformspec.ir.yaml_text import dump

SECRET_IN_GIT = Code(
    "PS788",
    "a secret on its way into Git",
    explain="A manifest would hold a value that Terraform marks as sensitive, or a late value inside a Secret. Whoever reads the repository would read it, "
    "for ever. Values of secrets reach the cluster through an ExternalSecret, which names them only.",
)

# What makes an engine let go of an object's own objects: without finalizers nothing is deleted with it; a suspended Kustomization
# collects no garbage (fluxcd.io/flux/components/kustomize/kustomizations, suspend).
RELEASE: Final[Mapping[str, Mapping[str, Any]]] = {
    "Application": {"metadata": {"finalizers": None}},
    "Kustomization": {"metadata": {"finalizers": None}, "spec": {"suspend": True}},
}


def clone_for(site: Site, delivery: Delivery) -> Clone:
    """The clone of a delivery's repository among those that were given. Raises `Failure` where there is none."""
    for folder in site.git.clones:
        if (clone := Clone.open(folder, delivery.repository, delivery.branch)) is not None:
            return clone
    given = ", ".join(map(str, site.git.clones))
    raise Failure(
        UNFIT,
        f"cluster {delivery.cluster} is delivered to from {delivery.repository}, and "
        + (f"{given} is another repository" if given else "no clone of it was given"),
        f"git clone --branch {delivery.branch} {delivery.repository} DIR, then add --git DIR",
    )


def refuse_unfit_clones(site: Site, wanted: Mapping[str, Delivery]) -> None:
    """Look at the clones before anything is done. Raises `Failure`."""
    for delivery in wanted.values():
        clone = clone_for(site, delivery)
        clone.refuse_unfit(fetch=site.git.push)
        # What an interrupted commit left is looked at again when it is known what was to be written.
        if not _was_interrupted(site, f"commit {delivery.cluster}"):
            _refuse_changed(clone, delivery, {})


def commit(
    site: Site,
    delivery: Delivery,
    program: Program,
    manifests: Sequence[Manifest],
    gone: Sequence[Manifest],
    *,
    whole: bool,
) -> None:
    """Commit the manifests of a cluster, filled, without those that are gone. Raises `Failure`.

    `whole`: nothing else belongs into the folder; else these are some of its manifests, and the others stay as they are.
    """
    with site.step(f"commit {delivery.cluster}") as detail:
        clone = clone_for(site, delivery)
        clone.refuse_unfit(fetch=False)
        secret = _Secrets(site)
        files = {} if whole else clone.files(delivery.path)
        files.pop(INDEX, None)
        for node in gone:
            files.pop(_inside(node), None)
        for node in manifests:
            object, bindings = plain(program, node)
            secret.refuse(node, bindings)
            filled = annotated(fill(object, bindings, site.outputs), node, delivery.engine)
            files[_inside(node)] = dump(filled).encode()
        site.record.attempt(manifests)
        roots_changed = _write(site, clone, delivery, files, detail)
        site.record.applied(manifests)
        if roots_changed and not site.git.rehearsed:
            root = clone.folder / delivery.path / ROOT_FOLDER
            site.tell(
                Event(
                    "note",
                    delivery.cluster,
                    "waits",
                    f"what tells the engine where to look is new or has changed: kubectl apply --server-side -f {root}",
                )
            )


def _inside(node: Manifest) -> str:
    return path_of(node).removeprefix(f"kubernetes/{node.placement.cluster}/")


def commit_removal(site: Site, delivery: Delivery) -> None:
    """Commit that nothing is to be delivered any more. Raises `Failure`."""
    with site.step(f"commit {delivery.cluster}") as detail:
        clone = clone_for(site, delivery)
        clone.refuse_unfit(fetch=False)
        _write(site, clone, delivery, {}, detail)


def let_go(site: Site, cluster: Cluster, known: Mapping[str, Known], ids: Collection[str]) -> None:
    """Delete what tells the engine to deliver, root first, without what was delivered. Raises `Failure`."""
    nodes = [item.node for id, item in known.items() if id in ids and role_of(item.node) is not None]
    if not nodes:
        return
    with site.step(f"release {cluster.name}") as detail:
        cluster.reach()
        site.acts()
        for node in sorted(nodes, key=lambda node: (role_of(node) != "root", node.id)):
            assert isinstance(node, Manifest)
            identity = identity_of(node)
            if identity in cluster.read([identity]):
                if (change := RELEASE.get(identity.kind)) is not None:
                    cluster.patch(identity, change)
                cluster.delete(identity)
            site.record.gone([node.id])
        detail["summary"] = f"{len(nodes)} taken away, and nothing with them"


def _write(site: Site, clone: Clone, delivery: Delivery, files: Mapping[str, bytes], detail: dict[str, Any]) -> bool:
    """Make the folder hold these files, commit, and push where that is wanted. Whether something of the root changed."""
    _refuse_changed(clone, delivery, files)
    folder = clone.folder / delivery.path
    site.acts()
    ArtifactTree(dict(sorted(files.items()))).write(folder)
    if not files:
        (folder / INDEX).unlink(missing_ok=True)
    changed = clone.changed(delivery.path)
    done = clone.commit(delivery.path, _message(site, delivery, bool(files)))
    revision = clone.revision()
    detail.update(repository=delivery.repository, path=delivery.path, revision=revision)
    pushed = clone.push() if site.git.push else False
    said = f"{len(changed)} files, commit {revision[:12]}" if done else f"no changes since commit {revision[:12]}"
    detail["summary"] = f"{said}, pushed" if pushed else said
    if not site.git.push and not site.git.rehearsed and clone.is_ahead():
        site.tell(
            Event(
                "note",
                delivery.cluster,
                "waits",
                f"not pushed, so the engine does not see it: git -C {clone.folder} push {clone.remote} {delivery.branch}",
            )
        )
    return any(name.startswith(f"{delivery.path}/{ROOT_FOLDER}/") for name in changed) and bool(files)


def _message(site: Site, delivery: Delivery, delivers: bool) -> str:
    where = f"{site.platform} ({site.environment})" if site.environment else site.platform
    verb = "Deliver" if delivers else "Stop delivering"
    run = next(run for run in reversed(site.record.runs()) if run.id == site.run)
    revision = f"\nPlatform-Revision: {run.revision}" if run.revision else ""
    return f"{verb} {where} to cluster {delivery.cluster}\n\nPlatformspec-Run: {run.id}{revision}\n"


def _refuse_changed(clone: Clone, delivery: Delivery, files: Mapping[str, bytes]) -> None:
    """Raises `Failure` where somebody has changed what we write. What has our new content is from a run that was interrupted."""
    foreign = []
    for name in clone.changed(delivery.path):
        inside = name.removeprefix(f"{delivery.path}/")
        place = clone.folder / name
        if inside.startswith(".platformspec-"):
            # Where an interrupted run put its files together.
            shutil.rmtree(clone.folder / delivery.path / inside.partition("/")[0], ignore_errors=True)
        elif inside != INDEX and _content(place) != files.get(inside):
            foreign.append(name)
    if foreign:
        more = f" and {len(foreign) - 5} more" if len(foreign) > 5 else ""
        raise Failure(
            UNFIT,
            f"{clone.folder} has changes that are not committed: {', '.join(foreign[:5])}{more}",
            f"look at `git -C {clone.folder} status -- {delivery.path}`, then commit them, or undo them with `git -C {clone.folder} stash --include-untracked -- {delivery.path}`",
        )


def _content(place: pathlib.Path) -> bytes | None:
    return place.read_bytes() if os.path.isfile(place) and not os.path.islink(place) else None


def _was_interrupted(site: Site, step: str) -> bool:
    before = [run for run in site.record.runs() if run.id < site.run]
    steps = site.record.steps(before[-1].id) if before else ()
    return any(one.name == step and one.status != "done" for one in steps)


class _Secrets:
    """What must not be committed."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self._sensitive: dict[str, frozenset[str]] = {}

    def refuse(self, node: Manifest, bindings: Sequence[Binding]) -> None:
        """Raises `Failure` where the object would hold a secret."""
        for binding in bindings:
            if binding.stack not in self._sensitive:
                self._sensitive[binding.stack] = self._site.sensitive_outputs(binding.stack)
            marked = binding.output in self._sensitive[binding.stack]
            if marked or node.attrs["kind"] == "Secret":
                raise Failure(
                    SECRET_IN_GIT,
                    f"{binding.file} would hold the {'sensitive ' if marked else ''}output {binding.output} of stack {binding.stack} in Git",
                    "keep the value in AWS Secrets Manager and read it with an ExternalSecret, or write `delivery: direct`",
                )
