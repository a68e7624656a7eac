"""Who still has to approve: groups that policies name, against people who have approved."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from platformspec.diagnostics import Code, Failure

NOT_A_GROUP = Code(
    "PS654",
    "a line of approvers that cannot be read",
    explain="Each line names a group of a policy's `approvers`, a colon, and the GitHub logins of its members: `finops: lea tim`.",
)
_LINE = re.compile(r"([a-z][a-z0-9-]*)\s*:\s*([\w\[\]-]+(?:[\s,]+[\w\[\]-]+)*)")


def groups(text: str) -> dict[str, frozenset[str]]:
    """Group -> logins, from lines such as `finops: lea tim`. Raises `Failure`."""
    found: dict[str, frozenset[str]] = {}
    for line in filter(None, map(str.strip, text.splitlines())):
        match = _LINE.fullmatch(line)
        if match is None:
            raise Failure(NOT_A_GROUP, f"{line!r} names no group with its members", "write `finops: lea tim`")
        found[match[1]] = frozenset(re.split(r"[\s,]+", match[2].lower()))
    return found


def missing(
    wanted: Iterable[tuple[str, tuple[str, ...]]], members: Mapping[str, frozenset[str]], approved: Iterable[str]
) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """Policies that nobody has approved yet, with who may. A group without members stands for the login of its name.

    `wanted`: policy and its approvers. GitHub's logins do not differ by case.
    """
    have = {login.lower() for login in approved}
    open_: dict[str, tuple[str, ...]] = {}
    for policy, approvers in wanted:
        if not any(members.get(group, frozenset({group.lower()})) & have for group in approvers):
            open_[policy] = approvers
    return tuple(sorted(open_.items()))
