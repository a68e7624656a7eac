"""Typed edges between declarations."""

from __future__ import annotations

from dataclasses import dataclass

from platformspec.address import Address
from platformspec.diagnostics import Path


@dataclass(frozen=True, slots=True, order=True)
class Edge:
    """`source` uses `target`. `path` is the place in the YAML that says so, or the user's own for an implied edge."""

    source: Address
    relation: str
    target: Address
    path: Path = ()

    @property
    def id(self) -> str:
        """The identity of the edge and of every grant that follows from it.

        >>> Edge(Address("model", "chat"), "runs_on", Address("gpu_pool", "l4")).id
        'model.chat/runs_on/gpu_pool.l4'
        """
        return f"{self.source}/{self.relation}/{self.target}"
