"""Rules about dangerous changes. Each file holds one subject; the tuple below is the list of all rules, in order of weight."""

from __future__ import annotations

from typing import Final

from platformspec.review.dangers.access import powers
from platformspec.review.dangers.callers import shut_out
from platformspec.review.dangers.danger import Danger, Rule, Situation
from platformspec.review.dangers.destroyed import destroyed, stranded
from platformspec.review.dangers.environments import other_environments
from platformspec.review.dangers.exposure import exposed
from platformspec.review.dangers.hardening import softened
from platformspec.review.dangers.index import reindexed
from platformspec.review.dangers.moved import exchanged, moved
from platformspec.review.dangers.rollout import unanswered
from platformspec.review.dangers.rules import new_waivers, weaker_policies
from platformspec.review.dangers.service import removed_services, versions
from platformspec.review.dangers.taken_over import taken_over
from platformspec.review.dangers.trust import trusted
from platformspec.review.dangers.weaker import weaker

__all__ = ["RULES", "Danger", "Situation", "dangers"]

RULES: Final[tuple[Rule, ...]] = (
    other_environments,
    moved,
    exchanged,
    destroyed,
    stranded,
    taken_over,
    reindexed,
    exposed,
    powers,
    trusted,
    removed_services,
    shut_out,
    versions,
    weaker,
    softened,
    unanswered,
    weaker_policies,
    new_waivers,
)


def dangers(s: Situation) -> tuple[Danger, ...]:
    """Everything that the rules find, the heaviest first; inside a rule in the order that it gives."""
    found: dict[Danger, None] = {}
    for rule in RULES:
        found.update(dict.fromkeys(rule(s)))
    return tuple(found)
