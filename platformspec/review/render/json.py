"""A review for programs. Its shape is schemas/review.schema.json."""

from __future__ import annotations

import json
from typing import Any, Final

from platformspec.cost.estimate import Range
from platformspec.diagnostics import Diagnostic, dotted
from platformspec.plan.change import ACTIONS
from platformspec.review.manifests import manifest_diffs
from platformspec.review.render.markdown import marker
from platformspec.review.review import EnvironmentReview, Review
from platformspec.version import VERSION

FORMAT_VERSION: Final = 1


def _object(**properties: Any) -> dict[str, Any]:
    return {"type": "object", "properties": properties, "required": list(properties), "additionalProperties": False}


def _many(items: Any) -> dict[str, Any]:
    return {"type": "array", "items": items}


_TEXT: Final = {"type": "string"}
_TEXTS: Final = _many(_TEXT)
_NULLABLE: Final = {"type": ["string", "null"]}
_LINE: Final = {"type": ["integer", "null"], "minimum": 1}
_RANGE: Final = _object(
    least={"type": "number"},
    likely={"type": "number"},
    most={"type": "number"},
    unknown={"type": "integer", "minimum": 0, "description": "Lines without a price."},
)
_DIAGNOSTIC: Final = _object(
    code={"type": "string", "pattern": "^PS[0-9]{3}$"}, message=_TEXT, help=_NULLABLE, file=_NULLABLE, line=_LINE
)
SCHEMA: Final[dict[str, Any]] = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "$id": "https://platformspec.dev/schemas/review.schema.json",
    "title": "Review",
    "description": "What `platformspec review --format json` prints.",
    **_object(
        format_version={"const": FORMAT_VERSION, "description": "Rises with every change that could break a reader."},
        tool_version=_TEXT,
        platform=_TEXT,
        file=_TEXT,
        base=_TEXT,
        head=_TEXT,
        headline={**_TEXT, "description": "The intent in one line."},
        marker={**_TEXT, "description": "First line of the comment in Markdown, by which it is found again."},
        dangerous={"type": "boolean", "description": "Whether any environment has a dangerous change."},
        complete={"type": "boolean", "description": "False where a revision does not compile."},
        notes=_many(_DIAGNOSTIC),
        base_errors=_many(_DIAGNOSTIC),
        head_errors=_many(_DIAGNOSTIC),
        environments=_many(
            _object(
                environment=_NULLABLE,
                intents=_many(_object(address=_TEXT, title=_TEXT, text=_TEXT, path=_TEXT)),
                dangers=_many(_object(**{**_DIAGNOSTIC["properties"], "address": _TEXT})),
                effects=_TEXTS,
                affected=_object(declarations=_TEXTS, teams=_TEXTS),
                reviewers=_many(_object(name=_TEXT, why=_TEXT)),
                cost=_many(_object(name=_TEXT, before=_RANGE, after=_RANGE)),
                approvals=_many(_object(policy=_TEXT, message=_TEXT, approvers=_TEXTS)),
                permissions=_object(added=_TEXTS, removed=_TEXTS),
                warnings=_many(_DIAGNOSTIC),
                unknown=_TEXTS,
                counts={**_object(**{action: {"type": "integer", "minimum": 0} for action in ACTIONS})},
                changes=_many(_object(action={"enum": list(ACTIONS)}, id=_TEXT, type=_TEXT, stack=_TEXT, reason=_NULLABLE, certain={"type": "boolean"})),
                manifests=_many(_object(file=_TEXT, action={"enum": ["change", "add", "remove"]}, diff=_TEXTS)),
                base_errors=_many(_DIAGNOSTIC),
                head_errors=_many(_DIAGNOSTIC),
            )
        ),
    ),
}  # fmt: skip


def render(review: Review) -> str:
    """One object; environments by name."""
    incomplete = any(e.base_errors or e.head_errors for e in review.environments)
    data = {
        "format_version": FORMAT_VERSION,
        "tool_version": VERSION,
        "platform": review.platform,
        "file": review.file,
        "base": review.base,
        "head": review.head,
        "headline": review.headline,
        "marker": marker(review),
        "dangerous": bool(review.dangers),
        "complete": not (incomplete or review.base_errors or review.head_errors),
        "notes": [_diagnostic(note) for note in review.notes],
        "base_errors": [_diagnostic(error) for error in review.base_errors],
        "head_errors": [_diagnostic(error) for error in review.head_errors],
        "environments": [_environment(environment) for environment in review.environments],
    }
    return json.dumps(data, indent=2, ensure_ascii=False) + "\n"


def _environment(r: EnvironmentReview) -> dict[str, Any]:
    plan = r.plan
    return {
        "environment": r.environment,
        "intents": [
            {"address": str(i.address), "title": i.title, "text": i.text, "path": dotted(i.path)} for i in r.intents
        ],
        "dangers": [{**_diagnostic(d.diagnostic), "address": str(d.address)} for d in r.dangers],
        "effects": list(r.effects),
        "affected": {"declarations": [str(a) for a in r.radius.affected], "teams": list(r.radius.teams)},
        "reviewers": [{"name": who, "why": why} for who, why in r.reviewers],
        "cost": [
            {"name": row.name, "before": _range(row.before), "after": _range(row.after)}
            for row in ((*r.cost.rows, r.cost.total) if r.cost is not None else ())
        ],
        "approvals": [
            {"policy": f.policy, "message": f.message, "approvers": list(f.approvers)} for f in r.approvals
        ],
        "permissions": {
            "added": [p.sentence for p in r.permissions.added],
            "removed": [p.sentence for p in r.permissions.removed],
        },
        "warnings": [_diagnostic(w) for w in r.warnings],
        "unknown": list(r.unknown),
        "counts": dict(plan.counts) if plan is not None else dict.fromkeys(ACTIONS, 0),
        "changes": [
            {"action": c.action, "id": c.id, "type": c.node.type, "stack": c.node.stack, "reason": c.reason, "certain": c.certain}
            for c in (plan.changes if plan is not None else ())
        ],
        "manifests": [
            {"file": d.file, "action": d.action, "diff": list(d.lines)}
            for d in (manifest_diffs(r.pair, plan) if plan is not None else ())
        ],
        "base_errors": [_diagnostic(error) for error in r.base_errors],
        "head_errors": [_diagnostic(error) for error in r.head_errors],
    }  # fmt: skip


def _range(usd: Range) -> dict[str, float]:
    cents = {name: round(getattr(usd, name), 2) for name in ("least", "likely", "most")}
    return {**cents, "unknown": usd.unknown}


def _diagnostic(d: Diagnostic) -> dict[str, Any]:
    return {
        "code": d.code.id,
        "message": d.message,
        "help": d.help,
        "file": d.span.file if d.span else None,
        "line": d.span.line if d.span else None,
    }
