"""What is written differently, where a revision does not compile and nothing more can be said."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from platformspec.diagnostics import Path, dotted
from platformspec.driver import Compilation
from platformspec.review.differences import ABSENT, PLATFORM
from platformspec.review.intent import Intent
from platformspec.review.wording import list_change, value_text


def written(base: Compilation | None, head: Compilation | None) -> tuple[Intent, ...]:
    """One intent for each value of the two files, with the environment's patch, that differs; none where a file cannot be read."""
    if base is None or head is None or base.document is None or head.document is None:
        return ()
    # What an environment patches stands in the values already.
    before, after = (
        {k: v for k, v in c.document.data.items() if k != "environments"} for c in (base, head) if c.document
    )
    return tuple(
        Intent(PLATFORM, dotted(path), _text(path, old, new), path, removed=new is ABSENT)
        for path, old, new in _compared(before, after, ())
    )


def _compared(before: Any, after: Any, path: Path) -> Iterator[tuple[Path, Any, Any]]:
    if isinstance(before, dict) and isinstance(after, dict):
        for key in sorted({*before, *after}, key=str):
            yield from _compared(before.get(key, ABSENT), after.get(key, ABSENT), (*path, key))
    elif before != after:
        yield path, before, after


def _text(path: Path, before: Any, after: Any) -> str:
    if before is ABSENT or after is ABSENT:
        return "added" if before is ABSENT else "removed"
    if isinstance(before, (list, tuple)) and isinstance(after, (list, tuple)):
        return list_change(tuple(before), tuple(after))
    return f"{value_text(path, before)} -> {value_text(path, after)}"
