"""One difference between what was applied and what exists."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final, Literal

from platformspec.diagnostics import Path
from platformspec.ir.node import Node
from platformspec.plan.change import ABSENT

Owner = Literal["spec", "autoscaler", "controller", "person", "cloud"]
"""Whose the value is: `spec` if the next apply sets it again; all others are left alone."""
OWNERS: Final[tuple[Owner, ...]] = ("spec", "person", "autoscaler", "controller", "cloud")
What = Literal["changed", "gone", "made anew", "added"]
WHATS: Final[tuple[What, ...]] = ("changed", "gone", "made anew", "added")


class _Hidden:
    def __repr__(self) -> str:
        return "HIDDEN"


HIDDEN: Final = _Hidden()
"""Stands for a value that is sensitive, and never printed."""


@dataclass(frozen=True, slots=True)
class Writer:
    """Who wrote a field of a Kubernetes object, by its managedFields. `time`: of the manager's last change, UTC."""

    manager: str
    time: str | None
    subresource: str | None = None


@dataclass(frozen=True, slots=True)
class Deviation:
    """One attribute of one resource.

    - `resource`: the id in the IR, or `Kind name in namespace` for what is not ours.
    - `node`: the node as it was applied; None for what is not ours.
    - `path`: the attribute, without positions of Terraform blocks that our nodes do not have; `()` is the whole resource.
    - `applied`, `live`: plain data, `ABSENT` or `HIDDEN`.
    - `replaces`: to set it again, Terraform has to replace the resource.
    """

    resource: str
    owner: Owner
    what: What
    node: Node | None = None
    path: Path = ()
    applied: Any = ABSENT
    live: Any = ABSENT
    writer: Writer | None = None
    replaces: bool = False
