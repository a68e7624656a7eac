"""Waivers that are about something."""

from __future__ import annotations

from platformspec.address import Address
from platformspec.checks.capacity import NOT_A_DAY, day
from platformspec.diagnostics import Code, Report
from platformspec.diagnostics.suggest import closest
from platformspec.graph.platform_graph import PlatformGraph

UNKNOWN_ADDRESS = Code(
    "PS471",
    "a waiver for a declaration that does not exist",
    explain="`on` is the address of a declaration: its kind and its name, such as model.chat.",
)


def check_waivers(graph: PlatformGraph, report: Report) -> None:
    """The declaration exists, and the day is in the calendar."""
    known = [str(address) for address in graph.declarations] + ["cloud", "platform.main"]
    for position, waiver in enumerate(graph.platform.spec.waivers):
        if str(Address.parse(waiver.on).parent) not in known:
            near = closest(waiver.on, known)
            report.error(
                UNKNOWN_ADDRESS,
                f"there is no {waiver.on}",
                at=("waivers", position, "on"),
                help=f"did you mean {near}?" if near else "write an address such as model.chat",
            )
        if day(waiver.until) is None:
            report.error(
                NOT_A_DAY,
                f"{waiver.until} is not a day",
                at=("waivers", position, "until"),
                help="write a day of the calendar, such as 2026-12-31",
            )
