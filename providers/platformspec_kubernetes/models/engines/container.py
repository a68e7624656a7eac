"""What an engine says about its container."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Container:
    """One model server. `metrics`: signal -> PromQL metric; `shared_memory_gib`: size of /dev/shm; `home`: a writable folder for caches."""

    image: Any
    args: list[Any]
    port: int
    health: str
    user: int
    group: int
    home: str
    metrics: Mapping[str, str]
    shared_memory_gib: Any
    env: Mapping[str, Any] = field(default_factory=dict)
