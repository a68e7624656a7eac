"""The whole platform moves: another account, region, or place of Terraform's state; or something that it refers to is another one."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from platformspec.diagnostics import Code
from platformspec.review.dangers.danger import Danger, Situation
from platformspec.review.dangers.destroyed import CLUSTER_REPLACED, DATA_LOST, NETWORK_REPLACED
from platformspec.review.differences import ABSENT, CLOUD
from platformspec.review.wording import difference_text, title, value_text

STATE_MOVES = Code(
    "PS632",
    "Terraform's state moves",
    explain="Terraform knows what exists from its state alone. From another bucket, folder or region it starts with nothing and tries to create everything a "
    "second time. Copy the state there first, and apply only when the plan is empty.",
)


# Kind and field of what is referred to -> the code, what stays behind, and what to do.
_REFERRED: Final[dict[tuple[str, str], tuple[Code, str, str]]] = {
    ("network", "vpc_id"): (NETWORK_REPLACED, "what stands in the old network cannot move to another one", "build the new one beside it, and move over"),
    ("cluster", "name"): (CLUSTER_REPLACED, "everything is created anew there, and what runs in the old cluster is left behind", "build the new one beside it and move over"),
    ("database", "host"): (DATA_LOST, "what was kept in the old database is not there", "move the data first"),
    ("database", "database"): (DATA_LOST, "what was kept in the old database is not there", "move the data first"),
    ("bucket", "bucket"): (DATA_LOST, "weights that are not in the new bucket are not found", "copy the folders first"),
}  # fmt: skip


def exchanged(s: Situation) -> Iterator[Danger]:
    """Networks, clusters, databases and buckets that are referred to by `existing`, and are others than before."""
    for difference in s.differences:
        if len(difference.field) != 2 or difference.field[0] != "existing":
            continue
        found = _REFERRED.get((difference.address.kind, str(difference.field[1])))
        if found is not None:
            code, because, help = found
            message = f"{title(difference.address)}: {difference_text(difference)}; {because}"
            yield s.danger(code, difference.address, message, help, path=difference.path)


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
