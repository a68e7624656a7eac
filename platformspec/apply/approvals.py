"""Who must have approved a change before it is applied."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from platformspec.diagnostics import Code, Failure
from platformspec.plan.words import plural

NOT_APPROVED = Code(
    "PS721",
    "a change that is not approved",
    explain="The environment asks for approvals, or a policy asks for one by a certain role. `platformspec approve` writes down in the record "
    "that the person at the keyboard approves exactly this change; when the platform or the environment changes, it no longer counts. Whoever "
    "applies does not count.",
)


def refuse_unapproved(
    wanted: int,
    roles: Iterable[tuple[str, Sequence[str]]],
    given: Sequence[tuple[str, str]],
    applies: str,
    options: str = "",
) -> None:
    """Raises `Failure` where approvals are missing.

    `wanted`: number of people for the environment. `roles`: (why, roles of which one must approve) of each policy. `given`:
    (who, role) of the approvals of this change. `applies`: who applies. `options`: with which `platformspec approve` shows this change.
    """
    others = sorted({who for who, _ in given if who != applies})
    if len(others) < wanted:
        has = f"{len(others)} ({', '.join(others)})" if others else "none"
        raise Failure(
            NOT_APPROVED,
            f"this environment needs {plural(wanted, 'approval')} by others than {applies}, and has {has}",
            f"let somebody else run `platformspec approve{options}`",
        )
    for why, accepted in roles:
        if not any(who != applies and (not accepted or role in accepted) for who, role in given):
            who = " or ".join(accepted) or "somebody else"
            role = f" --role {accepted[0]}" if accepted else ""
            raise Failure(
                NOT_APPROVED,
                f"approval by {who} is needed: {why}",
                f"let them run `platformspec approve{options}{role}`",
            )
