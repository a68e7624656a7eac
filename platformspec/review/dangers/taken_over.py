"""Resources that were there before and are taken over: from then on the file decides what they are."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from platformspec.diagnostics import Code, Path
from platformspec.plan.change import Change
from platformspec.review.dangers.danger import Danger, Situation, address_of
from platformspec.review.wording import listed, title

TAKEN_OVER = Code(
    "PS796",
    "something that exists is taken over",
    explain="What is imported belongs to the platform from the next apply on: settings that differ from the file are changed, whoever made them, and a later "
    "destroy deletes it. A database gets its users, passwords and network openings from the file, a bucket its policy and lifecycle. What it is like today cannot be "
    "seen from the file. Rehearse the apply, and look at what Terraform plans, before the change is merged.",
)


def taken_over(s: Situation) -> Iterator[Danger]:
    """One danger for each declaration that takes over something with a stake, and for each import that comes too late."""
    groups: dict[str, list[Change]] = defaultdict(list)
    for change in s.plan.changes:
        if change.action == "import" and change.node.type in s.stakes:
            groups[str(address_of(change.node))].append(change)
    for _, changes in sorted(groups.items()):
        address = address_of(changes[0].node)
        what = listed([f"{s.noun(change.node)} {change.imported}" for change in changes])
        yield s.danger(
            TAKEN_OVER,
            address,
            f"{title(address)} takes over {what}: settings that differ from the file are changed, and a later destroy deletes it",
            "let its owner agree, and rehearse the apply before the change is merged",
            path=_place(s, changes[0].id),
        )
    yield from _too_late(s)


def _too_late(s: Situation) -> Iterator[Danger]:
    """Terraform ignores an import of what it has already; it goes on with its own."""
    assert s.base.program is not None
    assert s.head.program is not None
    for id, imported in s.head.program.imported.items():
        if id in s.base.program.nodes and s.base.program.imported.get(id) != imported:
            node = s.head.program.nodes[id]
            address = address_of(node)
            yield s.danger(
                TAKEN_OVER,
                address,
                f"{title(address)} has a {s.noun(node)} already, as the base declares it; where that is applied, {imported} is not taken over",
                "take the declaration away and apply that first, or give what is taken over a declaration of its own",
                path=_place(s, id),
            )


def _place(s: Situation, id: str) -> Path:
    assert s.head.program is not None
    sources = s.head.program.nodes[f"{id}/import"].sources_of(("id",))
    return next((path for path in sources if "imports" in path), ())
