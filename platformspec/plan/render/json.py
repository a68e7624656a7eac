"""A plan for programs. Its shape is schemas/plan.schema.json."""

from __future__ import annotations

import dataclasses
import json
from typing import Any, Final

from platformspec.cost.delta import CostDelta
from platformspec.cost.estimate import Range
from platformspec.diagnostics import dotted
from platformspec.plan import words
from platformspec.plan.change import ABSENT, ACTIONS, AttributeChange, Change, Plan
from platformspec.plan.notes import PlanNotes

FORMAT_VERSION: Final = 1

_COUNTS: Final[dict[str, Any]] = {
    "type": "object",
    "properties": {action: {"type": "integer", "minimum": 0} for action in ACTIONS},
    "required": list(ACTIONS),
    "additionalProperties": False,
}
_NULLABLE_TEXT: Final = {"type": ["string", "null"]}
_USD: Final[dict[str, Any]] = {
    "type": "object",
    "properties": {bound: {"type": "number"} for bound in ("least", "likely", "most")},
    "required": ["least", "likely", "most"],
    "additionalProperties": False,
}
_COST: Final[dict[str, Any]] = {
    "type": "object",
    "properties": {
        "total": _USD,
        "before": _USD,
        "after": _USD,
        "unknown": {"type": "integer", "minimum": 0, "description": "new lines without a price"},
        "declarations": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {"declaration": {"type": "string"}, "team": _NULLABLE_TEXT, "usd": _USD},
                "required": ["declaration", "team", "usd"],
                "additionalProperties": False,
            },
        },
    },
    "required": ["total", "before", "after", "unknown", "declarations"],
    "additionalProperties": False,
}
_DELIVERY: Final = ("cluster", "engine", "repository", "branch", "path")
SCHEMA: Final[dict[str, Any]] = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "$id": "https://platformspec.dev/schemas/plan.schema.json",
    "title": "Plan",
    "description": "What `platformspec plan --format json` prints.",
    "type": "object",
    "properties": {
        "format_version": {"const": FORMAT_VERSION, "description": "Rises with every change that could break a reader."},
        "tool_version": {"type": "string", "description": "Version of platformspec."},
        "platform": {"type": "string"},
        "environment": _NULLABLE_TEXT,
        "as_of": {"type": "string", "format": "date", "description": "The day for which rules with dates were evaluated."},
        "against": {"type": "string", "description": "What the plan compares with."},
        "base_digest": _NULLABLE_TEXT,
        "head_digest": {"type": "string"},
        "counts": _COUNTS,
        "counts_by_stack": {"type": "object", "additionalProperties": _COUNTS},
        "waves": {"type": "array", "items": {"type": "array", "items": {"type": "string"}}, "description": "Stacks in the order of apply."},
        "unchanged": {"type": "integer", "minimum": 0},
        "changes": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {
                    "action": {"enum": list(ACTIONS)},
                    "id": {"type": "string", "description": "Resource id in the IR."},
                    "was": {**_NULLABLE_TEXT, "description": "Id before a rename, where it had another one."},
                    "imported": {**_NULLABLE_TEXT, "description": "Id under which Terraform takes it over, where the file says that it was there before."},
                    "type": {"type": "string"},
                    "stack": {"type": "string"},
                    "declaration": {"type": "string"},
                    "reason": _NULLABLE_TEXT,
                    "certain": {"type": "boolean", "description": "False: replacement is possible, and no source excludes it."},
                    "from": {"type": "array", "items": {"type": "string"}, "description": "YAML paths that the change came from."},
                    "attributes": {
                        "type": "array",
                        "items": {
                            "type": "object",
                            "properties": {"path": {"type": "string"}, "before": _NULLABLE_TEXT, "after": _NULLABLE_TEXT},
                            "required": ["path", "before", "after"],
                            "additionalProperties": False,
                        },
                    },
                },
                "required": ["action", "id", "was", "imported", "type", "stack", "declaration", "reason", "certain", "from", "attributes"],
                "additionalProperties": False,
            },
        },
        "warnings": {"type": "array", "items": {"type": "object", "properties": {"code": {"type": "string"}, "message": {"type": "string"}}, "required": ["code", "message"]}},
        "approvals": {"type": "array", "items": {"type": "object", "properties": {"why": {"type": "string"}, "approvers": {"type": "array", "items": {"type": "string"}}}}},
        "extensions": {"type": "integer", "minimum": 0},
        "deliveries": {
            "type": "array",
            "description": "Clusters whose manifests are committed to a repository, for an engine that applies them.",
            "items": {
                "type": "object",
                "properties": {name: {"type": "string"} for name in _DELIVERY} | {"engine": {"enum": ["argocd", "flux"]}},
                "required": list(_DELIVERY),
                "additionalProperties": False,
            },
        },
        "secrets_to_fill": {"type": "array", "items": {"type": "string"}},
        "not_compared": {"type": "array", "items": {"type": "string"}, "description": "policies with max_increase, where there is nothing to compare with"},
        "cost": {"anyOf": [_COST, {"type": "null"}], "description": "US dollars a month more or less, at today's prices; null where no figure changes"},
        "until": {**_NULLABLE_TEXT, "description": "Last day of the timeline, where --at asked for one."},
        "endings": {
            "type": "array",
            "description": "Capacity that ends until that day.",
            "items": {
                "type": "object",
                "properties": {
                    "day": {"type": "string", "format": "date"},
                    "pool": {"type": "string"},
                    "what": {"type": "string"},
                    "nodes_go": {"type": "boolean", "description": "False: the nodes stay, on demand."},
                    "models": {"type": "array", "items": {"type": "string"}, "description": "Models that lose their pool."},
                    "dependents": {"type": "object", "additionalProperties": {"type": "array", "items": {"type": "string"}}, "description": "Routes and collections of these models, and the models that they have left."},
                },
                "required": ["day", "pool", "what", "nodes_go", "models", "dependents"],
                "additionalProperties": False,
            },
        },
    },
    "required": ["format_version", "tool_version", "platform", "environment", "as_of", "against", "base_digest", "head_digest", "counts", "counts_by_stack", "waves", "unchanged", "changes", "warnings", "approvals", "extensions", "deliveries", "secrets_to_fill", "not_compared", "cost", "until", "endings"],
    "additionalProperties": False,
}  # fmt: skip


def render(plan: Plan, notes: PlanNotes) -> str:
    """One object, keys in the order of the schema."""
    data = {
        "format_version": FORMAT_VERSION,
        "tool_version": plan.tool_version,
        "platform": plan.platform,
        "environment": plan.environment,
        "as_of": plan.as_of.isoformat(),
        "against": notes.against,
        "base_digest": plan.base_digest,
        "head_digest": plan.head_digest,
        "counts": plan.counts,
        "counts_by_stack": plan.counts_by_stack,
        "waves": plan.waves,
        "unchanged": plan.unchanged,
        "changes": [_change(change) for change in plan.changes],
        "warnings": [{"code": warning.code.id, "message": warning.message} for warning in notes.warnings],
        "approvals": [{"why": why, "approvers": list(who)} for why, who in notes.approvals],
        "extensions": notes.extensions,
        "deliveries": [dataclasses.asdict(one) for one in notes.deliveries],
        "secrets_to_fill": list(notes.secrets_to_fill),
        "not_compared": list(notes.not_compared),
        "cost": _cost(notes.cost),
        "until": notes.until,
        "endings": [{**dataclasses.asdict(one), "dependents": dict(one.dependents)} for one in notes.endings],
    }
    return json.dumps(data, indent=2, ensure_ascii=False) + "\n"


def _cost(delta: CostDelta | None) -> dict[str, Any] | None:
    if delta is None:
        return None
    return {
        "total": _usd(delta.total),
        "before": _usd(delta.before),
        "after": _usd(delta.after),
        "unknown": delta.unknown,
        "declarations": [
            {"declaration": one.declaration, "team": one.team, "usd": _usd(one.usd)} for one in delta.differences
        ],
    }


def _usd(usd: Range) -> dict[str, float]:
    return {"least": round(usd.least, 2), "likely": round(usd.likely, 2), "most": round(usd.most, 2)}


def _change(change: Change) -> dict[str, Any]:
    return {
        "action": change.action,
        "id": change.id,
        "was": change.was,
        "imported": change.imported,
        "type": change.node.type,
        "stack": change.node.stack,
        "declaration": change.node.declaration,
        "reason": change.reason,
        "certain": change.certain,
        "from": [dotted(path) for path in words.sources(change)],
        "attributes": [_attribute(attribute) for attribute in change.attributes],
    }


def _attribute(change: AttributeChange) -> dict[str, str | None]:
    return {
        "path": dotted(change.path),
        "before": None if change.before is ABSENT else words.text(change.before),
        "after": None if change.after is ABSENT else words.text(change.after),
    }
