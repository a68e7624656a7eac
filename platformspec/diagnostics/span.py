"""Where something stands in a file."""

from __future__ import annotations

from dataclasses import dataclass

Path = tuple[str | int, ...]
"""Keys and list positions from the root of a YAML document to a value."""


@dataclass(frozen=True, slots=True, order=True)
class Span:
    """A stretch of text. Lines and columns count from 1; columns count Unicode characters."""

    file: str
    line: int
    column: int
    end_line: int
    end_column: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}"


def dotted(path: Path) -> str:
    """Write a path as people read it; a key that itself has a dot is quoted.

    >>> dotted(("models", "chat", "targets", 0, "a.b"))
    'models.chat.targets[0]."a.b"'
    """
    out = ""
    for part in path:
        if isinstance(part, int):
            out += f"[{part}]"
            continue
        key = f'"{part}"' if "." in part or not part else part
        out += f".{key}" if out else key
    return out
