"""Write schemas/*.json from the code. A test fails where they are stale.

python scripts/generate_schemas.py
"""

from __future__ import annotations

import json
import pathlib
from typing import Any

from platformspec.apply.events import SCHEMA as EVENT_SCHEMA
from platformspec.diagnostics.render.json import SCHEMA as DIAGNOSTIC_SCHEMA
from platformspec.drift.render.json import SCHEMA as DRIFT_SCHEMA
from platformspec.emit.requirements import SCHEMA as REQUIREMENTS_SCHEMA
from platformspec.kinds.schema import fragment_schema, platform_schema, prices_schema
from platformspec.plan.render.cost_json import SCHEMA as COST_SCHEMA
from platformspec.plan.render.json import SCHEMA as PLAN_SCHEMA
from platformspec.review.render.json import SCHEMA as REVIEW_SCHEMA

FOLDER = pathlib.Path(__file__).resolve().parents[1] / "schemas"


def schemas() -> dict[str, dict[str, Any]]:
    """File name -> schema."""
    return {
        "platform.schema.json": platform_schema(),
        "fragment.schema.json": fragment_schema(),
        "plan.schema.json": PLAN_SCHEMA,
        "cost.schema.json": COST_SCHEMA,
        "prices.schema.json": prices_schema(),
        "requirements.schema.json": REQUIREMENTS_SCHEMA,
        "diagnostic.schema.json": DIAGNOSTIC_SCHEMA,
        "review.schema.json": REVIEW_SCHEMA,
        "apply-event.schema.json": EVENT_SCHEMA,
        "drift.schema.json": DRIFT_SCHEMA,
    }


def text(schema: dict[str, Any]) -> str:
    """A schema as it is committed."""
    return json.dumps(schema, indent=2, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    for name, schema in schemas().items():
        (FOLDER / name).write_text(text(schema), "utf-8")
