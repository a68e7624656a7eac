"""A source tree in memory."""

from __future__ import annotations

import fnmatch
import json
import pathlib
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class MemoryTree:
    """Path -> text."""

    files: dict[str, str]

    @property
    def root(self) -> pathlib.Path:
        return pathlib.Path()

    @property
    def label(self) -> str:
        return "memory"

    def read(self, path: str) -> bytes:
        if path not in self.files:
            raise FileNotFoundError(path)
        return self.files[path].encode()

    def size(self, path: str) -> int:
        return len(self.read(path))

    def glob(self, pattern: str) -> tuple[str, ...]:
        return tuple(sorted(path for path in self.files if fnmatch.fnmatch(path, pattern)))

    def exists(self, path: str) -> bool:
        return path in self.files


def as_yaml(data: Any) -> str:
    """Plain data as a document that parses back to it: JSON is YAML."""
    return json.dumps(data, indent=1, ensure_ascii=False)
