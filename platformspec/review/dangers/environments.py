"""A whole environment, or the platform itself, that is gone."""

from __future__ import annotations

from collections.abc import Iterator

from platformspec.address import Address
from platformspec.diagnostics import Code, Diagnostic, Related
from platformspec.plan.words import plural
from platformspec.review.dangers.danger import Danger, Situation
from platformspec.review.sides import Pair

ENVIRONMENT_REMOVED = Code(
    "PS631",
    "an environment is removed",
    explain="Everything of the environment is to be destroyed, or is left behind with nobody to look after it. Destroy it on purpose first, and remove it from the file last.",
)


def environment_removed(pair: Pair, title: str) -> Danger:
    """`title`: `environment dev`, or `platform acme`."""
    count = len(pair.plan.changes) if pair.plan is not None else 0
    related: tuple[Related, ...] = ()
    if pair.base is not None and pair.base.document is not None and pair.environment:
        place = pair.base.document.key_span(("environments", pair.environment))
        related = (Related("before the change it stood here", place),)
    message = f"{title} is removed with {plural(count, 'resource')}, and with all data in them"
    help = "destroy it on purpose first, and remove it from the file last"
    diagnostic = Diagnostic(ENVIRONMENT_REMOVED, message, None, help, related=related, severity="warning")
    return Danger(Address("platform", "main"), diagnostic)


def other_environments(s: Situation) -> Iterator[Danger]:
    """A platform without environments gets some, or loses them: names and states of its things carry the environment."""
    before, after = s.base.environment, s.head.environment
    if before == after:
        return
    left = f"in environment {before}" if before else "without an environment"
    new = f"in environment {after}" if after else "without an environment"
    yield s.danger(
        ENVIRONMENT_REMOVED,
        Address("platform", "main"),
        f"everything is made anew {new}, under other names; what was applied {left} is left behind with all its data",
        "if it was applied, move its data, and destroy it on purpose first",
        path=("environments", after) if after else (),
    )
