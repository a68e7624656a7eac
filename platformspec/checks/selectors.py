"""What a policy can look at: `model.license`, `aws_rds_cluster.storage_encrypted`, `Deployment.spec.replicas`."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from pydantic import BaseModel

from platformspec.diagnostics import Path
from platformspec.graph.platform import Declaration
from platformspec.graph.platform_graph import PlatformGraph
from platformspec.ir.expr import Attr, Concat, Json, Secret, Yaml, folded
from platformspec.ir.node import Manifest, Resource
from platformspec.ir.program import Program
from platformspec.kinds.base import Ref, yaml_key
from platformspec.kinds.catalogue import facts_of
from platformspec.kinds.cloud import CloudSpec, NetworkSpec
from platformspec.kinds.model import ModelSpec
from platformspec.kinds.platform import KINDS, Kind

# Facts about a declaration that no single field holds: name -> function of the declaration.
DERIVED: dict[str, dict[str, Callable[[Declaration, PlatformGraph], Any]]] = {
    "model": {
        "license": lambda d, g: facts_of(d.spec).license if isinstance(d.spec, ModelSpec) and d.spec.source else None,
        "revision": lambda d, g: _revision(d.spec),
        "region": lambda d, g: _region(d.spec, g),
    },
}
# Where a derived fact is written, if it is.
WRITTEN_AT: dict[tuple[str, str], Path] = {
    ("model", "license"): ("source", "license"),
    ("model", "revision"): ("source", "revision"),
    ("model", "region"): ("external", "inference_profile"),
}
EXTRA_KINDS = (Kind("cloud", "cloud", CloudSpec), Kind("network", "network", NetworkSpec))
UNKNOWN = object()
"""A value that is known only after creation: a rule about it can neither hold nor fail."""


def split(selector: str) -> tuple[str, tuple[str, ...]]:
    """`("model", ("source", "license"))`."""
    subject, *field = selector.split(".")
    return subject, tuple(field)


def subjects() -> tuple[str, ...]:
    """Kinds that a policy can be about."""
    return tuple(sorted(kind.name for kind in (*KINDS, *EXTRA_KINDS) if kind.name != "policy"))


def is_terraform_type(subject: str) -> bool:
    """Whether the subject is a Terraform type, such as aws_rds_cluster."""
    return subject.startswith(("aws_", "helm_"))


def is_kubernetes_kind(subject: str) -> bool:
    """Whether the subject is a Kubernetes kind, such as Deployment."""
    return subject[:1].isupper()


def fields_of(subject: str) -> tuple[str, ...]:
    """The first parts of fields of a kind, derived facts included."""
    spec = next(kind.spec for kind in (*KINDS, *EXTRA_KINDS) if kind.name == subject)
    return tuple(sorted({yaml_key(spec, name) for name in spec.model_fields} | set(DERIVED.get(subject, ()))))


def found(selector: str, graph: PlatformGraph, program: Program) -> Iterator[tuple[str, Path, Any]]:
    """`(address, path in the YAML, value)` of everything that the selector means; value None where it is absent."""
    subject, field = split(selector)
    if is_terraform_type(subject) or is_kubernetes_kind(subject):
        for node in program:
            fits = (
                isinstance(node, Manifest) and node.attrs["kind"] == subject
                if is_kubernetes_kind(subject)
                else isinstance(node, Resource) and node.type == subject
            )
            if fits:
                for path, value in _values(folded(dict(node.attrs)), field, ()):
                    sources = node.sources_of(path)
                    yield node.declaration, sources[-1] if sources else (), value
        return
    if subject == "cloud":
        for path, value in _values(graph.platform.spec.cloud, field, ("cloud",)):
            yield "cloud", path, value
        return
    for address, declaration in graph.declarations.items():
        if address.kind != subject:
            continue
        derive = DERIVED.get(subject, {}).get(field[0])
        if derive is not None:
            where = (*declaration.path, *WRITTEN_AT[(subject, field[0])])
            yield str(address), where, derive(declaration, graph)
        else:
            for path, value in _values(declaration.spec, field, declaration.path):
                yield str(address), path, value


def _values(value: Any, field: tuple[str, ...], path: Path) -> Iterator[tuple[Path, Any]]:
    if isinstance(value, (Json, Yaml)):
        yield from _values(value.tree, field, path)
    elif isinstance(value, (Attr, Concat, Secret)):
        yield path, UNKNOWN
    elif not field:
        if isinstance(value, (list, tuple)):
            for position, item in enumerate(value):
                yield from _values(item, (), (*path, position))
        else:
            yield path, str(value) if isinstance(value, Ref) else value
    elif field[0] == "*":
        entries = (
            value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, (list, tuple)) else ()
        )
        for key, item in entries:
            yield from _values(item, field[1:], (*path, key))
    elif isinstance(value, (list, tuple)) and not field[0].isdigit():
        # A block of Terraform is a list of one: its fields are meant.
        for position, item in enumerate(value):
            yield from _values(item, field, (*path, position))
    else:
        yield from (
            _values(_part(value, field[0]), field[1:], (*path, field[0]))
            if _part(value, field[0]) is not None
            else ((path, None),)
        )


def _part(value: Any, name: str) -> Any:
    if isinstance(value, BaseModel):
        return next(
            (getattr(value, field) for field in type(value).model_fields if yaml_key(type(value), field) == name), None
        )
    if isinstance(value, dict):
        return value.get(name)
    if isinstance(value, (list, tuple)) and name.isdigit() and int(name) < len(value):
        return value[int(name)]
    return None


def _revision(spec: Any) -> Any:
    if not isinstance(spec, ModelSpec) or spec.source is None or spec.source.hugging_face is None:
        # An external model has no revision of its own, and a folder of the bucket is one.
        return UNKNOWN
    return spec.source.revision


def _region(spec: Any, graph: PlatformGraph) -> Any:
    external = spec.external if isinstance(spec, ModelSpec) else None
    return (
        external.inference_profile
        if external is not None and external.inference_profile
        else graph.platform.spec.cloud.region
    )
