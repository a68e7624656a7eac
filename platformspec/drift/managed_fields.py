"""Who wrote which field of a Kubernetes object, by its managedFields.

The form is FieldsV1: kubernetes.io/docs/reference/using-api/server-side-apply, sigs.k8s.io/structured-merge-diff, fieldpath.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any, Final

from platformspec.apply.kubectl import MANAGER
from platformspec.diagnostics import Path
from platformspec.drift.deviation import Owner, Writer

# kubectl names its managers after its commands (pkg/cmd of kubernetes/kubectl: kubectl-edit, kubectl-patch, ...); a client that
# names none is called after its program (k8s.io/client-go/rest, DefaultKubernetesUserAgent). All others are controllers.
PEOPLE: Final = ("kubectl", "k9s", "helm", "Terraform", "OpenTofu")


def ours(entry: Mapping[str, Any]) -> bool:
    """Whether this is the entry of our own server-side apply."""
    return entry["manager"] == MANAGER and entry["operation"] == "Apply" and not entry.get("subresource")


def writer_of(entry: Mapping[str, Any]) -> Writer:
    """The writer that an entry names."""
    return Writer(entry["manager"], entry.get("time"), entry.get("subresource") or None)


def owner_of(writer: Writer, path: Path) -> Owner:
    """Whether a person, an autoscaler or another controller writes this."""
    if writer.manager.startswith(PEOPLE):
        return "person"
    return "autoscaler" if writer.subresource == "scale" or path == ("spec", "replicas") else "controller"


def paths_of(fields: Mapping[str, Any], live: Any, path: Path = ()) -> Iterator[Path]:
    """The fields of an entry as paths into the object; what is no longer there is left out."""
    children = {key: inner for key, inner in fields.items() if key != "."}
    if not children:
        yield path
        return
    for key, inner in children.items():
        for part in _parts(key, live):
            yield from paths_of(inner, live[part], (*path, part))


def _parts(key: str, live: Any) -> list[str | int]:
    form, _, text = key.partition(":")
    if form == "f":
        return [text] if isinstance(live, dict) and text in live else []
    if not isinstance(live, list):
        return []
    if form == "i":
        return [int(text)] if int(text) < len(live) else []
    wanted = json.loads(text)
    if form == "v":
        return [at for at, item in enumerate(live) if item == wanted]
    return [
        at
        for at, item in enumerate(live)
        if isinstance(item, dict) and all(item.get(name) == value for name, value in wanted.items())
    ]


def writer_at(live: Mapping[str, Any], path: Path) -> Writer | None:
    """Who, beside us, wrote the field last; None where the object does not say, as with a field that was removed."""
    found = [
        writer_of(entry)
        for entry in live["metadata"].get("managedFields") or ()
        if not ours(entry) and any(touch(path, other) for other in paths_of(entry.get("fieldsV1") or {}, live))
    ]
    return max(found, key=lambda writer: writer.time or "", default=None)


def touch(one: Path, other: Path) -> bool:
    """Whether one path is the other, or leads through it."""
    shorter = min(len(one), len(other))
    return one[:shorter] == other[:shorter]
