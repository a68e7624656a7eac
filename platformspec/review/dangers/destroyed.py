"""Resources that keep something, are the network, an identity or a cluster, and are destroyed or replaced."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from typing import Final

from platformspec.address import Address
from platformspec.diagnostics import Code
from platformspec.ir.program import Program
from platformspec.kinds.base import DeclarationSpec
from platformspec.plan.change import Change
from platformspec.plan.words import plural
from platformspec.review.dangers.danger import Danger, Situation, address_of
from platformspec.review.wording import listed, title

DATA_LOST = Code(
    "PS616",
    "a change destroys data",
    explain="A resource that keeps data is deleted, or replaced by an empty one: a changed argument cannot be changed in place, or the declaration "
    "is gone or has another name. Back the data up and restore it into the new one, or leave the declaration as it is.",
)
DATA_AT_RISK = Code(
    "PS617",
    "a change may destroy data",
    explain="An argument of a resource that keeps data changes, and no source says whether that is done in place. Until the plan of "
    "Terraform has shown otherwise, take it as a replacement by an empty resource.",
)
NETWORK_REPLACED = Code(
    "PS619",
    "a change replaces a part of the network",
    explain="The network, a subnet, a gateway or an address is deleted or made anew. What runs in it is moved or cut off meanwhile, and addresses that "
    "others have allowed change.",
)
IDENTITY_REPLACED = Code(
    "PS620",
    "a change replaces an identity or a key",
    explain="A role that is made anew is another role to everything that trusts it by its ARN or id. A key that is gone leaves behind data that "
    "nobody can read.",
)
CLUSTER_REPLACED = Code(
    "PS621",
    "a change replaces a cluster, or moves everything",
    explain="A cluster that is replaced takes everything in it along: workloads, volumes, and what people have installed. Another account, region or "
    "name of the platform makes everything anew.",
)

_WEIGHT: Final = ("cluster", "data", "identity", "network")
_CODES: Final = {
    "data": DATA_LOST,
    "network": NETWORK_REPLACED,
    "identity": IDENTITY_REPLACED,
    "cluster": CLUSTER_REPLACED,
}
_HELP: Final = {
    "data": "back it up and plan the restore, or take the change back",
    "network": "plan a window in which it may be down, and tell those who have allowed its addresses",
    "identity": "make sure that nothing outside the platform trusts or uses the old one",
    "cluster": "build the new one beside it and move over, or take the change back",
}


def destroyed(s: Situation) -> Iterator[Danger]:
    """One danger for each declaration, kind of stake and type."""
    groups: dict[tuple[str, str, str, bool], list[Change]] = defaultdict(list)
    for change in s.plan.changes:
        stake = s.stakes.get(change.node.type)
        if stake is None or change.action not in ("delete", "replace"):
            continue
        if change.action == "delete" and stake.of in ("identity", "network") and not _outlives(s, change):
            # A role or a security group goes with what it was for.
            continue
        groups[str(address_of(change.node)), stake.of, change.node.type, change.certain].append(change)
    heavy = {type: position for position, type in enumerate(s.stakes)}
    for (_, of, type, certain), changes in sorted(
        groups.items(), key=lambda item: (_WEIGHT.index(item[0][1]), heavy[item[0][2]], item[0])
    ):
        yield _danger(s, changes, of, s.stakes[type].loss, certain)


def _outlives(s: Situation, change: Change) -> bool:
    """Whether what it was for is still there. A role goes with each grant, so that only keys count among identities."""
    declared = s.head.graph is not None and address_of(change.node) in s.head.graph.declarations
    return declared and (s.stakes[change.node.type].of == "network" or "key" in change.node.type)


def stranded(s: Situation) -> Iterator[Danger]:
    """What keeps data in a network that goes: it cannot stay, even where the plan of Terraform does not replace it."""
    assert s.base.program is not None
    gone = {
        change.id
        for change in s.plan.changes
        if change.action in ("delete", "replace")
        and (stake := s.stakes.get(change.node.type)) is not None
        and stake.holds
    }
    if not gone:
        return
    lost = {change.id for change in s.plan.changes if change.action in ("delete", "replace")}
    inside = _inside(s.base.program, gone)
    for id in sorted(inside - lost):
        node = s.base.program.nodes[id]
        stake = s.stakes.get(node.type)
        if stake is not None and stake.of in ("data", "cluster"):
            address = address_of(node)
            yield s.danger(
                DATA_AT_RISK,
                address,
                f"{title(address)}: the {s.noun(node)} stands in a network that goes; it cannot move to another one, and with it goes {stake.loss}",
                _HELP[stake.of],
                path=s.cause(next(change for change in s.plan.changes if change.id in gone)),
            )


def _inside(program: Program, gone: set[str]) -> set[str]:
    """Ids of all nodes that refer to these, directly or not."""
    users: dict[str, list[str]] = defaultdict(list)
    for node in program:
        for attr in node.references():
            users[attr.node].append(node.id)
    found: set[str] = set()
    todo = sorted(gone)
    while todo:
        for user in users[todo.pop()]:
            if user not in found:
                found.add(user)
                todo.append(user)
    return found


def _danger(s: Situation, changes: list[Change], of: str, loss: str, certain: bool) -> Danger:
    first = changes[0]
    address = address_of(first.node)
    code = _CODES[of] if certain else DATA_AT_RISK if of == "data" else _CODES[of]
    actions = listed(sorted({"deletes" if c.action == "delete" else "replaces" for c in changes}))
    if not certain:
        actions = "may replace"
    what = plural(len(changes), s.noun(first.node)) if len(changes) > 1 else f"the {s.noun(first.node)}"
    message = f"{title(address)}: {actions} {what}, and with it {loss}"
    reason = next((change.reason for change in changes if change.reason), None)
    new = s.renames.get(address)
    if new is not None:
        message += f"; a new name is a new declaration: nothing is moved from {title(address)} to {title(new)}"
    elif reason:
        message += f"; {reason}"
    help = _HELP[of] if new is None else f"write `was: {address.name}` under {new.name}, and it is taken over as it is"
    if _protected(s, address):
        help = f"{title(address)} says protect: true; {help}"
    return s.danger(code, address, message, help, path=s.cause(first), removed=first.action == "delete")


def _protected(s: Situation, address: Address) -> bool:
    declaration = s.base.graph.declarations.get(address) if s.base.graph is not None else None
    return declaration is not None and isinstance(declaration.spec, DeclarationSpec) and declaration.spec.protect
