"""Times of the week: schedules that raise replicas, and quiet times of pools."""

from __future__ import annotations

import datetime
import functools
import zoneinfo
from collections.abc import Iterator

from platformspec.address import Address
from platformspec.diagnostics import Code, Path, Report
from platformspec.diagnostics.suggest import closest
from platformspec.graph.platform_graph import PlatformGraph
from platformspec.kinds.cron import WEEK, NoSuchTime, minutes_of_week, values
from platformspec.kinds.gpu_pool import GpuPoolSpec, QuietTimeSpec
from platformspec.kinds.model import ModelSpec

NO_TIME = Code(
    "PS426",
    "a schedule that names no time",
    explain="A time is five fields: minute, hour, day of month, month and day of week (0 is Sunday), each a value, a list, a range, a step or `*`. The time zone is a name of the IANA database, such as Europe/Berlin.",
)
IDLE_NODES = Code(
    "PS427",
    "nodes that stay after a schedule because of a quiet time",
    explain="When a window of a model's schedule ends, its replicas go and nodes may be empty. In a quiet time of the pool that keeps empty nodes they stay, and are billed, until it ends. `reasons: [new_image]` lets empty nodes go.",
)
ALWAYS_QUIET = Code(
    "PS428",
    "a pool whose nodes are never replaced",
    explain="Quiet times that cover the whole week leave Karpenter no time to replace nodes for a new image: security fixes come only when a node is 30 days old, and then all at once and whatever the hour.",
)


def check_calendar(graph: PlatformGraph, report: Report) -> None:
    """Every time exists, and quiet times leave some of the week."""
    for address, declaration in graph.declarations.items():
        spec = declaration.spec
        if isinstance(spec, ModelSpec):
            for name, window in spec.scale.schedule.items():
                path = (*declaration.path, "scale", "schedule", name)
                _zone(window.time_zone, (*path, "time_zone"), report)
                for field in ("start", "end"):
                    _time(getattr(window, field), (*path, field), report)
        elif isinstance(spec, GpuPoolSpec):
            path = (*declaration.path, "disruption", "quiet")
            times = [
                _time(quiet.start, (*path, name, "start"), report) for name, quiet in spec.disruption.quiet.items()
            ]
            if all(times):
                _ever(address, spec, path, report)
                _idle(graph, address, spec, path, report)


def _time(text: str, at: Path, report: Report) -> bool:
    try:
        values(text)
    except NoSuchTime as mistake:
        report.error(NO_TIME, str(mistake), at=at, help="write a time such as `0 7 * * 1-5`, working days at seven")
        return False
    return True


def _zone(name: str, at: Path, report: Report) -> None:
    known = _zones()
    if name not in known:
        near = closest(name, known)
        help = f"did you mean {near}?" if near else "write one such as `Europe/Berlin`, or `UTC`"
        report.error(NO_TIME, f"there is no time zone {name}", at=at, help=help)


@functools.cache
def _zones() -> frozenset[str]:
    return frozenset(zoneinfo.available_timezones())


def _ever(address: Address, spec: GpuPoolSpec, path: Path, report: Report) -> None:
    covered: set[int] = set()
    for quiet in spec.disruption.quiet.values():
        if "new_image" in quiet.reasons or not quiet.reasons:
            covered.update(_minutes(quiet))
    if len(covered) == WEEK:
        report.warning(
            ALWAYS_QUIET,
            f"quiet times of {address} cover the whole week",
            at=path,
            on_key=True,
            help="leave some hours in which nodes may be replaced",
        )


def _idle(graph: PlatformGraph, pool: Address, spec: GpuPoolSpec, path: Path, report: Report) -> None:
    keeping = {
        name: frozenset(_minutes(quiet))
        for name, quiet in sorted(spec.disruption.quiet.items())
        if "empty" in quiet.reasons or not quiet.reasons
    }
    models = [edge.source.parent for edge in graph.edges_to(pool) if edge.relation == "runs_on"] if keeping else []
    for address in models:
        model, own = graph.declarations[address].spec, graph.declarations[address].path
        if not isinstance(model, ModelSpec):
            continue
        for window, time in sorted(model.scale.schedule.items()):
            ends = _in_utc(time.end, time.time_zone, graph.platform.as_of)
            for name, minutes in keeping.items():
                if time.replicas > model.scale.min and not ends.isdisjoint(minutes):
                    report.warning(
                        IDLE_NODES,
                        f"{address} gives up replicas at the end of {window}, and {pool} keeps its nodes for quiet time {name}",
                        at=(*path, name),
                        on_key=True,
                        help="write `reasons: [new_image]`, so that empty nodes go",
                        related=((f"the schedule of {address}", (*own, "scale", "schedule", window)),),
                    )


def _minutes(quiet: QuietTimeSpec) -> Iterator[int]:
    """Minutes of the week in which it is quiet; none where that depends on the day of the month."""
    length = min(quiet.hours * 60, WEEK)
    for start in minutes_of_week(quiet.start) or ():
        yield from ((start + minute) % WEEK for minute in range(length))


def _in_utc(text: str, zone: str, day: datetime.date) -> frozenset[int]:
    """Minutes of the week at which it strikes, in UTC, with the zone's offset on that day; none of a time that does not exist."""
    try:
        found = minutes_of_week(text) if zone in _zones() else None
    except NoSuchTime:
        return frozenset()
    here = zoneinfo.ZoneInfo(zone if found else "UTC")
    offset = datetime.datetime.combine(day, datetime.time(12), here).utcoffset() or datetime.timedelta()
    shift = int(offset.total_seconds() // 60)
    return frozenset((minute - shift) % WEEK for minute in found or ())
