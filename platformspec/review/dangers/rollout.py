"""Workloads that are restarted with nothing left to answer meanwhile."""

from __future__ import annotations

from collections.abc import Iterator

from platformspec.diagnostics import Code
from platformspec.review.dangers.danger import Danger, Situation, address_of
from platformspec.review.restarts import restarts
from platformspec.review.wording import title

CANNOT_SURGE = Code(
    "PS624",
    "a restart leaves nothing to answer",
    explain="The pods of a workload change, there is no room or no permission to start a new one beside the old, and no other replica answers meanwhile. From the "
    "end of the old pod to the readiness of the new one callers get errors.",
)


def unanswered(s: Situation) -> Iterator[Danger]:
    """Restarts during which no replica is left."""
    assert s.base.program is not None
    assert s.head.program is not None
    for restart in restarts(s.plan, s.base.program, s.head.program):
        if restart.left > 0 or restart.replicas == 0 or restart.per_node:
            continue
        address = address_of(restart.change.node)
        minutes = getattr(getattr(_spec(s, address), "serve", None), "startup_minutes", None)
        wait = f"for up to {minutes} minutes" if minutes and address.kind == "model" else "until the new pod is ready"
        yield s.danger(
            CANNOT_SURGE,
            address,
            f"{title(address)} restarts its only replica before the new one is ready: it does not answer {wait}",
            "raise the number of replicas first, or merge when nobody needs it",
            path=s.cause(restart.change),
        )


def _spec(s: Situation, address: object) -> object:
    graph = s.head.graph
    declaration = graph.declarations.get(address) if graph is not None else None  # type: ignore[call-overload]
    return declaration.spec if declaration is not None else None
