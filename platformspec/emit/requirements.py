"""requirements.json: what the account must have, and the schema of the file."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any, Final

from platformspec.diagnostics import dotted
from platformspec.ir.requirement import Requirement

FORMAT_VERSION: Final = 1
FILE: Final = "requirements.json"


def _object(properties: dict[str, Any], description: str = "") -> dict[str, Any]:
    schema = {"type": "object", "properties": properties, "required": list(properties), "additionalProperties": False}
    return {"description": description, **schema} if description else schema


_TEXTS: Final = {"type": "array", "items": {"type": "string"}}
_NEEDS: Final[dict[str, Any]] = {
    "quota": _object(
        {
            "service": {"type": "string"},
            "code": {"type": "string", "description": "quota code of Service Quotas"},
            "name": {"type": "string"},
            "value": {"type": "integer", "minimum": 1},
            "unit": {"type": "string"},
            "besides": {
                "enum": ["vpcs", "addresses", "clusters", "nat_gateways", None],
                "description": "what of others in the account counts against it; null: the value alone is compared",
            },
        }
    ),
    "offering": _object({"instance_types": _TEXTS, "zones": _TEXTS}, "one of the types, in one of the zones"),
    "addresses": _object(
        {
            "value": {"type": "integer", "minimum": 1},
            "subnets": {**_TEXTS, "description": "subnets that are there; empty where the platform creates them"},
            "room": {"type": ["integer", "null"], "description": "addresses of the subnets that it creates"},
        }
    ),
    "model_access": _object({"model": {"type": "string"}, "inference_profile": {"type": ["string", "null"]}}),
    "capacity_reservation": _object(
        {
            "reservation": {"type": "string"},
            "zone": {"type": "string"},
            "until": {"type": "string", "description": "the day until which it must be active"},
            "instances": {"type": "integer", "minimum": 1},
        }
    ),
}


def _requirement(kind: str, needs: dict[str, Any]) -> dict[str, Any]:
    return _object(
        {
            "id": {"type": "string"},
            "kind": {"const": kind},
            "what": {"type": "string"},
            "account": {"type": "string"},
            "region": {"type": "string"},
            "needs": needs,
            "declarations": _TEXTS,
            "from": {**_TEXTS, "description": "paths in the platform file"},
            "source": {"type": "string", "description": "who says that it is needed so"},
        }
    )


SCHEMA: Final[dict[str, Any]] = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "$id": "https://platformspec.dev/schemas/requirements.schema.json",
    "title": "What a platform needs of a cloud account",
    **_object(
        {
            "format_version": {"const": FORMAT_VERSION},
            "platform": {"type": "string"},
            "environment": {"type": ["string", "null"]},
            "requirements": {
                "type": "array",
                "items": {"anyOf": [_requirement(kind, needs) for kind, needs in _NEEDS.items()]},
            },
        }
    ),
}


def render(platform: str, environment: str | None, requirements: Iterable[Requirement]) -> bytes:
    """Deterministic; in the order of ids."""
    data = {
        "format_version": FORMAT_VERSION,
        "platform": platform,
        "environment": environment,
        "requirements": [
            {
                "id": one.id,
                "kind": one.kind,
                "what": one.what,
                "account": one.account,
                "region": one.region,
                "needs": dict(one.needs),
                "declarations": list(one.declarations),
                "from": [dotted(path) for path in one.sources],
                "source": one.source,
            }
            for one in sorted(requirements, key=lambda one: one.id)
        ],
    }
    return (json.dumps(data, indent=1, ensure_ascii=False) + "\n").encode()
