"""The validated platform: specs, and where each value came from."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

from platformspec.address import Address
from platformspec.diagnostics import Locator, Path
from platformspec.ir.rename import current_id
from platformspec.kinds.base import Spec
from platformspec.kinds.platform import PlatformSpec

Layer = Literal["file", "environment", "profile", "default"]


class WrittenValues(Locator, Protocol):
    """The part of a `Document` that later passes need."""

    def written(self, path: Path) -> bool:
        """Whether somebody wrote a value at exactly this path."""

    def origin(self, path: Path) -> object:
        """`"file"`, or `("environment", name)` where that environment's patch wrote the value."""


@dataclass(frozen=True)
class Declaration:
    """One named entry of platform.yaml, or a part of `cloud` that is lowered like one."""

    address: Address
    spec: Spec
    path: Path


@dataclass(frozen=True)
class Platform:
    """A valid platform.yaml in one environment, on one day.

    `as_of` is the only clock of the compiler: waivers and ends of capacity blocks are compared with it.
    `locked_names` are the physical names of stateful things, by node id, from platform.lock; `called` are the names that things
    of renamed declarations were made with, by address.
    """

    spec: PlatformSpec
    document: WrittenValues
    environment: str | None
    as_of: datetime.date
    locked_names: Mapping[str, str] = field(default_factory=dict)
    called: Mapping[str, str] = field(default_factory=dict)

    @property
    def name(self) -> str:
        return self.spec.metadata.name

    def name_outside(self, address: Address) -> str:
        """What things made for the declaration are named after: its name, or the one that it had when they were made."""
        return self.called.get(str(address.parent), address.name)

    def address_outside(self, address: Address) -> Address:
        """The address with the name that it has outside."""
        return Address(address.kind, self.name_outside(address), address.child)

    def id_outside(self, id: str) -> str:
        """The id of an edge, with the names that its declarations have outside."""
        addresses = (Address.parse(text) for text in self.called)
        return current_id(id, {str(self.address_outside(address)): (str(address),) for address in addresses})

    def layer_of(self, path: Path) -> Layer:
        """Which layer set the value at `path`: the file, the environment's patch, the profile, or a default."""
        if self.document.origin(path) != "file" and self.document.written(path):
            return "environment"
        if self.document.written(path):
            return "file"
        owner: Any = self.spec
        for part in path[:-1]:
            owner = _step(owner, part)
        return "profile" if isinstance(owner, Spec) and path and path[-1] in owner.profile_defaults else "default"

    def causes_of(self, path: Path) -> tuple[Path, ...]:
        """The written places that decide the value at `path`: itself, or `profile` where the profile set it."""
        layer = self.layer_of(path)
        if layer in ("file", "environment"):
            return (path,)
        return (("profile",),) if layer == "profile" else ()


def _step(value: Any, part: str | int) -> Any:
    if isinstance(value, Spec):
        for name, info in type(value).model_fields.items():
            if (info.alias or name) == part:
                return getattr(value, name)
        return None
    if isinstance(value, dict):
        return value.get(part)
    if isinstance(value, tuple) and isinstance(part, int) and part < len(value):
        return value[part]
    return None
