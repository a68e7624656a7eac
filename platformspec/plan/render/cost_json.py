"""Costs for programs, and the schema of that form."""

from __future__ import annotations

import json
from typing import Any, Final

from platformspec.cost.estimate import Figure, Line, Range, parts
from platformspec.cost.prices import Price
from platformspec.plan.cost_report import LEGEND, CostReport

FORMAT_VERSION: Final = 1
_NULLABLE_NUMBER: Final = {"type": ["number", "null"]}
_TEXTS: Final = {"type": "array", "items": {"type": "string"}}


def _object(properties: dict[str, Any]) -> dict[str, Any]:
    return {"type": "object", "properties": properties, "required": list(properties), "additionalProperties": False}


_PRICE: Final = _object(
    {
        "key": {"type": "string"},
        "usd": {"type": "number"},
        "per": {"enum": ["hour", "month", "gib_month", "million_tokens"]},
        "region": {"type": "string"},
        "source": {"type": "string"},
        "date": {"type": "string"},
    }
)
_RANGE: Final = _object(
    {
        "least": {"type": "number"},
        "likely": {"type": "number"},
        "most": {"type": "number"},
        "unknown": {"type": "integer", "minimum": 0, "description": "lines without a price, which are not in the sums"},
    }
)
_FIGURE: Final = _object(
    {
        "key": {"type": "string"},
        "quantity": {"type": "number"},
        "usd": _NULLABLE_NUMBER,
        "price": {"anyOf": [_PRICE, {"type": "null"}]},
    }
)
SCHEMA: Final[dict[str, Any]] = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "$id": "https://platformspec.dev/schemas/cost.schema.json",
    "title": "A platformspec cost estimate",
    **_object(
        {
            "format_version": {"const": FORMAT_VERSION},
            "platform": {"type": "string"},
            "environment": {"type": ["string", "null"]},
            "region": {"type": "string"},
            "as_of": {"type": "string"},
            "average_load": {"type": "number"},
            "by": {"enum": ["declaration", "team", "model", "pool"]},
            "legend": {"type": "object", "additionalProperties": {"type": "string"}},
            "total": _RANGE,
            "groups": {"type": "object", "additionalProperties": _RANGE},
            "lines": {
                "type": "array",
                "items": _object(
                    {
                        "id": {"type": "string"},
                        "what": {"type": "string"},
                        "declaration": {"type": "string"},
                        "team": {"type": ["string", "null"]},
                        "pool": {"type": ["string", "null"]},
                        "groups": {"type": "object", "additionalProperties": _RANGE},
                        "least": _FIGURE,
                        "likely": _FIGURE,
                        "most": _FIGURE,
                        "from": _TEXTS,
                        "note": {"type": "string"},
                    }
                ),
            },
            "not_counted": {
                "type": "array",
                "items": _object(
                    {
                        "what": {"type": "string"},
                        "why": {"type": "string"},
                        "declarations": _TEXTS,
                    }
                ),
            },
        }
    ),
}


def render(report: CostReport) -> str:
    """One object, keys in the order of the schema."""
    data = {
        "format_version": FORMAT_VERSION,
        "platform": report.platform,
        "environment": report.environment,
        "region": report.region,
        "as_of": report.as_of.isoformat(),
        "average_load": report.average_load,
        "by": report.by or "declaration",
        "legend": dict(LEGEND),
        "total": _range(report.estimate.total),
        "groups": {name: _range(sum) for name, sum in report.rows.items()},
        "lines": [_line(report, line) for line in report.estimate.lines],
        "not_counted": [
            {"what": what, "why": why, "declarations": names} for (what, why), names in report.uncounted.items()
        ],
    }
    return json.dumps(data, indent=2, ensure_ascii=False) + "\n"


def _line(report: CostReport, line: Line) -> dict[str, Any]:
    item = line.item
    grouped: dict[str, Range] = {}
    for name, part in parts(line, report.by or "declaration"):
        grouped[name] = grouped.get(name, Range()) + part
    return {
        "id": item.id,
        "what": item.what,
        "declaration": item.declaration,
        "team": item.team,
        "pool": item.pool,
        "groups": {name: _range(part) for name, part in grouped.items()},
        "least": _figure(line.least),
        "likely": _figure(line.likely),
        "most": _figure(line.most),
        "from": list(report.where(item)),
        "note": item.note,
    }


def _range(sum: Range) -> dict[str, Any]:
    return {
        "least": round(sum.least, 2),
        "likely": round(sum.likely, 2),
        "most": round(sum.most, 2),
        "unknown": sum.unknown,
    }


def _figure(figure: Figure) -> dict[str, Any]:
    return {
        "key": figure.price.key if figure.price is not None else figure.amount.key,
        "quantity": round(figure.amount.quantity, 6),
        "usd": None if figure.usd is None else round(figure.usd, 2),
        "price": None if figure.price is None else _price(figure.price),
    }


def _price(price: Price) -> dict[str, Any]:
    return {"key": price.key, "usd": price.usd, "per": price.per, "region": price.region, "source": price.source.text, "date": price.source.date}  # fmt: skip
