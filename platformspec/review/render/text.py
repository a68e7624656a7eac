"""A review for a terminal."""

from __future__ import annotations

from collections.abc import Iterator

from platformspec.diagnostics import Diagnostic
from platformspec.diagnostics.render.terminal import visible
from platformspec.plan import words
from platformspec.review.review import EnvironmentReview, Review
from platformspec.review.wording import listed


def render(review: Review, *, color: bool = False) -> str:
    """The same as in Markdown, without what is folded there."""
    return "\n".join(_lines(review, color)) + "\n"


def _lines(review: Review, color: bool) -> Iterator[str]:
    yield _paint(visible(review.headline), "1", color)
    for note in review.notes:
        yield f"  {visible(note.message)}" + (f" ({visible(note.help)})" if note.help else "")
    for side, errors in (("base", review.base_errors), ("change", review.head_errors)):
        for error in errors:
            yield from _error(f"the {side}", error, color)
    for group in review.groups:
        yield ""
        if group.environments:
            yield _paint(listed(list(group.environments)), "1", color)
        yield from _environment(group.review, review.headline_says_all, color)


def _error(what: str, d: Diagnostic, color: bool) -> Iterator[str]:
    where = f" ({d.span.file}:{d.span.line})" if d.span else ""
    yield _paint(f"  {what}: {d.code.id} {visible(d.message)}{where}", "31", color)
    if d.help:
        yield f"      {visible(d.help)}"


def _environment(r: EnvironmentReview, everything_said: bool, color: bool) -> Iterator[str]:
    for side, errors in (("base", r.base_errors), ("change", r.head_errors)):
        for error in errors:
            yield from _error(f"the {side} does not compile", error, color)
    for intent in () if everything_said else r.intents:
        yield f"  {visible(intent.title)}: {visible(intent.text)}"
    for danger in r.dangers:
        d = danger.diagnostic
        where = f" ({d.span.file}:{d.span.line})" if d.span else ""
        yield _paint(f"  ! {d.code.id} {visible(d.message)}{where}", "31", color)
        if d.help:
            yield f"      {visible(d.help)}"
    for finding in r.approvals:
        yield f"  needs approval by {' or '.join(finding.approvers)}: {visible(finding.message)}"
    for effect in r.effects:
        yield f"  {visible(effect)}"
    for permission in r.permissions.added:
        yield f"  + {visible(permission.sentence)}"
    for permission in r.permissions.removed:
        yield f"  - {visible(permission.sentence)}"
    for warning in r.warnings:
        yield f"  new warning {warning.code.id}: {visible(warning.message)}"
    for who, why in r.reviewers:
        yield f"  suggested reviewer {visible(who)}: {visible(why)}"
    if r.plan is not None:
        yield f"  {words.counts(r.plan.counts)}"


def _paint(text: str, code: str, color: bool) -> str:
    return f"\x1b[{code}m{text}\x1b[0m" if color else text
