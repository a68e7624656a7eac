"""Costs for a terminal."""

from __future__ import annotations

from collections.abc import Iterator

from platformspec.cost.estimate import Line, Range
from platformspec.plan.cost_report import LEGEND, CostReport
from platformspec.plan.render.money import row, usd

NAME_WIDTH = 46
WIDTH = 12


def render(report: CostReport) -> str:
    """A table, then what is missing from it, then where its prices come from and what its columns mean."""
    return "\n".join(line.rstrip() for line in _lines(report)) + "\n"


def _lines(report: CostReport) -> Iterator[str]:
    environment = f" ({report.environment})" if report.environment else ""
    yield f"Cost of {report.platform}{environment} in {report.region}, US dollars a month"
    yield ""
    yield _columns("", "minimum", "likely", "maximum")
    for group, sum in report.rows.items():
        yield _figures(group, sum)
        if report.by is None:
            for line in report.lines_of(group):
                yield f"{_figures('  ' + line.item.what, line.range)}  {_origin(report, line)}"
                if line.item.note:
                    yield f"    {line.item.note}"
    yield _figures("total", report.estimate.total)
    yield ""
    if report.estimate.unknown:
        yield "Without a price, and so not in the figures"
        for line in report.estimate.unknown:
            yield f"  {line.item.declaration}  {line.item.what}: no row {line.likely.amount.key} in the price table"
        yield ""
    if report.uncounted:
        yield "Not counted"
        for (what, why), names in report.uncounted.items():
            yield f"  {what}: {why} ({', '.join(names)})"
        yield ""
    if report.foreign:
        yield f"* {_other_region(report)}"
        yield ""
    yield "Prices, before taxes and discounts"
    for source in dict.fromkeys(price.source for price in report.used):
        yield f"  {source.date or 'the file'}  {source.text}"
    yield ""
    for word, meaning in LEGEND:
        yield f"{word}: {meaning}"
    yield f"average load: {report.average_load:g}, of cost.average_load"


def _other_region(report: CostReport) -> str:
    regions = sorted({price.region for price in report.foreign})
    return f"{', '.join(regions)} price, {report.region} not in the table"


def _figures(name: str, sum: Range) -> str:
    if sum.unknown and not (sum.least or sum.likely or sum.most):
        return _columns(name, "unknown", "unknown", "unknown")
    return _columns(name, usd(sum.least), usd(sum.likely), usd(sum.most))


def _columns(name: str, least: str, likely: str, most: str) -> str:
    return f"{name:<{NAME_WIDTH}}{least:>{WIDTH}}{likely:>{WIDTH}}{most:>{WIDTH}}"


def _origin(report: CostReport, line: Line) -> str:
    rows = "; ".join(f"{row(price)}{'' if price.holds_in(report.region) else '*'}" for price in line.prices)
    where = ", ".join(report.where(line.item)) or "default"
    return f"{where}  {rows}" if rows else where
