"""A review as one comment on a pull request."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from platformspec.diagnostics import Diagnostic
from platformspec.plan import words
from platformspec.plan.render.markdown import escape, html, with_code
from platformspec.review.manifests import manifest_diffs
from platformspec.review.money import CostDelta, signed
from platformspec.review.render.mermaid import mermaid
from platformspec.review.review import EnvironmentReview, Group, Review
from platformspec.review.wording import listed
from platformspec.version import VERSION

# https://docs.github.com/rest/issues/comments refuses longer bodies; it counts as JavaScript does, in UTF-16.
LONGEST: Final = 65_536
# Room for the last line and for folds that say that they were cut.
_RESERVE: Final = 2_000
_MOST_FIRST: Final = 12
"""Dangers that stand in the open; the others follow in a fold."""
_MOST_DIFF_LINES: Final = 400


@dataclass(frozen=True, slots=True)
class _Fold:
    """A part that opens when it is clicked. `body` is Markdown."""

    summary: str
    body: str
    is_open: bool = False


def render(review: Review, *, command: str = "platformspec review") -> str:
    """Intent, dangers and effects in the open; the rest folded, as far as it fits. `command` prints what did not fit."""
    head = "\n".join(_open(review)) + "\n"
    tail = _footer(review)
    room = LONGEST - _RESERVE - _length(head) - _length(tail)
    parts: list[str] = []
    left_out: list[str] = []
    for fold in _folds(review):
        text = _fold_text(fold)
        if _length(text) <= room:
            parts.append(text)
            room -= _length(text)
        else:
            left_out.append(fold.summary)
    if left_out:
        parts.append(f"Too long for one comment: {escape(listed(left_out))}. `{command}` prints everything.\n\n")
    return _cut(head) + "".join(parts) + tail


def marker(review: Review) -> str:
    """The first line, by which the comment is found again and updated. One comment for each platform file."""
    key = re.sub(r"[^A-Za-z0-9/._-]", "_", review.file).replace("--", "__")
    return f"<!-- platformspec-review: {key} -->"


def _length(text: str) -> int:
    return len(text.encode("utf-16-le")) // 2


def _cut(head: str) -> str:
    """The open part alone could be too long in a change of everything; whole lines are kept."""
    longest = LONGEST - 2 * _RESERVE
    if _length(head) <= longest:
        return head
    kept: list[str] = []
    size = 0
    for line in head.splitlines(keepends=True):
        size += _length(line)
        if size > longest:
            break
        kept.append(line)
    return "".join(kept) + "\nThe rest is too long for one comment.\n\n"


def _open(review: Review) -> Iterator[str]:
    yield marker(review)
    yield f"### {escape(review.headline)}"
    yield ""
    for note in review.notes:
        yield f"> {escape(note.message)}" + (f" ({with_code(note.help)})" if note.help else "")
        yield ""
    yield from _errors("The base does not compile", review.base_errors)
    yield from _errors("The change does not compile", review.head_errors)
    groups = review.groups
    if not groups and not review.base_errors and not review.head_errors:
        yield "Nothing that is created, changed or removed, in any environment."
        yield ""
    for group in groups:
        if len(review.environments) > 1 and group.environments:
            yield f"#### {escape(listed(list(group.environments)))}"
            yield ""
        yield from _group(group.review, review.headline_says_all)


def _group(r: EnvironmentReview, everything_said: bool) -> Iterator[str]:
    yield from _errors("The base does not compile here", r.base_errors)
    yield from _errors("The change does not compile here", r.head_errors)
    if not everything_said and r.intents:
        for intent in r.intents[:_MOST_FIRST]:
            yield f"- {escape(intent.title)}: {escape(intent.text)}"
        if len(r.intents) > _MOST_FIRST:
            yield f"- and {len(r.intents) - _MOST_FIRST} more"
        yield ""
    if r.dangers:
        yield f"**{words.plural(len(r.dangers), 'dangerous change')}**"
        yield ""
        for danger in r.dangers[:_MOST_FIRST]:
            yield f"- ⚠️ {_diagnostic(danger.diagnostic)}"
        if len(r.dangers) > _MOST_FIRST:
            yield f"- and {len(r.dangers) - _MOST_FIRST} more, listed below"
        yield ""
    elif r.plan is not None and r.plan.changes:
        yield "Nothing dangerous was found."
        yield ""
    for finding in r.approvals:
        yield f"- **Needs approval** by {escape(' or '.join(finding.approvers))}: {escape(finding.message)}"
    if r.effects:
        for effect in r.effects:
            yield f"- {escape(effect)}"
    if r.plan is not None and r.plan.changes:
        yield f"- {escape(words.counts(r.plan.counts))}"
    if r.reviewers:
        yield "- suggested reviewers: " + "; ".join(f"{escape(who)} ({escape(why)})" for who, why in r.reviewers)
    yield ""


def _errors(what: str, errors: Sequence[Diagnostic]) -> Iterator[str]:
    if not errors:
        return
    yield f"**{what}**"
    yield ""
    for error in errors[:_MOST_FIRST]:
        yield f"- {_diagnostic(error)}"
    if len(errors) > _MOST_FIRST:
        yield f"- and {len(errors) - _MOST_FIRST} more"
    yield ""


def _diagnostic(d: Diagnostic) -> str:
    where = f" ({escape(d.span.file)} line {d.span.line})" if d.span else ""
    help = f" *{with_code(d.help)}*" if d.help else ""
    return f"**{d.code.id}** {with_code(d.message)}{where}.{help}"


def _folds(review: Review) -> Iterator[_Fold]:
    for group in review.groups:
        where = f" in {listed(list(group.environments))}" if len(review.groups) > 1 and group.environments else ""
        yield from _folds_of(group, where)


def _folds_of(group: Group, where: str) -> Iterator[_Fold]:
    r = group.review
    if len(r.dangers) > _MOST_FIRST:
        rest = r.dangers[_MOST_FIRST:]
        yield _Fold(f"{len(rest)} more dangerous changes{where}", _list(_diagnostic(d.diagnostic) for d in rest))
    picture = mermaid(r.radius)
    if picture is not None:
        yield _Fold(
            f"Blast radius{where}: {words.plural(len(r.radius.affected), 'dependent')}", _fence("mermaid", picture)
        )
    if r.cost is not None and not all(row.is_nothing for row in r.cost.rows):
        yield _Fold(f"Cost by team{where}: {signed(r.cost.total.delta.likely)} a month", "\n".join(_cost(r.cost)))
    delta = r.permissions
    if delta.added or delta.removed:
        summary = f"Permissions{where}: {len(delta.added)} more, {len(delta.removed)} fewer"
        lines = [f"**+** {escape(p.sentence)}" for p in delta.added] + [
            f"**-** {escape(p.sentence)}" for p in delta.removed
        ]
        yield _Fold(summary, _list(lines))
    if r.warnings:
        yield _Fold(f"New warnings{where}: {len(r.warnings)}", _list(_diagnostic(w) for w in r.warnings))
    if r.unknown:
        yield _Fold(f"Known only after apply{where}: {len(r.unknown)}", _list(escape(text) for text in r.unknown))
    if r.plan is not None and r.plan.changes:
        yield _Fold(f"Resources by stack{where}: {words.counts(r.plan.counts)}", "\n".join(_resources(group)))
        diff = _manifests(group, where)
        if diff is not None:
            yield diff


def _cost(cost: CostDelta) -> Iterator[str]:
    yield "| team | minimum | likely | maximum | likely, before and after |"
    yield "|---|---:|---:|---:|---:|"
    for row in (*cost.rows, cost.total):
        d = row.delta
        name = row.name.removeprefix("team.")
        yield (
            f"| {escape(name)} | {signed(d.least)} | {signed(d.likely)} | {signed(d.most)} "
            f"| ${row.before.likely:,.0f} -> ${row.after.likely:,.0f} |"
        ).replace("$", "\\$")


def _list(items: Iterator[str] | Sequence[str]) -> str:
    return "\n".join(f"- {item}" for item in items)


def _resources(group: Group) -> Iterator[str]:
    r = group.review
    plan = r.plan
    assert plan is not None
    actions = [action for action in words.VERBS if action not in words.RARE or plan.counts[action]]
    yield f"| stack | {' | '.join(actions)} |"
    yield "|---|" + "---:|" * len(actions)
    for stack, counts in plan.counts_by_stack.items():
        yield f"| {escape(stack)} | " + " | ".join(str(counts[action]) for action in actions) + " |"
    yield ""
    side = r.pair.head or r.pair.base
    assert side is not None
    nouns = side.providers.nouns
    for declaration in words.by_declaration(plan):
        yield f"- **{escape(declaration.declaration)}**"
        created = Counter(words.noun(c.node.type, nouns) for c in declaration.changes if c.action == "create")
        for noun, count in sorted(created.items()):
            yield f"  - create {escape(words.plural(count, noun))}"
        for change in declaration.changes:
            if change.action == "create":
                continue
            reason = f": {escape(change.reason)}" if change.reason else ""
            taken = f" as {escape(change.imported)}" if change.action == "import" and change.imported else ""
            yield f"  - {change.action} {escape(words.title(change.node, nouns))}{taken}{reason}"
            for attribute in change.attributes:
                yield f"    - {escape(words.attribute(attribute))}"


def _manifests(group: Group, where: str) -> _Fold | None:
    r = group.review
    assert r.plan is not None
    diffs = list(manifest_diffs(r.pair, r.plan))
    if not diffs:
        return None
    lines: list[str] = []
    for diff in diffs:
        lines.append(f"{ {'change': '@@', 'add': '+', 'remove': '-'}[diff.action] } {diff.file}")
        lines += [line for line in diff.lines if not line.startswith("@@")]
    cut = lines[:_MOST_DIFF_LINES]
    if len(lines) > len(cut):
        cut.append(f"# {len(lines) - len(cut)} lines more")
    if len(group.environments) > 1:
        where += f", as in {group.environments[-1]}"
    return _Fold(f"Manifests{where}: {words.plural(len(diffs), 'file')}", _fence("diff", "\n".join(cut)))


def _fence(language: str, text: str) -> str:
    """A block of code that nothing inside can end."""
    longest = max((len(run) for run in re.findall(r"`+", text)), default=0)
    ticks = "`" * max(3, longest + 1)
    return f"{ticks}{language}\n{text}\n{ticks}"


def _fold_text(fold: _Fold) -> str:
    # The blank lines end the HTML, so that what is between them is read as Markdown.
    return f"<details><summary>{html(fold.summary)}</summary>\n\n{fold.body}\n\n</details>\n\n"


def _footer(review: Review) -> str:
    sides = f"{escape(review.base)} and {escape(review.head)}"
    return f"<sub>platformspec {VERSION}, {escape(review.file)}: {sides}</sub>\n"
