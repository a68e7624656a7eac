"""Drift for programs. Its shape is schemas/drift.schema.json."""

from __future__ import annotations

import json
from typing import Any, Final

from platformspec.diagnostics import dotted
from platformspec.drift.deviation import HIDDEN, OWNERS, WHATS, Deviation
from platformspec.drift.origin import lines, sources
from platformspec.drift.outcome import Adoption, Outcome
from platformspec.plan.change import ABSENT
from platformspec.version import VERSION

FORMAT_VERSION: Final = 1
_NULLABLE_TEXT: Final = {"type": ["string", "null"]}


def _object(properties: dict[str, Any], optional: tuple[str, ...] = ()) -> dict[str, Any]:
    required = [name for name in properties if name not in optional]
    return {"type": "object", "properties": properties, "required": required, "additionalProperties": False}


SCHEMA: Final[dict[str, Any]] = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "$id": "https://platformspec.dev/schemas/drift.schema.json",
    "title": "Drift",
    "description": "What `platformspec drift --json` prints.",
    **_object(
        {
            "format_version": {"const": FORMAT_VERSION, "description": "Rises with every change that could break a reader."},
            "tool_version": {"type": "string", "description": "Version of platformspec."},
            "platform": {"type": "string"},
            "environment": _NULLABLE_TEXT,
            "against": {"type": "string", "description": "What the comparison is with."},
            "restore": _NULLABLE_TEXT | {"description": "The command that sets back what is the spec's; null where nothing is to be set back."},
            "not_looked_at": {
                "type": "array",
                "items": {"type": "string"},
                "description": "Clusters that a delivery engine compares with its repository.",
            },
            "deviations": {
                "type": "array",
                "items": _object(
                    {
                        "owner": {"enum": list(OWNERS), "description": "Whose the value is: an apply sets back only what is the spec's."},
                        "what": {"enum": list(WHATS)},
                        "resource": {"type": "string", "description": "Resource id in the IR, or the object that is not ours."},
                        "type": _NULLABLE_TEXT,
                        "declaration": _NULLABLE_TEXT,
                        "attribute": _NULLABLE_TEXT,
                        "applied": {"description": "The value as it was applied. Absent where there was none, and where it is sensitive."},
                        "live": {"description": "The value now. Absent where there is none, and where it is sensitive."},
                        "sensitive": {"type": "boolean"},
                        "replaces": {"type": "boolean", "description": "To set it back, Terraform replaces the resource."},
                        "writer": {"anyOf": [{"type": "null"}, _object({"manager": {"type": "string"}, "time": _NULLABLE_TEXT, "subresource": _NULLABLE_TEXT})]},
                        "sources": {"type": "array", "items": {"type": "string"}, "description": "Paths in platform.yaml."},
                        "lines": {"type": "array", "items": _object({"file": {"type": "string"}, "line": {"type": "integer", "minimum": 1}})},
                    },
                    ("applied", "live"),
                ),
            },
            "adoptions": {
                "description": "With --adopt: how the file can say what is live, or why it cannot.",
                "anyOf": [
                    {"type": "null"},
                    {
                        "type": "array",
                        "items": _object(
                            {
                                "resource": {"type": "string"},
                                "attribute": _NULLABLE_TEXT,
                                "file": _NULLABLE_TEXT,
                                "path": _NULLABLE_TEXT | {"description": "Where the value stands in the file."},
                                "before": _NULLABLE_TEXT | {"description": "As YAML on one line."},
                                "after": _NULLABLE_TEXT,
                                "refused": _NULLABLE_TEXT,
                            }
                        ),
                    },
                ],
            },
            "patch": _NULLABLE_TEXT | {"description": "With --adopt: all edits, as a unified diff."},
        }
    ),
}  # fmt: skip


def render(outcome: Outcome) -> str:
    """Everything that was found, as JSON."""
    data = {
        "format_version": FORMAT_VERSION,
        "tool_version": VERSION,
        "platform": outcome.platform,
        "environment": outcome.environment,
        "against": outcome.applied_by,
        "restore": outcome.restore if outcome.remaining else None,
        "not_looked_at": [one.cluster for one in outcome.delivered],
        "deviations": [_deviation(one, outcome) for one in outcome.deviations],
        "adoptions": None if outcome.adoptions is None else [_adoption(one) for one in outcome.adoptions],
        "patch": None if outcome.adoptions is None else outcome.patch,
    }
    return json.dumps(data, indent=2, ensure_ascii=False) + "\n"


def _deviation(one: Deviation, outcome: Outcome) -> dict[str, Any]:
    writer = one.writer
    values = {name: value for name, value in (("applied", one.applied), ("live", one.live)) if value is not ABSENT}
    return {
        "owner": one.owner,
        "what": one.what,
        "resource": one.resource,
        "type": one.node.type if one.node is not None else None,
        "declaration": one.node.declaration if one.node is not None else None,
        "attribute": dotted(one.path) if one.path else None,
        **{name: value for name, value in values.items() if value is not HIDDEN},
        "sensitive": HIDDEN in values.values(),
        "replaces": one.replaces,
        "writer": None
        if writer is None
        else {"manager": writer.manager, "time": writer.time, "subresource": writer.subresource},
        "sources": [dotted(path) for path in sources(one) if path],
        "lines": [{"file": span.file, "line": span.line} for span in lines(one, outcome.document)],
    }


def _adoption(one: Adoption) -> dict[str, Any]:
    edit = one.edit
    return {
        "resource": one.deviation.resource,
        "attribute": dotted(one.deviation.path) if one.deviation.path else None,
        "file": edit.file if edit else None,
        "path": dotted(edit.path) if edit else None,
        "before": edit.before if edit else None,
        "after": edit.after if edit else None,
        "refused": one.refused or None,
    }
