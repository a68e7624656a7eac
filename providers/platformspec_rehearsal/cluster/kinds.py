"""The kinds that a cluster knows: Kubernetes' own for its version, and custom ones."""

from __future__ import annotations

import functools
import json
import pathlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import kubernetes_validate

from platformspec_rehearsal.cluster.shape import REFERENCE, Definitions, Shape

DATA: Final = pathlib.Path(__file__).resolve().parents[1] / "data"
SCHEMAS: Final = pathlib.Path(kubernetes_validate.__file__).parent / "kubernetes-json-schema"
GROUP_VERSION_KIND: Final = "x-kubernetes-group-version-kind"
OBJECT_META: Final = "io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta"
VERBS: Final = ("create", "delete", "deletecollection", "get", "list", "patch", "update", "watch")
# What is asked and answered and never kept.
REVIEWS: Final = (
    ("authorization.k8s.io", "v1", "SelfSubjectAccessReview", "selfsubjectaccessreviews", False),
    ("authorization.k8s.io", "v1", "SubjectAccessReview", "subjectaccessreviews", False),
    ("authentication.k8s.io", "v1", "SelfSubjectReview", "selfsubjectreviews", False),
)


@dataclass(frozen=True)
class Kind:
    """One resource of the API. `definition` names Kubernetes' own; `schema` is a custom one's, None where only its name is known."""

    group: str
    version: str
    kind: str
    plural: str
    namespaced: bool
    short_names: tuple[str, ...] = ()
    definition: str | None = None
    schema: Mapping[str, Any] | None = None

    @property
    def api_version(self) -> str:
        """As objects write it."""
        return f"{self.group}/{self.version}" if self.group else self.version

    @property
    def full(self) -> str:
        """As messages write it: `deployments.apps`."""
        return f"{self.plural}.{self.group}" if self.group else self.plural

    @property
    def key(self) -> str:
        """As the table of pretended behaviour writes it: `apps/Deployment`."""
        return f"{self.group}/{self.kind}"

    def discovery(self) -> dict[str, Any]:
        """As the API lists it."""
        return {
            "name": self.plural,
            "singularName": self.kind.lower(),
            "namespaced": self.namespaced,
            "kind": self.kind,
            "verbs": list(VERBS),
            "shortNames": list(self.short_names),
        }


@functools.cache
def table() -> Mapping[str, Any]:
    """What the schemas do not say of Kubernetes' own kinds."""
    data: Mapping[str, Any] = json.loads((DATA / "kubernetes.json").read_text("utf-8"))
    return data


def field_at(obj: Mapping[str, Any], path: str) -> Any:
    """The value at a dotted path of members; None where there is none."""
    value: Any = obj
    for step in path.split("."):
        value = (value or {}).get(step)
    return value


@functools.cache
def known_versions() -> tuple[str, ...]:
    """The versions of Kubernetes of which there are schemas, oldest first: `1.35`."""
    found = [path.name[1:].split(".") for path in SCHEMAS.glob("v*-local")]
    return tuple(f"{major}.{minor}" for major, minor in sorted((int(v[0]), int(v[1])) for v in found))


@dataclass
class Kinds:
    """All kinds of one cluster."""

    version: str
    by_name: dict[tuple[str, str, str], Kind] = field(default_factory=dict)

    @functools.cached_property
    def definitions(self) -> Definitions:
        """Kubernetes' own schemas by name."""
        return definitions_of(self.version)

    def __post_init__(self) -> None:
        for kind in _own(self.version):
            self.add(kind)

    def add(self, kind: Kind) -> None:
        """Make a kind known."""
        self.by_name[kind.group, kind.version, kind.plural] = kind

    def forget(self, group: str, plural: str) -> None:
        """Take a custom kind away, in all its versions."""
        for key in [key for key in self.by_name if (key[0], key[2]) == (group, plural)]:
            del self.by_name[key]

    def find(self, group: str, version: str, plural: str) -> Kind | None:
        """A kind by the names that stand in addresses."""
        return self.by_name.get((group, version, plural))

    def group_versions(self) -> Mapping[tuple[str, str], list[Kind]]:
        """(group, version) -> its kinds."""
        found: dict[tuple[str, str], list[Kind]] = {}
        for (group, version, _), kind in self.by_name.items():
            found.setdefault((group, version), []).append(kind)
        return found

    def shape(self, kind: Kind) -> Shape:
        """How objects of the kind are merged. Metadata is the same in all."""
        if kind.definition is not None:
            return Shape({"$ref": REFERENCE + kind.definition}, self.definitions, table()["defaults"])
        schema = dict(kind.schema or {"x-kubernetes-preserve-unknown-fields": True})
        schema["properties"] = {**schema.get("properties", {}), "metadata": {"$ref": REFERENCE + OBJECT_META}}
        return Shape(schema, self.definitions, table()["defaults"])


@functools.cache
def definitions_of(version: str) -> Definitions:
    """The schemas of one version of Kubernetes, one of `known_versions`."""
    file = SCHEMAS / f"v{version}.0-local" / "_definitions.json"
    definitions: Definitions = json.loads(file.read_text("utf-8"))["$defs"]
    return definitions


@functools.cache
def _own(version: str) -> tuple[Kind, ...]:
    return tuple(_kinds(definitions_of(version)))


def _kinds(definitions: Definitions) -> Iterator[Kind]:
    facts = table()
    for name, schema in definitions.items():
        for names in schema.get(GROUP_VERSION_KIND, ()):
            kind = names["kind"]
            # What has a list of its own is a resource.
            if OBJECT_META not in str(schema.get("properties", {}).get("metadata")) or f"{name}List" not in definitions:
                continue
            short = tuple(facts["short_names"].get(kind, ()))
            yield Kind(
                names["group"], names["version"], kind, _plural(kind), kind not in facts["cluster_kinds"], short, name
            )
    for group, version, kind, plural, namespaced in REVIEWS:
        yield Kind(group, version, kind, plural, namespaced)


def _plural(kind: str) -> str:
    lower = kind.lower()
    if kind in table()["plurals"]:
        return str(table()["plurals"][kind])
    if lower.endswith(("s", "x", "ch")):
        return f"{lower}es"
    return f"{lower[:-1]}ies" if lower.endswith("y") and lower[-2] not in "aeo" else f"{lower}s"


def custom_kinds(definition: Mapping[str, Any]) -> Iterator[Kind]:
    """The kinds that a CustomResourceDefinition brings."""
    spec = definition["spec"]
    names = spec["names"]
    for version in spec["versions"]:
        if version.get("served", True):
            yield Kind(
                spec["group"],
                version["name"],
                names["kind"],
                names["plural"],
                spec["scope"] == "Namespaced",
                tuple(names.get("shortNames") or ()),
                schema=version.get("schema", {}).get("openAPIV3Schema"),
            )
