"""Freeze windows name a time zone that exists."""

from __future__ import annotations

import zoneinfo

from platformspec.diagnostics import Code, Report
from platformspec.diagnostics.suggest import closest
from platformspec.graph.platform_graph import PlatformGraph

NO_ZONE = Code(
    "PS723",
    "a time zone that does not exist",
    explain="A freeze window ends in the name of a zone of the IANA time zone database, such as Europe/Berlin or UTC.",
)


def check_freeze(graph: PlatformGraph, report: Report) -> None:
    """Every window's zone is in the database."""
    for name, environment in graph.platform.spec.environments.items():
        for position, window in enumerate(environment.freeze):
            zone = window.rpartition(" ")[2]
            known = zoneinfo.available_timezones()
            if zone not in known:
                near = closest(zone, known)
                report.error(
                    NO_ZONE,
                    f"there is no time zone {zone}",
                    at=("environments", name, "freeze", position),
                    help=f"did you mean {near}?" if near else "write one such as Europe/Berlin or UTC",
                )
