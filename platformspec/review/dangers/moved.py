"""The whole platform moves: another account, region, or place of Terraform's state."""

from __future__ import annotations

from collections.abc import Iterator

from platformspec.diagnostics import Code
from platformspec.review.dangers.danger import Danger, Situation
from platformspec.review.dangers.destroyed import CLUSTER_REPLACED
from platformspec.review.differences import ABSENT, CLOUD
from platformspec.review.wording import value_text

STATE_MOVES = Code(
    "PS632",
    "Terraform's state moves",
    explain="Terraform knows what exists from its state alone. From another bucket, folder or region it starts with nothing and tries to create everything a "
    "second time. Copy the state there first, and apply only when the plan is empty.",
)


def moved(s: Situation) -> Iterator[Danger]:
    """Account, region and state of the cloud."""
    for difference in s.differences:
        if difference.address != CLOUD or not difference.field:
            continue
        name = str(difference.field[0])
        before, after = (value_text(difference.field, v) for v in (difference.before, difference.after))
        if name in ("account", "region"):
            yield s.danger(
                CLUSTER_REPLACED,
                CLOUD,
                f"everything is created anew in {name} {after}, and what is in {name} {before} is destroyed or left behind",
                "build the new one beside the old as an environment of its own, and move over",
                path=difference.path,
            )
        elif name == "state" and difference.before is not ABSENT:
            place = "local files" if difference.after in (None, ABSENT) else after
            yield s.danger(
                STATE_MOVES,
                CLOUD,
                f"Terraform's state is looked for in {place}, where it is not yet; an apply would create everything a second time",
                "copy the state of every stack to the new place first (terraform init -migrate-state)",
                path=difference.path,
            )
