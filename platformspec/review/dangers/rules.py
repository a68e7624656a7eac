"""Policies and waivers: rules that hold for fewer things than before."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from platformspec.diagnostics import Code
from platformspec.kinds.policy import PolicySpec
from platformspec.review.dangers.danger import Danger, Situation
from platformspec.review.differences import ABSENT, Difference
from platformspec.review.intent import waivers_of
from platformspec.review.wording import difference_text, title

WEAKER_POLICY = Code(
    "PS626",
    "a policy becomes weaker",
    explain="A policy is removed, asks for less, or only warns where it blocked. Whoever owns the policy should agree, not only whoever owns what it stopped.",
)
WAIVER = Code(
    "PS627",
    "a waiver is added or extended",
    explain="A waiver lets one declaration break a policy for a time. Its owner, its end and its reason are in the file; whoever owns the policy should agree.",
)
_LEVELS: Final = ("warn", "approve", "block")


def weaker_policies(s: Situation) -> Iterator[Danger]:
    """Policies that are gone or ask for less."""
    for difference in s.differences:
        if difference.address.kind != "policy":
            continue
        if not difference.field:
            if difference.after is ABSENT and difference.address not in s.renames:
                yield _danger(s, difference, "it is removed", removed=True)
        elif _weaker(difference):
            yield _danger(s, difference, difference_text(difference))


def _danger(s: Situation, difference: Difference, what: str, removed: bool = False) -> Danger:
    graph = s.base.graph
    declaration = graph.declarations.get(difference.address) if graph is not None else None
    approvers = declaration.spec.approvers if declaration and isinstance(declaration.spec, PolicySpec) else ()
    return s.danger(
        WEAKER_POLICY,
        difference.address,
        f"{title(difference.address)} becomes weaker: {what}",
        f"let {' or '.join(approvers)} agree" if approvers else "let whoever owns the policy agree",
        path=difference.path,
        removed=removed,
    )


def _weaker(difference: Difference) -> bool:
    rule, before, after = str(difference.field[0]), difference.before, difference.after
    if rule == "level":
        return _LEVELS.index(after) < _LEVELS.index(before)
    if rule == "approvers":
        # Without approvers nobody has to agree; another group is a change of who decides.
        return bool(set(before)) and set(before) != set(after)
    if rule == "message":
        return False
    if after is ABSENT:
        return True
    if before is ABSENT:
        return False
    return _asks_for_less(rule, before, after)


def _asks_for_less(rule: str, before: Any, after: Any) -> bool:
    if rule == "allow":
        return bool(set(map(str, after)) - set(map(str, before)))
    if rule in ("deny", "require"):
        return bool(set(map(str, before)) - set(map(str, after)))
    if rule == "max":
        return bool(after > before)
    if rule == "min":
        return bool(after < before)
    return True


def new_waivers(s: Situation) -> Iterator[Danger]:
    """Waivers that are new, or hold for longer."""
    before = waivers_of(s.base)
    for key, (path, waiver) in sorted(waivers_of(s.head).items()):
        old = before.get(key)
        if old is not None and old[1].until >= waiver.until:
            continue
        how = (
            f"is excused until {waiver.until}"
            if old is None
            else f"is excused until {waiver.until}, not {old[1].until}"
        )
        yield s.danger(
            WAIVER,
            waiver.policy.address,
            f"{waiver.on} {how} from policy {key[0]}: {waiver.reason} ({waiver.owner})",
            "let whoever owns the policy agree",
            path=path,
        )
