"""A structural comparison of two validated platforms: what differs, field by field, whoever set it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from pydantic import BaseModel

from platformspec.address import Address
from platformspec.diagnostics import Path
from platformspec.driver import Compilation
from platformspec.kinds.base import DeclarationSpec, Spec, yaml_key
from platformspec.kinds.cloud import CloudSpec
from platformspec.kinds.platform import KINDS, PlatformSpec


class _Absent:
    def __repr__(self) -> str:
        return "ABSENT"


ABSENT: Final = _Absent()
PLATFORM: Final = Address("platform", "main")
CLOUD: Final = Address("cloud", "main")
OBSERVABILITY: Final = Address("observability", "main")
# Sections of the root that are declarations, or that are compared by other means.
_APART: Final = {kind.section for kind in KINDS} | {"environments", "include", "waivers", "cloud", "observability"}


@dataclass(frozen=True, slots=True)
class Difference:
    """One field that differs.

    `field` is relative to the address: `("serve", "context_tokens")`, `()` for the whole. `path` is absolute. `before` or `after`
    is `ABSENT` where it is not there. `written` is False where nobody wrote it: the profile or a default follows from something else.
    """

    address: Address
    field: Path
    path: Path
    before: Any
    after: Any
    written: bool = True


@dataclass(frozen=True, slots=True)
class _Part:
    """A thing with an address, and where it stands."""

    spec: Any
    path: Path


def differences(base: Compilation, head: Compilation) -> tuple[Difference, ...]:
    """Every field that differs, by address. Both sides have a graph. The order of keys makes no difference."""
    assert base.graph is not None
    assert head.graph is not None
    old, new = _parts(base), _parts(head)
    found: list[Difference] = []
    for address in sorted({*old, *new}, key=str):
        was, now = old.get(address), new.get(address)
        if was is None:
            assert now is not None
            found.append(Difference(address, (), now.path, ABSENT, now.spec))
        elif now is None:
            found.append(Difference(address, (), was.path, was.spec, ABSENT))
        else:
            for field, before, after in _compared(was.spec, now.spec, ()):
                written = _written(base, (*was.path, *field)) or _written(head, (*now.path, *field))
                found.append(Difference(address, field, (*now.path, *field), before, after, written))
    return tuple(found)


def _written(c: Compilation, path: Path) -> bool:
    assert c.graph is not None
    return c.graph.platform.layer_of(path) in ("file", "environment")


def _parts(c: Compilation) -> dict[Address, _Part]:
    """Declarations, their children, and the parts of the root that are none."""
    assert c.graph is not None
    assert c.spec is not None
    parts: dict[Address, _Part] = {}
    for address, declaration in c.graph.declarations.items():
        parts[address] = _Part(declaration.spec, declaration.path)
        if isinstance(declaration.spec, DeclarationSpec):
            for name, child in declaration.spec.children().items():
                field = declaration.spec.children_field
                assert field is not None
                parts[Address(address.kind, address.name, name)] = _Part(child, (*declaration.path, field, name))
    parts[PLATFORM] = _Part(_root(c.spec), ())
    parts[CLOUD] = _Part(_cloud(c.spec.cloud), ("cloud",))
    parts[OBSERVABILITY] = _Part(c.spec.observability, ("observability",))
    environment = c.graph.platform.environment
    if environment is not None and environment in c.spec.environments:
        own = c.spec.environments[environment]
        rules = {name: getattr(own, name) for name in type(own).model_fields if name != "patch"}
        parts[Address("environment", environment)] = _Part(rules, ("environments", environment))
    return parts


def _root(spec: PlatformSpec) -> dict[str, Any]:
    return {yaml_key(type(spec), name): getattr(spec, name) for name in type(spec).model_fields if name not in _APART}


def _cloud(spec: CloudSpec) -> dict[str, Any]:
    # The network and the bucket are declarations.
    return {name: getattr(spec, name) for name in type(spec).model_fields if name not in ("network", "model_bucket")}


def _compared(before: Any, after: Any, field: Path) -> Iterator[tuple[Path, Any, Any]]:
    if type(before) is type(after) and before == after:
        return
    if isinstance(before, Spec) and isinstance(after, Spec) and type(before) is type(after):
        children = before.children_field if isinstance(before, DeclarationSpec) else None
        for name in type(before).model_fields:
            if name != children:
                key = yaml_key(type(before), name)
                yield from _compared(getattr(before, name), getattr(after, name), (*field, key))
    elif isinstance(before, dict) and isinstance(after, dict):
        for key in sorted({*before, *after}):
            yield from _compared(before.get(key, ABSENT), after.get(key, ABSENT), (*field, key))
    else:
        yield field, before, after


def is_section(value: Any) -> bool:
    """Whether the value is a mapping of the YAML, and no scalar or list."""
    return isinstance(value, (BaseModel, dict))
