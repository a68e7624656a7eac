"""What a cloud account must have before the program can be applied and run at its largest."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from platformspec.diagnostics import Path

RequirementKind = Literal["quota", "offering", "addresses", "model_access", "capacity_reservation"]


@dataclass(frozen=True, slots=True)
class Requirement:
    """One thing to have.

    - `id`: made from names, such as `quota/ec2/L-DB2E81BA`.
    - `what`: in words, with the numbers.
    - `needs`: by kind; schemas/requirements.schema.json describes it.
    - `declarations`: who needs it. `sources`: YAML paths that the numbers follow from.
    - `source`: who says that it is needed so.
    """

    id: str
    kind: RequirementKind
    what: str
    account: str
    region: str
    needs: Mapping[str, Any]
    declarations: tuple[str, ...]
    sources: tuple[Path, ...]
    source: str


@dataclass(frozen=True, slots=True)
class Answer:
    """What an account says about a requirement. `found`: the fact, in words; `help`: what to do where it is not met."""

    requirement: Requirement
    status: Literal["met", "missing", "unchecked"]
    found: str
    help: str = ""
