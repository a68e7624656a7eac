"""What an apply says while it works: one stream for people and for programs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final, Literal

Kind = Literal["run", "step", "resource", "object", "waiting", "note"]
Status = Literal["begins", "done", "skipped", "failed", "waits"]
FORMAT_VERSION: Final = 1

SCHEMA: Final[dict[str, Any]] = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "$id": "https://platformspec.dev/schemas/apply-event.schema.json",
    "title": "Event of an apply",
    "description": "One line of `platformspec apply --json`, `destroy --json` and `rollback --json`.",
    "type": "object",
    "properties": {
        "format_version": {"const": FORMAT_VERSION, "description": "Rises with every change that could break a reader."},
        "at": {"type": "string", "format": "date-time", "description": "UTC."},
        "kind": {"enum": ["run", "step", "resource", "object", "waiting", "note"], "description": "What it is about."},
        "name": {"type": "string", "description": "The run's command, the step, the id in the IR, or the object."},
        "status": {"enum": ["begins", "done", "skipped", "failed", "waits"]},
        "message": {"type": "string", "description": "For people."},
        "code": {"type": ["string", "null"], "description": "Diagnostic code of a failure."},
        "seconds": {"type": ["number", "null"], "description": "How long it took, or has been waited for."},
    },
    "required": ["format_version", "at", "kind", "name", "status", "message", "code", "seconds"],
    "additionalProperties": False,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Event:
    """Something happened. `seconds`: how long it took, or has been waited for."""

    kind: Kind
    name: str
    status: Status
    message: str = ""
    seconds: float | None = None
    code: str | None = None


Tell = Callable[[Event], None]
"""Takes an event; called from several threads."""
