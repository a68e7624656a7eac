"""What some of those who call can no longer do, though what they call is still there."""

from __future__ import annotations

from collections.abc import Iterator

from platformspec.review.dangers.danger import Danger, Situation
from platformspec.review.dangers.destroyed import DATA_LOST
from platformspec.review.dangers.exposure import EXPOSED
from platformspec.review.dangers.service import NO_SERVICE
from platformspec.review.differences import ABSENT, Difference
from platformspec.review.wording import difference_text, listed, title, value_text


def shut_out(s: Situation) -> Iterator[Danger]:
    """Names, teams, abilities and keys that a gateway or a model no longer knows."""
    for difference in s.differences:
        address, field = difference.address, difference.field
        if address.kind == "gateway" and not address.child:
            if field == ("hostname",) and difference.before is not None:
                yield _hostname(s, difference)
            elif field == ("database",) and difference.before is not None:
                yield _keys(s, difference)
            elif field == ("teams",):
                yield from _teams(s, difference)
        elif address.kind == "model" and field == ("capabilities",):
            gone = [str(name) for name in difference.before if name not in difference.after]
            if gone:
                because = f"callers that need {listed(gone)} get errors"
                yield _danger(s, difference, because, "make sure that nobody relies on it")
        elif address.kind == "model" and field[:1] == ("adapters",) and len(field) == 2 and difference.after is ABSENT:
            yield _danger(s, difference, "callers of the adapter get errors", "make sure that nobody calls it any more")


def _danger(s: Situation, difference: Difference, because: str, help: str) -> Danger:
    message = f"{title(difference.address)}: {difference_text(difference)}; {because}"
    return s.danger(NO_SERVICE, difference.address, message, help, path=difference.path)


def _hostname(s: Situation, difference: Difference) -> Danger:
    old = value_text(difference.field, difference.before)
    return _danger(
        s,
        difference,
        f"callers of {old} get errors",
        "tell those who call, or keep a second gateway under the old name for a while",
    )


def _keys(s: Situation, difference: Difference) -> Danger:
    old = value_text(difference.field, difference.before)
    after = "and nothing keeps new ones" if difference.after is None else "and callers get new ones"
    return s.danger(
        DATA_LOST,
        difference.address,
        f"{title(difference.address)}: {difference_text(difference)}; keys, teams and spend stay behind in {old}: keys of today stop working, {after}",
        "move the gateway's database first, or tell those who call",
        path=difference.path,
    )


def _teams(s: Situation, difference: Difference) -> Iterator[Danger]:
    before = [ref.address.name for ref in difference.before]
    after = [ref.address.name for ref in difference.after]
    every = s.base.spec.teams if s.base.spec is not None else {}
    gone = [name for name in (before or sorted(every)) if after and name not in after]
    gone = [name for name in gone if s.head.spec is not None and name in s.head.spec.teams]
    if gone:
        yield s.danger(
            NO_SERVICE,
            difference.address,
            f"{title(difference.address)}: {'team' if len(gone) == 1 else 'teams'} {listed(gone)} can no longer call it",
            "make sure that they do not",
            path=difference.path,
        )
    if before and not after:
        yield s.danger(
            EXPOSED,
            difference.address,
            f"{title(difference.address)}: every team may call it, those too that come later; before only {listed(before)}",
            "name the teams that may call it",
            path=difference.path,
        )
