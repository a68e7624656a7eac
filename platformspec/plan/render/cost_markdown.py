"""Costs for a pull request or an issue."""

from __future__ import annotations

from collections.abc import Iterator

from platformspec.cost.estimate import Range
from platformspec.plan.cost_report import LEGEND, CostReport
from platformspec.plan.render.markdown import escape
from platformspec.plan.render.money import row, usd


def render(report: CostReport) -> str:
    """The table, and a fold with everything behind it."""
    return "\n".join(_lines(report)) + "\n"


def _lines(report: CostReport) -> Iterator[str]:
    environment = f" ({report.environment})" if report.environment else ""
    yield f"### Cost of {escape(report.platform + environment)}"
    yield ""
    yield f"US dollars a month in {escape(report.region)}, before taxes and discounts."
    yield ""
    yield f"| {report.by or 'declaration'} | minimum | likely | maximum |"
    yield "|---|---:|---:|---:|"
    for group, sum in report.rows.items():
        yield _row(group, sum)
    yield _row("total", report.estimate.total)
    yield ""
    yield "<details><summary>Lines, prices and what is not counted</summary>"
    yield ""
    for line in report.estimate.lines:
        rows = "; ".join(
            row(price) + ("" if price.holds_in(report.region) else f" ({price.region} price)") for price in line.prices
        )
        where = ", ".join(report.where(line.item)) or "default"
        figures = line.range
        likely = "unknown" if figures.unknown else usd(figures.likely)
        note = f"; {line.item.note}" if line.item.note else ""
        yield f"- {escape(line.item.declaration)} {escape(line.item.what)}: {likely} ({escape(where)}; {escape(rows or line.likely.amount.key + ' has no price')}{escape(note)})"
    for (what, why), names in report.uncounted.items():
        yield f"- not counted: {escape(what)}, {escape(why)} ({escape(', '.join(names))})"
    for source in dict.fromkeys(price.source for price in report.used):
        yield f"- prices of {escape(source.date or 'the file')}: {escape(source.text)}"
    for word, meaning in LEGEND:
        yield f"- {word}: {escape(meaning)}"
    yield ""
    yield "</details>"


def _row(name: str, sum: Range) -> str:
    if sum.unknown and not (sum.least or sum.likely or sum.most):
        return f"| {escape(name)} | unknown | unknown | unknown |"
    return f"| {escape(name)} | {usd(sum.least)} | {usd(sum.likely)} | {usd(sum.most)} |"
