"""The state of one compilation's lowering, which contexts write to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

from platformspec.address import Address
from platformspec.diagnostics import Path, Report
from platformspec.graph.platform import Platform
from platformspec.graph.platform_graph import PlatformGraph
from platformspec.ir.node import Node
from platformspec.lower.contract import Capability, Grant, ProviderSet


class Maker(NamedTuple):
    """The step and the provider's function that made a node, for `platformspec why`."""

    step: str
    function: str


@dataclass
class Lowering:
    """Nodes and exports so far. Contexts write to it, functions do not."""

    graph: PlatformGraph
    providers: ProviderSet
    report: Report
    nodes: dict[str, Node]
    exports: dict[tuple[Address, type[Any]], Any]
    grants: list[Grant]
    needs: dict[tuple[Address, Capability], set[Path]]
    waiting: list[tuple[str, Address, Capability]]
    names: dict[str, str]
    made_by: dict[str, Maker]
    """Node id -> who made it."""
    maker: Maker | None = None
    """Who is at work."""

    @property
    def platform(self) -> Platform:
        return self.graph.platform
