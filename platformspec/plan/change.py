"""What differs between two programs."""

from __future__ import annotations

import datetime
from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Literal

from platformspec.diagnostics import Path
from platformspec.ir.expr import Expr
from platformspec.ir.node import Node

Action = Literal["create", "update", "replace", "delete", "move", "import"]
ACTIONS: tuple[Action, ...] = ("create", "update", "replace", "delete", "move", "import")
"""`move`: nothing of it changes but the address under which Terraform keeps it. `import`: it is there, and Terraform takes it over."""


@dataclass(frozen=True, slots=True)
class AttributeChange:
    """One attribute. `before` or `after` is `ABSENT` where it is not there."""

    path: Path
    before: Expr | object
    after: Expr | object


class _Absent:
    def __repr__(self) -> str:
        return "ABSENT"


ABSENT = _Absent()


@dataclass(frozen=True, slots=True)
class Change:
    """One node. `reason` says why it is replaced; `certain` is False where it may also be updated in place.

    `was`: its id before a rename, where it had another one. `imported`: the id under which it is taken over, where the file says
    that it was there before.
    """

    action: Action
    node: Node
    """The node after the change; for a deletion the one before."""
    attributes: tuple[AttributeChange, ...] = ()
    reason: str | None = None
    certain: bool = True
    was: str | None = None
    imported: str | None = None

    @property
    def id(self) -> str:
        return self.node.id


@dataclass(frozen=True)
class Plan:
    """All changes, sorted by id, from one program (or nothing) to another."""

    platform: str
    environment: str | None
    changes: tuple[Change, ...]
    base_digest: str | None
    head_digest: str
    as_of: datetime.date
    tool_version: str
    waves: tuple[tuple[str, ...], ...]
    unchanged: int

    def within(self, ids: Collection[str], head_digest: str) -> Plan:
        """The part of it that is about these ids. `head_digest`: that of the program which this part leads to."""
        changes = tuple(change for change in self.changes if change.id in ids)
        return replace(self, changes=changes, head_digest=head_digest)

    @cached_property
    def counts(self) -> Mapping[Action, int]:
        """How many changes of each action."""
        found = Counter(change.action for change in self.changes)
        return {action: found[action] for action in ACTIONS}

    @cached_property
    def counts_by_stack(self) -> Mapping[str, Mapping[Action, int]]:
        """The same for each stack; manifests count under `kubernetes`."""
        stacks: dict[str, Counter[Action]] = {}
        for change in self.changes:
            stacks.setdefault(change.node.stack, Counter())[change.action] += 1
        return {stack: {action: stacks[stack][action] for action in ACTIONS} for stack in sorted(stacks)}
