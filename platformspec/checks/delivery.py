"""Delivery by an engine: whether it knows which repository to follow."""

from __future__ import annotations

from platformspec.diagnostics import Code, Report
from platformspec.graph.platform_graph import PlatformGraph
from platformspec.kinds.cluster import ClusterSpec

NO_REPOSITORY = Code(
    "PS785",
    "a delivery by an engine that knows no repository",
    explain="Argo CD and Flux apply what stands in a Git repository, and `platformspec apply` commits there. Which repository that is follows from nothing else in the file: it is often another one than the platform file's own.",
)


def check_delivery(graph: PlatformGraph, report: Report) -> None:
    """Every cluster that an engine delivers to says from where."""
    for declaration in graph.declarations.values():
        spec = declaration.spec
        if not isinstance(spec, ClusterSpec) or spec.delivery.engine == "direct" or spec.delivery.repository:
            continue
        engine = spec.delivery.engine
        report.error(
            NO_REPOSITORY,
            f"{declaration.address} is delivered to by the engine {engine}, and no repository is named",
            at=(*declaration.path, "delivery"),
            help=f"write `delivery: {{engine: {engine}, repository: https://git.example.com/platform/deploy}}`",
        )
