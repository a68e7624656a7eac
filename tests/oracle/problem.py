"""What the oracle says about an object, and how it writes the place of a field."""

from __future__ import annotations

import re
from dataclasses import dataclass

_PLAIN_KEY = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*\Z")


@dataclass(frozen=True, slots=True, order=True)
class Problem:
    """One reason for which a cluster would refuse an object, or could not run it.

    `path` is a field path as the API server writes it (`spec.rules[0].host`, `metadata.labels[a.b/c]`); in a folder the
    file and a colon stand before it.
    """

    path: str
    message: str

    def __str__(self) -> str:
        return f"{self.path}: {self.message}"


def child(path: str, key: str | int) -> str:
    """The path of a field, of a map's entry or (for an int) of a list's item."""
    if isinstance(key, int) or not _PLAIN_KEY.match(key):
        return f"{path}[{key}]"
    return f"{path}.{key}" if path else key
