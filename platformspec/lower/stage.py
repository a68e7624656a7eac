"""What a plug-in that rehearses offers to an apply: a stage in place of the cloud and the clusters."""

from __future__ import annotations

import pathlib
from collections.abc import Iterable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from platformspec.diagnostics import Report
from platformspec.source.document import Document

if TYPE_CHECKING:
    from platformspec.lower.contract import ProviderSet


class Stage(Protocol):
    """Where an apply is rehearsed: a pretend cloud and pretend clusters that last while the stage is open."""

    @property
    def environment(self) -> Mapping[str, str]:
        """Variables for every terraform and kubectl of the rehearsal, beside those of the process."""

    def kubeconfig(self, cluster: str) -> pathlib.Path:
        """The file through which kubectl reaches this cluster; a cluster is there from the first time it is named."""

    def expect(self, existing: Iterable[Existing]) -> None:
        """Let these be in the cloud before anything is done, unless they are there already."""

    def summary(self) -> Summary:
        """What exists now, and what was and was not checked."""


@dataclass(frozen=True, slots=True)
class Existing:
    """A resource that was not made by Terraform: its type and place, the id of its import, and those of its arguments that are known."""

    type: str
    account: str
    region: str
    id: str
    arguments: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Summary:
    """What a rehearsal knows in the end. `lines` says all of it, and that the cloud is simulated.

    - `resources`, `objects`: Terraform type or Kubernetes kind -> how many exist.
    - `by_schema`, `by_shape`: kinds whose objects were checked by a schema, and by their shape alone.
    - `without_rules`: Terraform types in use whose values nobody checks.
    - `on_trust`: what was looked up and taken to exist.
    - `retained`: what the cloud keeps after a destroy.
    """

    resources: Mapping[str, int]
    objects: Mapping[str, int]
    by_schema: tuple[str, ...]
    by_shape: tuple[str, ...]
    without_rules: tuple[str, ...]
    on_trust: tuple[str, ...]
    retained: tuple[str, ...]
    lines: tuple[str, ...]


class Rehearse(Protocol):
    """Opens a stage in a folder, with everything that earlier rehearsals in this folder left.

    `inject` is a file of rules that make steps fail, `crds` a folder of CustomResourceDefinitions as JSON. The stage is None
    where the report says why there is none.
    """

    def __call__(
        self,
        folder: pathlib.Path,
        providers: ProviderSet,
        report: Report,
        *,
        inject: Document | None = None,
        crds: pathlib.Path | None = None,
    ) -> AbstractContextManager[Stage | None]: ...
