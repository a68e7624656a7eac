"""A kind of mistake, with a name that never changes."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

_REGISTRY: Final[dict[str, Code]] = {}


@dataclass(frozen=True, slots=True)
class Code:
    """One code per mistake, defined beside the code that finds it, and never reused.

    Families follow the passes: PS1xx source, PS2xx kinds (shape only), PS3xx graph, PS4xx checks, PS5xx lowering,
    PS6xx plan, PS7xx apply, PS9xx our own bugs.
    """

    id: str
    summary: str
    explain: str

    def __post_init__(self) -> None:
        if not re.fullmatch(r"PS\d{3}", self.id):
            raise ValueError(f"a code looks like PS123, not {self.id!r}")
        if self.id in _REGISTRY:
            raise ValueError(f"{self.id} is defined twice: {_REGISTRY[self.id].summary!r} and {self.summary!r}")
        _REGISTRY[self.id] = self


def all_codes() -> tuple[Code, ...]:
    """Every code whose module has been imported, in order of its id."""
    return tuple(_REGISTRY[key] for key in sorted(_REGISTRY))
