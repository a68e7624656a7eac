"""For programs: every fact of each diagnostic, in an object whose form is versioned."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, Final

from platformspec.diagnostics.diagnostic import Diagnostic
from platformspec.diagnostics.span import Span

# Goes up when a field is removed or changes its meaning; a new field is no new version.
VERSION: Final = 1

_COUNTED: Final = {"type": "integer", "minimum": 1}
SCHEMA: Final[dict[str, Any]] = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "title": "Diagnostics of platformspec",
    "type": "object",
    "required": ["version", "errors", "warnings", "diagnostics"],
    "additionalProperties": False,
    "properties": {
        "version": {"const": VERSION},
        "errors": {"type": "integer", "minimum": 0, "description": "How many of the diagnostics are errors."},
        "warnings": {"type": "integer", "minimum": 0, "description": "How many of the diagnostics are warnings."},
        "diagnostics": {"type": "array", "items": {"$ref": "#/$defs/diagnostic"}},
    },
    "$defs": {
        "diagnostic": {
            "type": "object",
            "required": ["code", "severity", "summary", "message", "help", "label", "path", "span", "related"],
            "additionalProperties": False,
            "properties": {
                "code": {"type": "string", "pattern": "^PS[0-9]{3}$", "description": "Never changes its meaning."},
                "severity": {"enum": ["error", "warning"]},
                "summary": {
                    "type": "string",
                    "description": "The kind of mistake, the same for every diagnostic of the code.",
                },
                "message": {"type": "string", "description": "The fact, with its values."},
                "help": {"type": ["string", "null"], "description": "What to type instead."},
                "label": {"type": ["string", "null"], "description": "A word beside the underlined text."},
                "path": {
                    "type": "array",
                    "items": {"type": ["string", "integer"]},
                    "description": "Keys and list positions (from 0) in the platform; empty when only a span is known.",
                },
                "span": {"anyOf": [{"$ref": "#/$defs/span"}, {"type": "null"}]},
                "related": {
                    "type": "array",
                    "items": {
                        "type": "object",
                        "required": ["message", "span"],
                        "additionalProperties": False,
                        "properties": {
                            "message": {"type": "string"},
                            "span": {"anyOf": [{"$ref": "#/$defs/span"}, {"type": "null"}]},
                        },
                    },
                },
            },
        },
        "span": {
            "type": "object",
            "description": "Lines and columns count from 1, columns in Unicode characters; the end is exclusive.",
            "required": ["file", "line", "column", "end_line", "end_column"],
            "additionalProperties": False,
            "properties": {
                "file": {"type": "string"},
                "line": _COUNTED,
                "column": _COUNTED,
                "end_line": _COUNTED,
                "end_column": _COUNTED,
            },
        },
    },
}


def render(diagnostics: Sequence[Diagnostic], texts: Mapping[str, str]) -> str:
    """A JSON object that fits `SCHEMA`, in ASCII; nothing is quoted, so `texts` is not read."""
    errors = sum(diagnostic.severity == "error" for diagnostic in diagnostics)
    document = {
        "version": VERSION,
        "errors": errors,
        "warnings": len(diagnostics) - errors,
        "diagnostics": [_diagnostic(diagnostic) for diagnostic in diagnostics],
    }
    return json.dumps(document, indent=2) + "\n"


def _diagnostic(diagnostic: Diagnostic) -> dict[str, Any]:
    return {
        "code": diagnostic.code.id,
        "severity": diagnostic.severity,
        "summary": diagnostic.code.summary,
        "message": diagnostic.message,
        "help": diagnostic.help,
        "label": diagnostic.label,
        "path": list(diagnostic.path),
        "span": _span(diagnostic.span),
        "related": [{"message": note.message, "span": _span(note.span)} for note in diagnostic.related],
    }


def _span(span: Span | None) -> dict[str, Any] | None:
    if span is None:
        return None
    return {
        "file": span.file,
        "line": span.line,
        "column": span.column,
        "end_line": span.end_line,
        "end_column": span.end_column,
    }
