"""What a Helm release of the simulated provider leaves in a cluster: its namespace, and the kinds that its chart defines."""

from __future__ import annotations

import functools
import json
import pathlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from platformspec_rehearsal.cluster.kinds import DATA, Kind, custom_kinds


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
