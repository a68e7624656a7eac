"""Files as they would be after a change, before anything is written."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from platformspec.diagnostics import Path
from platformspec.source.edit import with_value
from platformspec.source.format import formatted
from platformspec.source.tree import SourceTree


@dataclass(frozen=True)
class Edited:
    """A tree in which some files have another text."""

    tree: SourceTree
    texts: Mapping[str, str]

    @property
    def label(self) -> str:
        return self.tree.label

    def read(self, path: str) -> bytes:
        return self.texts[path].encode() if path in self.texts else self.tree.read(path)

    def size(self, path: str) -> int:
        return len(self.texts[path].encode()) if path in self.texts else self.tree.size(path)

    def glob(self, pattern: str) -> tuple[str, ...]:
        return self.tree.glob(pattern)

    def exists(self, path: str) -> bool:
        return self.tree.exists(path)


def set_value(text: str, path: Path, value: Any) -> str:
    """`with_value`; a file that is formatted stays so, also where the new value makes a line too long. Raises `Failure`."""
    new = with_value(text, path, value)
    return formatted(new) if formatted(text) == text else new
