"""A plan for a pull request or an issue."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator

from platformspec.plan import words
from platformspec.plan.change import Plan
from platformspec.plan.notes import PlanNotes
from platformspec.plan.render.money import monthly, owner, rounded

MOST_DIFFERENCES = 8
# `!1` and `%"1.0"` are references on GitLab.
_SPECIAL = re.compile(r"([\\`*_{}\[\]<#|~@&$]|!(?=\d)|%(?=[\w\"]))")
# What begins a list, a heading or a rule where it begins a line.
_FIRST = re.compile(r"^([-+=>]|\d+(?=[.)]))")
# GitHub makes these into links and pictures after it has rendered the Markdown, so that no backslash and no entity prevents it: people and
# teams, issues (#1, GH-1, owner/name#1), addresses of the web, commits, :emoji:. A space without width does.
_LINKED = re.compile(r"@|#(?=\d)|\bGH(?=-\d)|:(?=//)|:(?=[\w+-]+:)|\bwww(?=\.)", re.IGNORECASE)
_COMMIT = re.compile(r"(?<!\w)([0-9a-f]{7,40})(?!\w)")
_NO_WIDTH = "\u200b"


def escape(text: str) -> str:
    r"""Text that Markdown and GitHub show as it is: no markup, no HTML, no mention, no link, one line. The only place that does it.

    What looks like a commit becomes code, where GitHub does not look for links.

    >>> print(escape("@all **now** <b>"))
    \@&#8203;all \*\*now\*\* \<b>
    """
    one_line = " ".join(text.split())
    parts = _COMMIT.split(one_line)
    escaped = "".join(f"`{part}`" if position % 2 else _escaped(part) for position, part in enumerate(parts))
    return _FIRST.sub(lambda match: match[0] + "\\" if match[0].isdigit() else f"\\{match[0]}", escaped)


def with_code(text: str) -> str:
    r"""Like `escape`, but what stands between two backticks is code, in which GitHub sees no markup, mention or link either.

    >>> print(with_code("write `protect: true`, *now*"))
    write `protect: true`, \*now\*
    """
    parts = " ".join(text.split()).split("`")
    if len(parts) % 2 == 0 or any(not part.strip() for part in parts[1::2]):
        return escape(text)
    spans = (f"`{part}`" if position % 2 else _within(part) for position, part in enumerate(parts[1:], 1))
    return (escape(parts[0]) + (" " if parts[0].endswith(" ") else "") if parts[0] else "") + "".join(spans)


def _within(text: str) -> str:
    """Escaped text in the middle of a line, with the spaces at its ends."""
    return (" " if text[:1] == " " else "") + escape(text).strip() + (" " if text[-1:] == " " and text.strip() else "")


def _escaped(text: str) -> str:
    apart = _LINKED.sub(lambda match: match[0] + _NO_WIDTH, text)
    return _SPECIAL.sub(r"\\\1", apart).replace(_NO_WIDTH, "&#8203;")


def html(text: str) -> str:
    """Text inside an HTML element of a Markdown document, as safe as `escape`."""
    apart = _LINKED.sub(lambda match: match[0] + _NO_WIDTH, " ".join(text.split()))
    plain = apart.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return _COMMIT.sub(r"<code>\1</code>", plain).replace(_NO_WIDTH, "&#8203;")


def render(plan: Plan, notes: PlanNotes) -> str:
    """Totals first, then a fold for each declaration."""
    return "\n".join(_lines(plan, notes)) + "\n"


def _lines(plan: Plan, notes: PlanNotes) -> Iterator[str]:
    environment = f" ({plan.environment})" if plan.environment else ""
    yield f"### Plan for {escape(plan.platform + environment)}"
    yield ""
    yield f"{words.counts(plan.counts).capitalize()}, compared with {escape(notes.against)}."
    yield ""
    if notes.cost is not None:
        most = "; ".join(f"{owner(one)} {rounded(one.usd.likely)}" for one in notes.cost.differences[:MOST_DIFFERENCES])
        yield f"- **Cost** {escape(monthly(notes.cost.total))}: {escape(most)}"
        if notes.cost.unknown:
            yield f"- {words.plural(notes.cost.unknown, 'new line')} of the bill without a price"
    for why, who in notes.approvals:
        yield f"- **Needs approval** by {escape(' or '.join(who))}: {escape(why)}"
    for warning in notes.warnings:
        yield f"- **Warning** {warning.code.id}: {escape(warning.message)}"
    for delivery in notes.deliveries:
        yield f"- Cluster {escape(delivery.cluster)}: {escape(words.delivery(delivery))}"
    if notes.extensions:
        yield f"- Extended by hand: {words.plural(notes.extensions, 'patch')} under extend"
    if notes.not_compared:
        yield f"- Not checked without a baseline: policy {escape(', '.join(notes.not_compared))} (max\\_increase)"
    if notes.secrets_to_fill:
        yield f"- Secrets that somebody must fill after the first apply: {escape(', '.join(notes.secrets_to_fill))}"
    if notes.until is not None and not notes.endings:
        yield f"- No capacity ends until {escape(notes.until)}"
    for one in notes.endings:
        what, lines = words.ending(one)
        yield f"- **{escape(one.day)}** {escape(what)}"
        yield from (f"  - {escape(line)}" for line in lines)
    if plan.changes:
        yield ""
        by_stack = plan.counts_by_stack
        actions = [action for action in words.VERBS if action not in words.RARE or plan.counts[action]]
        yield f"| stack | {' | '.join(actions)} |"
        yield "|---|" + "---:|" * len(actions)
        for wave in plan.waves:
            for stack in wave:
                if stack in by_stack:
                    yield (
                        f"| {escape(stack)} | " + " | ".join(str(by_stack[stack][action]) for action in actions) + " |"
                    )
        yield ""
    for group in words.by_declaration(plan):
        place = notes.declared_at.get(group.declaration)
        where = f", {place.file} line {place.line}" if place else ""
        numbers = Counter(change.action for change in group.changes)
        summary = words.counts({action: numbers[action] for action in words.VERBS})
        former = words.former_declaration(group.changes)
        title = group.declaration + (f" (was {former})" if former else "")
        yield f"<details><summary>{html(title)}: {summary}{html(where)}</summary>"
        yield ""
        for action, counted in words.in_bulk(group.changes, notes.nouns):
            yield f"- {action} {escape(counted)}"
        for change in group.changes:
            if change.action in words.BULK:
                continue
            taken = f" as {escape(change.imported)}" if change.action == "import" and change.imported else ""
            yield f"- **{change.action}** {escape(words.title(change.node, notes.nouns))}{taken}" + (
                f": {escape(change.reason)}" if change.reason else ""
            )
            for attribute in change.attributes:
                yield f"  - {escape(words.attribute(attribute))}"
        yield ""
        yield "</details>"
        yield ""
