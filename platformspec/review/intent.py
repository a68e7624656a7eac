"""What the author of a change wanted, in the words of the language."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from platformspec.address import Address
from platformspec.diagnostics import Path
from platformspec.driver import Compilation
from platformspec.kinds.base import Ref
from platformspec.kinds.policy import WaiverSpec
from platformspec.plan.change import Plan
from platformspec.review.differences import ABSENT, Difference
from platformspec.review.wording import difference_text, title

_WHAT_IT_IS: Final[tuple[Path, ...]] = (("existing",), ("external",), ("source",))


@dataclass(frozen=True, slots=True)
class Intent:
    """One thing that somebody wrote. `text` follows the title: `chat-large: context 32k -> 64k`."""

    address: Address
    title: str
    text: str
    path: Path
    removed: bool = False
    """Whether `path` is a place of the base alone."""


def intents(
    base: Compilation, head: Compilation, found: Iterable[Difference], taken_over: Mapping[Address, Address], plan: Plan
) -> tuple[Intent, ...]:
    """What was written differently, by address; what follows from it (from a profile, say) is left out.

    `taken_over`: old address -> new one of declarations that say what they were.
    """
    # What something is comes before how it is set up.
    changed = sorted(found, key=lambda d: (str(d.address), d.field[:1] not in _WHAT_IT_IS))
    renames = renamed(changed)
    former = {new: old for old, new in taken_over.items()}
    out: list[Intent] = []
    arrived = set(renames.values())
    for difference in changed:
        address = difference.address
        if difference.field[:1] == ("was",) and address in former:
            harmless = all(
                change.action == "move" for change in plan.changes if change.node.declaration == str(address)
            )
            text = f"renamed to {address.name}" + (", no effect" if harmless else "")
            out.append(Intent(address, title(former[address]), text, difference.path))
        elif difference.field:
            if difference.written and not _follows(difference, renames):
                out.append(Intent(address, title(address), difference_text(difference), difference.path))
        elif address in renames:
            new = renames[address]
            text = f"renamed to {new.child or new.name}"
            out.append(Intent(address, title(address), text, difference.path, removed=True))
        elif address not in arrived and not _inside_another(address, changed):
            added = difference.before is ABSENT
            out.append(
                Intent(address, title(address), "added" if added else "removed", difference.path, removed=not added)
            )
    out.extend(_waivers(base, head))
    return tuple(out)


def renamed(found: Iterable[Difference]) -> dict[Address, Address]:
    """Old address -> new one, of declarations that differ in nothing but their name."""
    return dict(_renames(list(found)))


def _renames(changed: list[Difference]) -> Iterator[tuple[Address, Address]]:
    gone = [d for d in changed if not d.field and d.after is ABSENT]
    new = [d for d in changed if not d.field and d.before is ABSENT]
    taken: set[Address] = set()
    for old in gone:
        twins = [d for d in new if _kin(old.address, d.address) and d.after == old.before and d.address not in taken]
        # Two that are alike leave open which became which.
        if len(twins) == 1 and sum(d.before == old.before and _kin(d.address, old.address) for d in gone) == 1:
            taken.add(twins[0].address)
            yield old.address, twins[0].address


def _follows(difference: Difference, renames: dict[Address, Address]) -> bool:
    """Whether the field only names a renamed declaration by its new name."""
    before, after = difference.before, difference.after
    old = before if isinstance(before, tuple) else (before,)
    new = after if isinstance(after, tuple) else (after,)
    return len(old) == len(new) and all(
        was == now or (isinstance(was, Ref) and isinstance(now, Ref) and renames.get(was.address) == now.address)
        for was, now in zip(old, new, strict=True)
    )


def _kin(old: Address, new: Address) -> bool:
    if old.kind != new.kind or (old.child is None) != (new.child is None):
        return False
    return old.child is None or old.name == new.name


def _inside_another(address: Address, changed: list[Difference]) -> bool:
    """Whether the whole declaration comes or goes, which says it for its children too."""
    return address.child is not None and any(d.address == address.parent and not d.field for d in changed)


def _waivers(base: Compilation, head: Compilation) -> Iterator[Intent]:
    old, new = waivers_of(base), waivers_of(head)
    for key in sorted({*old, *new}):
        policy, on = key
        name = f"waiver of {policy} for {on}"
        address = Address("policy", policy)
        was, now = old.get(key), new.get(key)
        if was is None and now is not None:
            yield Intent(address, name, f"added, until {now[1].until}", now[0])
        elif now is None and was is not None:
            yield Intent(address, name, "removed", was[0], removed=True)
        elif was is not None and now is not None:
            texts = [
                f"{field} {getattr(was[1], field)} -> {getattr(now[1], field)}"
                for field in ("until", "owner", "reason")
                if getattr(was[1], field) != getattr(now[1], field)
            ]
            if texts:
                yield Intent(address, name, ", ".join(texts), now[0])


def waivers_of(c: Compilation) -> dict[tuple[str, str], tuple[Path, WaiverSpec]]:
    """`(policy, address)` -> the place of the waiver and the waiver."""
    assert c.spec is not None
    found: dict[tuple[str, str], Any] = {}
    for position, waiver in enumerate(c.spec.waivers):
        found[waiver.policy.address.name, waiver.on] = (("waivers", position), waiver)
    return found
