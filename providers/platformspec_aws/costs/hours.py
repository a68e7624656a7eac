"""When in a week a KEDA cron trigger holds replicas up."""

from __future__ import annotations

import functools
from collections.abc import Iterator
from typing import Final

QUARTERS: Final = 7 * 24 * 4
"""Quarters of an hour in a week; the first begins on Sunday at midnight, as cron counts days."""
_DAYS: Final = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")


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
    minutes, hours, days, months, weekdays = expression.lower().split()
    if (days, months) != ("*", "*"):
        return None
    return frozenset(
        (day % 7) * 96 + hour * 4 + minute // 15
        for day in _values(weekdays, 0, 6)
        for hour in _values(hours, 0, 23)
        for minute in _values(minutes, 0, 59)
    )


def _values(field: str, low: int, high: int) -> Iterator[int]:
    for part in field.split(","):
        span, _, step = part.partition("/")
        first, _, last = span.partition("-")
        begin = low if first == "*" else _number(first)
        finish = high if first == "*" or (step and not last) else _number(last or first)
        yield from range(begin, finish + 1, int(step or 1))


def _number(text: str) -> int:
    return _DAYS.index(text) if text in _DAYS else int(text)
