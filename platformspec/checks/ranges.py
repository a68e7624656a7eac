"""Pairs of a smallest and a largest number."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from platformspec.diagnostics import Code, Path, Report
from platformspec.graph.platform_graph import PlatformGraph
from platformspec.kinds.cluster import ClusterSpec
from platformspec.kinds.gateway import GatewaySpec
from platformspec.kinds.gpu_pool import GpuPoolSpec
from platformspec.kinds.model import ModelSpec

MIN_OVER_MAX = Code(
    "PS431",
    "a smallest number above the largest",
    explain="`min` is at most `max`. Where one of them was left out it has a default, which `platformspec show --defaults` prints.",
)


def check_ranges(graph: PlatformGraph, report: Report) -> None:
    """`min` is at most `max` wherever both stand."""
    for declaration in graph.declarations.values():
        for path, pair in _pairs(declaration.spec):
            if pair.max is not None and pair.min > pair.max:
                at = (*declaration.path, *path)
                written = [name for name in ("min", "max") if graph.platform.document.written((*at, name))]
                report.error(
                    MIN_OVER_MAX,
                    f"min is {pair.min} and max is {pair.max}",
                    at=(*at, written[0]) if written else at,
                    help=f"write `max: {pair.min}` or more, or `min: {pair.max}` or less",
                )


def _pairs(spec: object) -> Iterator[tuple[Path, Any]]:
    if isinstance(spec, ClusterSpec):
        yield ("system_nodes",), spec.system_nodes
    elif isinstance(spec, GpuPoolSpec):
        yield ("capacity", "nodes"), spec.capacity.nodes
    elif isinstance(spec, (GatewaySpec, ModelSpec)):
        yield ("scale",), spec.scale
