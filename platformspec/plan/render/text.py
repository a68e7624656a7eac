"""A plan for a terminal."""

from __future__ import annotations

from collections.abc import Iterator

from platformspec.plan import words
from platformspec.plan.change import Action, Plan
from platformspec.plan.notes import PlanNotes
from platformspec.plan.render.money import monthly, owner

MOST_DIFFERENCES = 8
COLORS: dict[Action, str] = {
    "create": "32",
    "update": "33",
    "replace": "35",
    "delete": "31",
    "move": "36",
    "import": "36",
}


def render(plan: Plan, notes: PlanNotes, *, color: bool = False) -> str:
    """Changes by declaration, then counts by stack in the order of apply, then what needs attention."""
    return "\n".join(_lines(plan, notes, color)) + "\n"


def _lines(plan: Plan, notes: PlanNotes, color: bool) -> Iterator[str]:
    environment = f" ({plan.environment})" if plan.environment else ""
    yield f"Plan for {plan.platform}{environment}, compared with {notes.against}"
    yield ""
    if not plan.changes:
        yield f"No changes. {words.plural(plan.unchanged, 'object')} stay as they are."
    for group in words.by_declaration(plan):
        place = notes.declared_at.get(group.declaration)
        former = words.former_declaration(group.changes)
        yield (
            _paint(f"{group.declaration}", "1", color)
            + (f" (was {former})" if former else "")
            + (f"  {place.file}:{place.line}" if place else "")
        )
        for action, counted in words.in_bulk(group.changes, notes.nouns):
            yield _paint(f"  {words.SIGNS[action]} {counted}", COLORS[action], color)
        for change in group.changes:
            if change.action in words.BULK:
                continue
            may = "" if change.certain else " (may be replaced)"
            taken = f" as {change.imported}" if change.action == "import" else ""
            yield _paint(
                f"  {words.SIGNS[change.action]} {words.title(change.node, notes.nouns)}{taken}{may}",
                COLORS[change.action],
                color,
            )
            for attribute in change.attributes:
                yield f"      {words.attribute(attribute)}"
            if change.reason:
                yield f"      because {change.reason}"
            lines = sorted({(span.file, span.line) for path in words.sources(change) if (span := notes.place(path))})
            if lines and change.action != "delete":
                yield "      from " + ", ".join(f"{file}:{line}" for file, line in lines)
        yield ""
    if plan.changes:
        yield "Order of apply"
        by_stack = plan.counts_by_stack
        for number, wave in enumerate(plan.waves, 1):
            stacks = [f"{stack} ({words.counts(by_stack[stack])})" for stack in wave if stack in by_stack]
            if stacks:
                yield f"  {number}. " + ", ".join(stacks)
        yield ""
    yield f"Total: {words.counts(plan.counts)}."
    yield from _cost(notes)
    yield from _timeline(notes)
    yield from _attention(notes)


def _cost(notes: PlanNotes) -> Iterator[str]:
    if notes.cost is None:
        return
    yield f"Cost: {monthly(notes.cost.total)}"
    shown = notes.cost.differences[:MOST_DIFFERENCES]
    for difference in shown:
        yield f"  {owner(difference)}  {monthly(difference.usd)}"
    if len(shown) < len(notes.cost.differences):
        yield f"  and {len(notes.cost.differences) - len(shown)} more; `platformspec cost` shows all lines"
    if notes.cost.unknown:
        yield f"  {words.plural(notes.cost.unknown, 'new line')} without a price: `platformspec cost` names them"


def _timeline(notes: PlanNotes) -> Iterator[str]:
    if notes.until is None:
        return
    yield ""
    yield f"Capacity until {notes.until}"
    for one in notes.endings:
        what, lines = words.ending(one)
        yield f"  {one.day}  {what}"
        yield from (f"              {line}" for line in lines)
    if not notes.endings:
        yield "  nothing ends"


def _attention(notes: PlanNotes) -> Iterator[str]:
    for delivery in notes.deliveries:
        yield f"Cluster {delivery.cluster}: {words.delivery(delivery)}."
    if notes.extensions:
        yield f"Extended by hand: {words.plural(notes.extensions, 'patch')} under extend."
    for why, who in notes.approvals:
        yield f"Needs approval by {' or '.join(who)}: {why}"
    if notes.not_compared:
        yield f"Not checked without --against: policy {', '.join(notes.not_compared)} (max_increase)"
    if notes.secrets_to_fill:
        yield "Secrets that somebody must fill after the first apply: " + ", ".join(notes.secrets_to_fill)
    if notes.warnings:
        yield f"{words.plural(len(notes.warnings), 'warning')}, printed above."


def _paint(text: str, code: str, color: bool) -> str:
    return f"\x1b[{code}m{text}\x1b[0m" if color else text
