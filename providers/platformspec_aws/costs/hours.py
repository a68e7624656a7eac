"""When in a week a KEDA cron trigger holds replicas up."""

from __future__ import annotations

import functools
from typing import Final

from platformspec.sdk import minutes_of_week

QUARTERS: Final = 7 * 24 * 4
"""Quarters of an hour in a week; the first begins on Sunday at midnight, as cron counts days."""


@functools.cache
def open_quarters(start: str, end: str) -> frozenset[int]:
    """Quarters of an hour in which the window from `start` to `end` (cron expressions) is open, in its own time zone.

    An expression with days of the month or months cannot be said of a week: its window counts as never open.

    >>> len(open_quarters("0 7 * * 1-5", "0 19 * * 1-5")) / 4
    60.0
    """
    starts, ends = _times(start), _times(end)
    if starts is None or ends is None:
        return frozenset()
    found: set[int] = set()
    is_open = False
    # The second week knows whether the window is open at its beginning.
    for quarter in range(2 * QUARTERS):
        here = quarter % QUARTERS
        is_open = (is_open or here in starts) and here not in ends
        if is_open and quarter >= QUARTERS:
            found.add(here)
    return frozenset(found)


def _times(expression: str) -> frozenset[int] | None:
    minutes = minutes_of_week(expression)
    return frozenset(minute // 15 for minute in minutes) if minutes is not None else None
