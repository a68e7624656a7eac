"""SARIF 2.1.0, which code scanning services read.

https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote

from platformspec.diagnostics.diagnostic import Diagnostic
from platformspec.diagnostics.span import Span


def render(diagnostics: Sequence[Diagnostic], texts: Mapping[str, str], *, version: str) -> str:
    """One run with the codes that occur as its rules; `version` is that of the compiler. `texts` is not read."""
    codes = sorted({diagnostic.code.id: diagnostic.code for diagnostic in diagnostics}.items())
    positions = {name: position for position, (name, _) in enumerate(codes)}
    rules = [
        {
            "id": code.id,
            "shortDescription": {"text": code.summary},
            "fullDescription": {"text": code.explain},
            "help": {"text": code.explain},
        }
        for _, code in codes
    ]
    run = {
        "tool": {"driver": {"name": "platformspec", "version": version, "rules": rules}},
        "columnKind": "unicodeCodePoints",
        "results": [_result(diagnostic, positions) for diagnostic in diagnostics],
    }
    document = {"$schema": "https://json.schemastore.org/sarif-2.1.0.json", "version": "2.1.0", "runs": [run]}
    return json.dumps(document, indent=2) + "\n"


def _result(diagnostic: Diagnostic, positions: Mapping[str, int]) -> dict[str, Any]:
    # A result has no field for a remedy, and a related location must be one: what has no place goes into the text.
    text = [diagnostic.message]
    text += [f"help: {diagnostic.help}"] if diagnostic.help else []
    text += [note.message for note in diagnostic.related if note.span is None]
    result: dict[str, Any] = {
        "ruleId": diagnostic.code.id,
        "ruleIndex": positions[diagnostic.code.id],
        "level": diagnostic.severity,
        "message": {"text": "\n".join(text)},
        "locations": [] if diagnostic.span is None else [{"physicalLocation": _physical(diagnostic.span)}],
    }
    related = [
        {"id": number, "message": {"text": note.message}, "physicalLocation": _physical(note.span)}
        for number, note in enumerate(diagnostic.related, 1)
        if note.span is not None
    ]
    if related:
        result["relatedLocations"] = related
    return result


def _physical(span: Span) -> dict[str, Any]:
    return {
        "artifactLocation": {"uri": quote(span.file)},
        "region": {
            "startLine": span.line,
            "startColumn": span.column,
            "endLine": span.end_line,
            "endColumn": span.end_column,
        },
    }
