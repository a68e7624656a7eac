"""What an apply would do otherwise than the plan says, for a terminal."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from platformspec.diagnostics import dotted
from platformspec.drift.deviation import HIDDEN
from platformspec.drift.live import Live, Otherwise
from platformspec.ir.node import Manifest
from platformspec.plan import words
from platformspec.plan.change import ABSENT

# (in the plan, what would be done) -> in words.
SAID: Final = {
    (None, "create"): "is gone, and is made again",
    (None, "update"): "somebody changed it, and it is set back",
    (None, "replace"): "somebody changed it, and it is replaced to set it back",
    (None, "delete"): "is deleted",
    ("create", "nothing"): "is there already, as the file says",
    ("create", "update"): "is there already, and is changed",
    ("create", "replace"): "is there already, and is replaced",
    ("update", "nothing"): "is so already",
    ("update", "create"): "is gone, and is made anew",
    ("update", "update"): "is updated in more than the plan says",
    ("update", "replace"): "is replaced, and not updated",
    ("replace", "nothing"): "is so already",
    ("replace", "create"): "is gone, and is made anew",
    ("replace", "update"): "is updated, and not replaced",
    ("delete", "nothing"): "is gone already",
    ("import", "import"): "is taken over, and changed",
    ("import", "nothing"): "is taken over already",
    ("import", "update"): "is taken over already, and is changed",
    ("import", "replace"): "is replaced, and not taken over: apply stops before that",
    ("import", "create"): "is created, and not taken over",
    ("create", "import"): "is taken over, and not created",
    ("update", "import"): "is taken over, and changed",
    ("replace", "import"): "is taken over, and not replaced",
    (None, "import"): "is taken over again: the state has lost it",
}


def render(live: Live, nouns: Mapping[str, str]) -> str:
    """What agrees as a number, what does not in full, and what cannot be seen yet."""
    return "\n".join(_lines(live, nouns)) + "\n"


def _lines(live: Live, nouns: Mapping[str, str]) -> Iterator[str]:
    yield ""
    yield "Live: what terraform plans and a dry run of every cluster say"
    if live.agreed:
        yield f"  {words.plural(live.agreed, 'change')} of the plan as it says"
    for one in live.otherwise:
        yield from _otherwise(one, nouns)
    for id, diagnostic in live.refused:
        yield f"  {id}: is refused: {diagnostic.message}"
    for what, why in live.waiting:
        yield f"  {what}: cannot be seen yet; {why}"
    if not live.differs:
        yield "  nothing else" if live.agreed else "  nothing is to be done"
    if any(one.planned != "replace" and one.deed == "replace" for one in live.otherwise):
        yield "  apply stops before a replacement that the plan does not say, unless `--allow-destroy ID` names it"


def _otherwise(one: Otherwise, nouns: Mapping[str, str]) -> Iterator[str]:
    # Several objects of a declaration have one kind; a resource of Terraform has its role.
    title = words.title(one.node, nouns) if isinstance(one.node, Manifest) else one.node.id
    yield f"  {title}: {SAID[one.planned, one.deed]}"
    for path, exists, said in one.attributes:
        yield f"      {dotted(path)}: {_value(exists)} -> {_value(said)}"


def _value(value: Any) -> str:
    return "nothing" if value is ABSENT else "(sensitive)" if value is HIDDEN else words.text(value)
