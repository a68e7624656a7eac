"""A schema as merging sees it: which lists are maps, which are sets, which are one value, and what stands where nobody wrote.

Kubernetes' own kinds are described by JSON schemas with references among them, custom resources by a structural schema; both
carry the `x-kubernetes-*` markers (https://kubernetes.io/docs/reference/using-api/server-side-apply/#merge-strategy).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

Definitions = Mapping[str, Mapping[str, Any]]
REFERENCE: Final = "#/$defs/"
NOTHING: Final[Mapping[str, Any]] = {}


@dataclass(frozen=True)
class Shape:
    """A schema, the definitions that it may refer to, and defaults of those definitions."""

    schema: Mapping[str, Any]
    definitions: Definitions
    defaults: Definitions

    def resolved(self) -> tuple[Mapping[str, Any], str | None]:
        """The schema itself, and the name of the definition it is."""
        schema, name = self.schema, None
        while "$ref" in schema:
            name = str(schema["$ref"]).removeprefix(REFERENCE)
            schema = self.definitions.get(name, NOTHING)
        return schema, name

    def _of(self, schema: Any) -> Shape:
        return Shape(schema if isinstance(schema, Mapping) else NOTHING, self.definitions, self.defaults)

    def field(self, name: str) -> Shape:
        """The shape of a member; nothing is known of one that the schema does not name."""
        schema, _ = self.resolved()
        properties = schema.get("properties", NOTHING)
        return self._of(properties[name] if name in properties else schema.get("additionalProperties"))

    def names(self, name: str) -> bool:
        """Whether a member may have this name."""
        schema, _ = self.resolved()
        open_ended = schema.get("x-kubernetes-preserve-unknown-fields") or not schema.get("properties")
        extra = schema.get("additionalProperties")
        return bool(name in schema.get("properties", NOTHING) or extra or (open_ended and extra is None))

    @property
    def items(self) -> Shape:
        """The shape of a list's entries."""
        return self._of(self.resolved()[0].get("items"))

    @property
    def keys(self) -> tuple[str, ...] | None:
        """The members that tell a list's entries apart; None where the list is no map."""
        schema, _ = self.resolved()
        # A list without a type is a map where a strategic merge patch would treat it as one (k8s.io/kube-openapi, schemaconv).
        kind = self.schema.get("x-kubernetes-list-type", schema.get("x-kubernetes-list-type"))
        if kind == "map":
            return tuple(self._marker("x-kubernetes-list-map-keys"))
        if kind is None and "merge" in str(self._marker("x-kubernetes-patch-strategy")):
            key = self._marker("x-kubernetes-patch-merge-key")
            return (str(key),) if key else None
        return None

    def _marker(self, name: str) -> Any:
        return self.schema.get(name, self.resolved()[0].get(name))

    @property
    def merge_key(self) -> str | None:
        """The member by which a strategic merge patch finds a list's entries."""
        key = self._marker("x-kubernetes-patch-merge-key")
        return str(key) if key else None

    @property
    def is_set(self) -> bool:
        """Whether a list is a set of scalars."""
        kind = self._marker("x-kubernetes-list-type")
        merges = "merge" in str(self._marker("x-kubernetes-patch-strategy"))
        return kind == "set" or (kind is None and merges and self.merge_key is None)

    @property
    def is_atomic(self) -> bool:
        """Whether a map is one value, that has one owner."""
        return bool(self._marker("x-kubernetes-map-type") == "atomic")

    def default_of(self, name: str) -> Any:
        """What stands in a member that nobody wrote; None where nothing does."""
        schema, definition = self.resolved()
        known = self.defaults.get(definition or "", NOTHING)
        return known[name] if name in known else schema.get("properties", NOTHING).get(name, NOTHING).get("default")

    def defaulted_names(self) -> list[str]:
        """The members that have a default."""
        schema, definition = self.resolved()
        written = [name for name, member in schema.get("properties", NOTHING).items() if "default" in member]
        return [*self.defaults.get(definition or "", NOTHING), *written]


def with_defaults(value: Any, shape: Shape) -> Any:
    """A copy with the defaults filled in and nulls left out, as the API stores it."""
    if isinstance(value, dict):
        filled = {name: with_defaults(item, shape.field(name)) for name, item in value.items() if item is not None}
        for name in shape.defaulted_names():
            if name not in filled:
                filled[name] = with_defaults(shape.default_of(name), shape.field(name))
        return filled
    if isinstance(value, list):
        return [with_defaults(item, shape.items) for item in value]
    return value
