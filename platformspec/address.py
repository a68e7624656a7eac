"""The name of a declaration: `gpu_pool.inference`, `gateway.main/chat`."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

NAME_PATTERN: Final = r"^[a-z](?:[a-z0-9-]*[a-z0-9])?$(?!\n)"
"""Names of declarations. `(?!\\n)`: Python's `$` also matches before a final newline, ECMAScript's does not."""

_ADDRESS: Final = re.compile(r"([a-z][a-z0-9_]*)\.([a-z0-9-]+)(?:/([a-z0-9-]+))?")


@dataclass(frozen=True, slots=True, order=True)
class Address:
    """`<kind>.<name>[/<child>]`; `str()` and `parse()` are inverse.

    >>> str(Address.parse("gateway.main/chat"))
    'gateway.main/chat'
    """

    kind: str
    name: str
    child: str | None = None

    @classmethod
    def parse(cls, text: str) -> Address:
        """Raises `ValueError` for a text that is not an address."""
        match = _ADDRESS.fullmatch(text)
        if match is None:
            raise ValueError(f"{text!r} is not an address such as gateway.main or gateway.main/chat")
        return cls(*match.groups())

    @property
    def parent(self) -> Address:
        """The declaration itself, for a child."""
        return self if self.child is None else Address(self.kind, self.name)

    def __str__(self) -> str:
        return f"{self.kind}.{self.name}" + (f"/{self.child}" if self.child is not None else "")
