"""Freeze windows: times of the week in which nothing is applied."""

from __future__ import annotations

import datetime
import zoneinfo
from collections.abc import Iterable
from typing import Final

from platformspec.diagnostics import Code, Failure

FROZEN = Code(
    "PS722",
    "an apply inside a freeze window",
    explain="environments.<name>.freeze lists times of the week in which nothing is applied. Wait until the window ends, or take it out of "
    "platform.yaml in a change that others see. An apply that was interrupted may go on (`apply --resume`): half of one is worse.",
)

DAYS: Final = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")


def refuse_frozen(windows: Iterable[str], moment: datetime.datetime) -> None:
    """Raises `Failure` where the moment (with a time zone) lies in one of the windows."""
    for window in windows:
        times, _, zone = window.rpartition(" ")
        begin, _, end = times.partition("-")
        local = moment.astimezone(zoneinfo.ZoneInfo(zone))
        here = local.weekday() * 1440 + local.hour * 60 + local.minute
        if _contains(_minute(begin), _minute(end), here):
            raise Failure(FROZEN, f"it is {local:%a %H:%M} in {zone}, and {window} is frozen", f"wait until {end}")


def _contains(begin: int, end: int, here: int) -> bool:
    """Windows may pass the end of the week; one that ends where it begins is the whole week."""
    return begin <= here < end if begin < end else here >= begin or here < end


def _minute(text: str) -> int:
    day, time = text.split(" ")
    return DAYS.index(day) * 1440 + int(time[:2]) * 60 + int(time[3:])
