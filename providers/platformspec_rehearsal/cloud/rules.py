"""Values that AWS would refuse."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any


def refusals(type: str, config: dict[str, Any]) -> Iterator[tuple[tuple[str, ...], str]]:
    return iter(())


def has_rules(type: str) -> bool:
    return False
