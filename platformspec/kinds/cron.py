"""Times in cron's notation: minute, hour, day of month, month, day of week."""

from __future__ import annotations

from typing import Annotated, Final

from pydantic import Field

Cron = Annotated[str, Field(pattern=r"^[0-9*,/-]+ [0-9*,/-]+ [0-9*,/-]+ [0-9A-Za-z*,/-]+ [0-9A-Za-z*,/-]+$(?!\n)")]
"""Five fields of the right letters; `values` says whether they name a time."""

WEEK: Final = 7 * 24 * 60
"""Minutes of a week; it begins on Sunday at 00:00, as cron counts."""
DAYS: Final = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
MONTHS: Final = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
FIELDS: Final = (
    ("minute", 0, 59, ()),
    ("hour", 0, 23, ()),
    ("day of month", 1, 31, ()),
    ("month", 1, 12, MONTHS),
    ("day of week", 0, 6, DAYS),
)
"""Name, smallest and largest value, and names of the values of each field."""


class NoSuchTime(ValueError):
    """A field that names no time. Its text is a sentence about the field."""


def values(text: str) -> tuple[frozenset[int], ...]:
    """The values of each field. Raises `NoSuchTime`."""
    words = text.split()
    if len(words) != len(FIELDS):
        raise NoSuchTime(f"{text!r} has {len(words)} fields, and a time has {len(FIELDS)}")
    return tuple(_field(word, *field) for word, field in zip(words, FIELDS, strict=True))


def minutes_of_week(text: str) -> tuple[int, ...] | None:
    """Minutes of the week at which it strikes, sorted; None where it depends on the day of the month. Raises `NoSuchTime`."""
    minutes, hours, days, months, weekdays = values(text)
    if len(days) < 31 or len(months) < 12:
        return None
    return tuple(sorted(day * 1440 + hour * 60 + minute for day in weekdays for hour in hours for minute in minutes))


def _field(text: str, name: str, least: int, most: int, names: tuple[str, ...]) -> frozenset[int]:
    found: set[int] = set()
    for part in text.split(","):
        whole, slash, step = part.partition("/")
        first, dash, last = whole.partition("-")
        start = least if first == "*" else _value(first, name, least, most, names)
        end = most if first == "*" or (slash and not dash) else start
        if dash:
            end = _value(last, name, least, most, names)
        if slash and (not step.isdigit() or not int(step)):
            raise NoSuchTime(f"{part!r} has no step in its {name}")
        if end < start:
            raise NoSuchTime(f"the {name} {part!r} ends before it begins")
        found.update(range(start, end + 1, int(step) if slash else 1))
    return frozenset(found)


def _value(text: str, name: str, least: int, most: int, names: tuple[str, ...]) -> int:
    if text.lower() in names:
        return least + names.index(text.lower())
    if not text.isdigit() or not least <= int(text) <= most:
        raise NoSuchTime(f"the {name} {text!r} is none from {least} to {most}")
    return int(text)
