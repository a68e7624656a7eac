"""From nodes to lines of a bill: what all rules of this package share."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from platformspec.sdk import Address, AggregateContext, Amount, CostItem, Node, Path, Share

HOURS: Final = 730
"""Hours of a month, as AWS's own calculator counts them: 365 days of 24 hours in twelve months."""


class Billing:
    """The lowered program while its costs are stated."""

    def __init__(self, ctx: AggregateContext) -> None:
        self.ctx = ctx
        self.nodes = ctx.nodes
        self.region = ctx.platform.spec.cloud.region
        self.load = ctx.platform.spec.cost.average_load

    def team_of(self, declaration: str) -> str | None:
        """The team that owns a declaration."""
        address = Address.parse(declaration).parent
        if address not in self.ctx.graph.declarations:
            return None
        if address.kind == "team":
            return address.name
        owners = (
            e.target.name
            for e in self.ctx.graph.edges_from(address)
            if e.relation == "owned_by" and e.source == address
        )
        return next(owners, None)  # fmt: skip

    def steady(
        self, node: Node, what: str, key: str, quantity: float, *fields: Path, note: str = "", role: str = ""
    ) -> CostItem:
        """A line whose quantity does not vary."""
        amounts = (Amount(key, quantity),)
        return self.line(node, what, amounts, amounts, amounts, sources(node, *fields), note=note, role=role)

    def between(
        self, node: Node, what: str, key: str, least: float, most: float, *fields: Path, note: str = "", role: str = ""
    ) -> CostItem:
        """A line between two bounds that the platform itself sets: likely is the average load's part of the way."""
        likely = self.average(least, most)
        paths = (*sources(node, *fields), *LOAD)
        return self.line(
            node, what, (Amount(key, least),), (Amount(key, likely),), (Amount(key, most),), paths, note=note, role=role
        )

    def average(self, least: float, most: float) -> float:
        """What something between two bounds comes to on average."""
        return least + self.load * (most - least)

    def uncounted(self, node: Node, what: str, why: str) -> CostItem:
        """A line without a figure: what is billed depends on something that the file does not say."""
        return self.line(node, what, (), (), (), sources(node), note=why, role="usage")

    def line(
        self,
        node: Node,
        what: str,
        least: Iterable[Amount],
        likely: Iterable[Amount],
        most: Iterable[Amount],
        paths: Iterable[Path],
        *,
        note: str = "",
        role: str = "",
        pool: str | None = None,
        shares: tuple[Share, ...] = (),
    ) -> CostItem:
        """Any line. `role` keeps several lines of one node apart."""
        return CostItem(
            id=f"{node.id}/{role}" if role else node.id,
            what=what,
            declaration=node.declaration,
            team=self.team_of(node.declaration),
            region=node.placement.region,
            least=tuple(least),
            likely=tuple(likely),
            most=tuple(most),
            sources=tuple(sorted(set(paths), key=str)),
            note=note,
            pool=pool,
            shares=shares,
        )


LOAD: Final[tuple[Path, ...]] = (("cost", "average_load"),)


def sources(node: Node, *fields: Path) -> tuple[Path, ...]:
    """YAML paths of the node's existence and of these attributes of it."""
    found = set(node.provenance.get((), ()))
    for field in fields:
        found.update(node.sources_of(field))
    return tuple(sorted(found, key=str))
