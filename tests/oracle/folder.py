"""A compiled folder, read and indexed."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import yaml

from tests.oracle.pods import PodTemplate, pod_templates
from tests.oracle.problem import Problem

EXISTING_ANNOTATION = "platformspec.dev/existing"
"""On any object: what it relies on and the folder does not make; `Kind/name` (its own namespace, or cluster-wide) or
`Kind/namespace/name`, with commas between."""

# What every cluster has; kube-system and default are named in manifests, the node lease is for completeness of the four.
BUILT_IN = frozenset(
    {
        ("Namespace", "", "default"),
        ("Namespace", "", "kube-node-lease"),
        ("Namespace", "", "kube-public"),
        ("Namespace", "", "kube-system"),
        ("PriorityClass", "", "system-cluster-critical"),
        ("PriorityClass", "", "system-node-critical"),
        ("ClusterRole", "", "admin"),
        ("ClusterRole", "", "cluster-admin"),
        ("ClusterRole", "", "edit"),
        ("ClusterRole", "", "view"),
    }
)


@dataclass(frozen=True)
class Placed:
    """An object, and the file that holds it, relative to the folder."""

    file: str
    obj: Mapping[str, Any]

    @property
    def kind(self) -> str:
        """Its kind."""
        return str(self.obj["kind"])

    @property
    def name(self) -> str:
        """Its name."""
        return str(self.obj["metadata"].get("name", ""))

    @property
    def namespace(self) -> str:
        """Its namespace; empty for an object that names none."""
        return str(self.obj["metadata"].get("namespace", ""))

    @property
    def spec(self) -> Mapping[str, Any]:
        """Its spec; empty if it has none."""
        return self.obj.get("spec") or {}

    @cached_property
    def templates(self) -> tuple[PodTemplate, ...]:
        """The pods it starts."""
        return tuple(pod_templates(self.obj))

    def problem(self, path: str, message: str) -> Problem:
        """A finding at a field of this object."""
        return Problem(f"{self.file}:{path}", message)


@dataclass(frozen=True)
class Folder:
    """The well-formed objects of a folder, with what exists besides."""

    objects: tuple[Placed, ...]
    existing: frozenset[tuple[str, str, str]] = field(default_factory=frozenset)
    brought_labels: frozenset[str] = frozenset()
    """Keys of labels on pods that others bring into the cluster."""

    @cached_property
    def by_identity(self) -> Mapping[tuple[str, str, str], Placed]:
        """Objects by kind, namespace (empty: none) and name."""
        return {(one.kind, one.namespace, one.name): one for one in self.objects}

    def of(self, *kinds: str) -> Iterator[Placed]:
        """The objects of some kinds."""
        return (one for one in self.objects if one.kind in kinds)

    def has(self, kind: str, namespace: str, name: str) -> bool:
        """Whether an object is in the folder, in every cluster, or declared as existing."""
        identity = (kind, namespace, name)
        return identity in self.by_identity or identity in self.existing or identity in BUILT_IN

    @cached_property
    def templates(self) -> Mapping[str, tuple[PodTemplate, ...]]:
        """Pod templates by namespace."""
        found: dict[str, list[PodTemplate]] = defaultdict(list)
        for one in self.objects:
            for template in one.templates:
                found[template.namespace].append(template)
        return {namespace: tuple(templates) for namespace, templates in found.items()}


class _Loader(yaml.SafeLoader):
    """YAML as Kubernetes reads it: dates stay text, and a key may stand once."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        """As usual, but a second entry with the same key raises ConstructorError."""
        keys = [self.construct_object(key, deep=True) for key, _ in node.value]
        for position, key in enumerate(keys):
            if key in keys[:position]:
                raise yaml.constructor.ConstructorError(None, None, f"the key {key!r} stands twice", node.start_mark)
        return super().construct_mapping(node, deep)


_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:timestamp"]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


def load(text: str) -> list[Any]:
    """The documents of a YAML text, as Kubernetes reads them; empty ones left out. Raises yaml.YAMLError."""
    return [document for document in yaml.load_all(text, Loader=_Loader) if document is not None]


def read(path: Path) -> tuple[list[Problem], list[Placed]]:
    """All objects of the `*.yaml` below a folder, and what cannot be read of it."""
    problems: list[Problem] = []
    placed: list[Placed] = []
    for file in sorted(path.rglob("*.yaml")):
        name = file.relative_to(path).as_posix()
        try:
            documents = load(file.read_text(encoding="utf-8"))
        except (yaml.YAMLError, UnicodeDecodeError) as error:
            problems.append(Problem(f"{name}:", f"cannot be read: {error}"))
            continue
        if not documents:
            problems.append(Problem(f"{name}:", "holds no object"))
        for document in documents:
            if isinstance(document, dict):
                placed.append(Placed(name, document))
            else:
                problems.append(Problem(f"{name}:", "is not an object"))
    return problems, placed
