"""How much of the memory for the KV cache a model leaves free, before and after."""

from __future__ import annotations

from collections.abc import Iterator

from platformspec.address import Address
from platformspec.driver import Compilation
from platformspec.fit.estimate import Fitted
from platformspec.review.dangers.danger import Situation
from platformspec.review.wording import title


def headroom(s: Situation) -> Iterator[str]:
    """`chat-large: KV headroom 41 % -> 12 % on h100`, for each model of both sides of which it changes."""
    for address, after in sorted(s.head.fitted.items(), key=lambda pair: str(pair[0])):
        before = s.base.fitted.get(address)
        if before is None or not (_counted(before) and _counted(after)):
            continue
        old, new = share_text(before), share_text(after)
        where, now = _pool(s.base, address), _pool(s.head, address)
        if (old, where) == (new, now):
            continue
        place = f"on {now}" if where == now else f"from {where} to {now}"
        if _full(before) and _full(after):
            held = f"{before.result.full_sequences} -> {after.result.full_sequences}"
            yield f"{title(address)}: no KV headroom, and room for {held} sequences of full length {place}"
        else:
            yield f"{title(address)}: KV headroom {old} -> {new} {place}"


def share_text(fitted: Fitted) -> str:
    """`41 %` of the room is left when every sequence has its full length; or how many of them the room holds."""
    result = fitted.result
    if _full(fitted):
        return f"none (it holds {result.full_sequences} of {fitted.setup.sequences} sequences of full length)"
    return f"{(result.room - result.cache_all) / result.room:.0%}".replace("%", " %")


def _full(fitted: Fitted) -> bool:
    return fitted.result.cache_all > fitted.result.room


def _counted(fitted: Fitted) -> bool:
    return fitted.setup.engine.cache and not fitted.result.unknown and fitted.result.room > 0


def _pool(c: Compilation, model: Address) -> str:
    assert c.graph is not None
    return next((edge.target.name for edge in c.graph.edges_from(model) if edge.relation == "runs_on"), "its GPUs")
