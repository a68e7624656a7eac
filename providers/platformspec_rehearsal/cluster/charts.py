"""What a Helm release of the simulated provider leaves in a cluster: its namespace, and the kinds that its chart defines."""

from __future__ import annotations

import functools
import json
import pathlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from platformspec_rehearsal.cluster.kinds import DATA, Kind, custom_kinds

# Groups that the Kubernetes project keeps for itself; a definition has to say who approved it
# (kubernetes.io/docs/reference/labels-annotations-taints, api-approved.kubernetes.io).
KEPT_GROUPS: Final = (".k8s.io", ".kubernetes.io")
APPROVED: Final = "api-approved.kubernetes.io"


@functools.cache
def _table() -> Mapping[str, Any]:
    table: Mapping[str, Any] = json.loads((DATA / "charts.json").read_text("utf-8"))
    return table


@dataclass(frozen=True)
class Definitions:
    """CustomResourceDefinitions from a folder of JSON files, by group; none where there is no folder."""

    folder: pathlib.Path | None

    @functools.cached_property
    def by_group(self) -> Mapping[str, list[Mapping[str, Any]]]:
        """group -> definitions."""
        found: dict[str, list[Mapping[str, Any]]] = {}
        for file in sorted(self.folder.glob("*.json")) if self.folder else ():
            definition = json.loads(file.read_text("utf-8"))
            found.setdefault(definition["spec"]["group"], []).append(definition)
        return found

    def kinds_of(self, groups: Iterable[str]) -> Iterator[Kind]:
        """The kinds of some groups: as defined in the folder, or by name alone where the folder does not have them."""
        for group in groups:
            given = [kind for definition in self.by_group.get(group, ()) for kind in custom_kinds(definition)]
            yield from given
            names = {kind.kind for kind in given}
            for entry in _table()["groups"].get(group, ()):
                if entry["kind"] not in names:
                    for version in entry["versions"]:
                        yield Kind(group, version, entry["kind"], entry["plural"], entry["namespaced"])

    def to_install(self) -> list[dict[str, Any]]:
        """Definitions of all kinds that are known: those of the folder, and for the others some that accept whatever has their name."""
        given = [dict(definition) for definitions in self.by_group.values() for definition in definitions]
        known = {(one["spec"]["group"], one["spec"]["names"]["kind"]) for one in given}
        by_name = [
            accepting(group, entry)
            for group, entries in _table()["groups"].items()
            for entry in entries
            if (group, entry["kind"]) not in known
        ]
        return given + by_name


def accepting(group: str, entry: Mapping[str, Any]) -> dict[str, Any]:
    """A definition that accepts whatever has the kind's name. `entry`: kind, plural, namespaced and versions."""
    kind, plural, versions = entry["kind"], entry["plural"], entry["versions"]
    metadata: dict[str, Any] = {"name": f"{plural}.{group}"}
    if group.endswith(KEPT_GROUPS):
        metadata["annotations"] = {APPROVED: "unapproved, a rehearsal's stand-in"}
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": metadata,
        "spec": {
            "group": group,
            "scope": "Namespaced" if entry["namespaced"] else "Cluster",
            "names": {"kind": kind, "listKind": f"{kind}List", "plural": plural, "singular": kind.lower()},
            "versions": [
                {
                    "name": version,
                    "served": True,
                    "storage": version == versions[-1],
                    "schema": {"openAPIV3Schema": {"type": "object", "x-kubernetes-preserve-unknown-fields": True}},
                    "subresources": {"status": {}},
                }
                for version in versions
            ],
        },
    }


def all_groups() -> tuple[str, ...]:
    """Every group whose kinds are known by name."""
    return tuple(_table()["groups"])


def brought_groups() -> tuple[str, ...]:
    """Groups of what people put into a cluster themselves, and platformspec only talks to: the engines of a delivery."""
    return tuple(_table()["brought"])


def chart_name(chart: str) -> str:
    """`oci://public.ecr.aws/karpenter/karpenter-crd` -> `karpenter-crd`."""
    return chart.rstrip("/").rpartition("/")[2]


def is_known(chart: str) -> bool:
    """Whether it is known which kinds the chart brings."""
    return chart_name(chart) in _table()["charts"]


def groups_of(chart: str) -> tuple[str, ...]:
    """The API groups whose kinds a chart brings."""
    return tuple(_table()["charts"].get(chart_name(chart), ()))
