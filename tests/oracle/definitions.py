"""Custom resource definitions from a folder of JSON files, and objects checked against them."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from tests.oracle.problem import Problem
from tests.oracle.rules import Rule, rule_problems, rules_of
from tests.oracle.structural import Schema, defaulted, structural_problems

FOLDER_VARIABLE = "PLATFORMSPEC_CRDS"


@dataclass(frozen=True)
class Version:
    """One version of a custom resource."""

    name: str
    served: bool
    schema: Schema

    @cached_property
    def body(self) -> Schema:
        """The schema without what Kubernetes itself defines: apiVersion, kind, and metadata but for its name."""
        properties = {**self.schema.get("properties", {})}
        metadata = properties.get("metadata", {})
        properties["apiVersion"] = {"type": "string"}
        properties["kind"] = {"type": "string"}
        properties["metadata"] = {
            "type": "object",
            "x-kubernetes-preserve-unknown-fields": True,
            "properties": {
                name: metadata.get("properties", {}).get(name, {"type": "string"}) for name in ("name", "generateName")
            },
        }
        return {**self.schema, "properties": properties}

    def rules(self) -> Iterator[tuple[Rule, Schema]]:
        """Every CEL rule of this version, with the schema in which it stands."""
        return rules_of(self.body, "")


@dataclass(frozen=True)
class Definition:
    """One CustomResourceDefinition."""

    group: str
    kind: str
    namespaced: bool
    versions: Mapping[str, Version]

    def problems(self, obj: Mapping[str, Any], version: str) -> list[Problem]:
        """What a server would say. Rules run only on a structurally sound object, as on the server."""
        known = self.versions.get(version)
        if known is None or not known.served:
            served = ", ".join(name for name, one in self.versions.items() if one.served)
            return [Problem("apiVersion", f"{self.group} serves {self.kind} as {served}, not as {version}")]
        value = defaulted(dict(obj), known.body)
        found = list(structural_problems(value, known.body, ""))
        return found or list(rule_problems(value, known.body, ""))


class Definitions(Mapping[tuple[str, str], Definition]):
    """All definitions of a folder, by group and kind."""

    def __init__(self, folder: Path) -> None:
        """Read every `*.json` of the folder. Raises ValueError for a file that is no CustomResourceDefinition."""
        self._by_kind: dict[tuple[str, str], Definition] = {}
        for file in sorted(folder.glob("*.json")):
            document = json.loads(file.read_text(encoding="utf-8"))
            if document.get("kind") != "CustomResourceDefinition":
                raise ValueError(f"{file} is not a CustomResourceDefinition")
            definition = _definition(document["spec"])
            self._by_kind[definition.group, definition.kind] = definition

    def __getitem__(self, group_and_kind: tuple[str, str]) -> Definition:
        return self._by_kind[group_and_kind]

    def __iter__(self) -> Iterator[tuple[str, str]]:
        return iter(self._by_kind)

    def __len__(self) -> int:
        return len(self._by_kind)


def definitions_folder() -> Path | None:
    """The folder that the environment names, if it does and there is one."""
    named = os.environ.get(FOLDER_VARIABLE)
    return Path(named) if named and Path(named).is_dir() else None


def _definition(spec: Mapping[str, Any]) -> Definition:
    versions = {
        version["name"]: Version(version["name"], version["served"], version["schema"]["openAPIV3Schema"])
        for version in spec["versions"]
    }
    return Definition(spec["group"], spec["names"]["kind"], spec["scope"] == "Namespaced", versions)
