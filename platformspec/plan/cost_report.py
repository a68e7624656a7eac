"""What a report of costs tells: the estimate, how it is grouped, and where its figures come from."""

from __future__ import annotations

import datetime
from collections.abc import Callable
from dataclasses import dataclass

from platformspec.cost.estimate import Estimate, Grouping, Line, Range, groups, parts
from platformspec.cost.prices import Price
from platformspec.diagnostics import Path, Span
from platformspec.ir.cost import CostItem

LEGEND = (
    ("minimum", "every autoscaled thing at its fewest, for all 730 hours of a month; floors, schedules and fixed things in full"),
    ("likely", "autoscaled things at their average load between fewest and most, capped by what the models ask for; spot at the table's spot price"),
    ("maximum", "every pool, database and collection at its limit for the whole month, on the dearest instance type that it may take; spot at the on-demand price"),
)  # fmt: skip


@dataclass(frozen=True)
class CostReport:
    """`place` finds a line for a YAML path. `by`: None shows every line under its declaration."""

    platform: str
    environment: str | None
    region: str
    as_of: datetime.date
    average_load: float
    estimate: Estimate
    by: Grouping | None
    place: Callable[[Path], Span | None]

    @property
    def rows(self) -> dict[str, Range]:
        """Group -> sum."""
        return groups(self.estimate, self.by or "declaration")

    def lines_of(self, group: str) -> list[Line]:
        """The lines under a declaration."""
        return [line for line in self.estimate.lines if any(name == group for name, _ in parts(line, "declaration"))]

    def where(self, item: CostItem) -> tuple[str, ...]:
        """`platform.yaml:6,9-11`: the lines of each file that the item follows from; nothing where defaults alone set it."""
        lines: dict[str, set[int]] = {}
        for path in item.sources:
            span = self.place(path)
            if span is not None:
                lines.setdefault(span.file, set()).add(span.line)
        return tuple(f"{file}:{_runs(sorted(lines[file]))}" for file in sorted(lines))

    @property
    def used(self) -> tuple[Price, ...]:
        """Every row of the price table that a figure uses."""
        return tuple(dict.fromkeys(price for line in self.estimate.lines for price in line.prices))

    @property
    def foreign(self) -> tuple[Price, ...]:
        """Rows of another region, that stand in for those that the table does not have."""
        return tuple(price for price in self.used if not price.holds_in(self.region))

    @property
    def uncounted(self) -> dict[tuple[str, str], list[str]]:
        """(What, why) -> declarations."""
        found: dict[tuple[str, str], list[str]] = {}
        for item in self.estimate.uncounted:
            names = found.setdefault((item.what, item.note), [])
            if item.declaration not in names:
                names.append(item.declaration)
        return dict(sorted(found.items()))


def _runs(numbers: list[int]) -> str:
    """`6,9-11` for 6, 9, 10 and 11."""
    runs: list[list[int]] = []
    for number in numbers:
        if runs and number == runs[-1][-1] + 1:
            runs[-1].append(number)
        else:
            runs.append([number])
    return ",".join(str(run[0]) if len(run) == 1 else f"{run[0]}-{run[-1]}" for run in runs)
