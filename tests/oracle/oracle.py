"""The oracle: does a Kubernetes cluster accept this object?"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from tests.oracle.core import CLUSTER_KINDS, CORE_GROUPS, CoreSchemas
from tests.oracle.definitions import Definitions, definitions_folder
from tests.oracle.metadata import metadata_problems
from tests.oracle.pods import workload_problems
from tests.oracle.problem import Problem

DEFAULT_KUBERNETES = "1.35"


class Oracle:
    """Checks single objects. Schemas and compiled rules are kept, so keep the oracle."""

    def __init__(self, kubernetes: str = DEFAULT_KUBERNETES, definitions: Path | None = None) -> None:
        """`kubernetes` is `major.minor`; `definitions` the folder of CustomResourceDefinitions in JSON.

        Without the folder custom resources are known by name only: `skips` says so, and just their metadata is checked.
        """
        self.core = CoreSchemas(kubernetes)
        self.definitions: Mapping[tuple[str, str], Any] | None = Definitions(definitions) if definitions else None

    def problems(self, obj: Any) -> list[Problem]:
        """Everything for which the API server would refuse to create the object. Empty: it would take it."""
        if not isinstance(obj, Mapping):
            return [Problem("", "is not an object")]
        for field in ("apiVersion", "kind"):
            if not isinstance(obj.get(field), str) or not obj[field]:
                return [Problem(field, "is required")]
        metadata = obj.get("metadata")
        if not isinstance(metadata, Mapping):
            return [Problem("metadata", "is required")]
        group, _, version = obj["apiVersion"].rpartition("/")
        found = self._body_problems(obj, group, version)
        found += metadata_problems(obj["kind"], metadata, self.is_namespaced(obj))
        found += workload_problems(obj)
        return sorted(set(found))

    def skips(self, obj: Mapping[str, Any]) -> str | None:
        """Why the body of an object is not checked; None if it is."""
        group = obj["apiVersion"].rpartition("/")[0]
        if group in CORE_GROUPS or self.definitions is not None:
            return None
        return "no folder of custom resource definitions was given"

    def is_namespaced(self, obj: Mapping[str, Any]) -> bool:
        """Whether the object's kind belongs in a namespace; for an unknown custom kind: whether the object says so."""
        group = obj["apiVersion"].rpartition("/")[0]
        if group in CORE_GROUPS:
            return obj["kind"] not in CLUSTER_KINDS
        definition = self.definitions.get((group, obj["kind"])) if self.definitions is not None else None
        return bool(definition.namespaced) if definition else "namespace" in obj["metadata"]

    def _body_problems(self, obj: Mapping[str, Any], group: str, version: str) -> list[Problem]:
        if group in CORE_GROUPS:
            found = self.core.problems(obj)
            if found is None:
                return [Problem("kind", f"Kubernetes {self.core.version} has no {obj['kind']} in {obj['apiVersion']}")]
            return found
        found = self.core.metadata_problems(obj["metadata"])
        if self.definitions is None:
            return found
        definition = self.definitions.get((group, obj["kind"]))
        if definition is None:
            return [*found, Problem("kind", f"no definition of {obj['kind']} in {group}")]
        return found + list(definition.problems(obj, version))


@cache
def default_oracle(kubernetes: str = DEFAULT_KUBERNETES) -> Oracle:
    """The oracle with the definitions of the folder that PLATFORMSPEC_CRDS names."""
    return Oracle(kubernetes, definitions_folder())
