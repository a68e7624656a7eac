"""Models that may have no replica: what must be there so that they wake, and who may not wait for them."""

from __future__ import annotations

from typing import Final

from platformspec.sdk import Code, Context, DeclarationContext, Edge, FallbackSpec, GatewaySpec, ModelSpec, Ref

NO_BUDGET = Code(
    "PS529",
    "scale to zero without a cold-start budget",
    explain="Starting a model takes minutes: a node, an image, weights. `cold_start_seconds` says how long callers can bear it, and `max` how many replicas there may be once it is awake.",
)
NO_WAKE_UP = Code(
    "PS530",
    "a model at zero that nothing wakes",
    explain="Without replicas a model has no metrics of its own. Requests on a gateway's route wake it, or a schedule does.",
)
WAITED_FOR = Code(
    "PS531",
    "a model at zero on a path that waits for it",
    explain="Who searches, guards or answers while a caller waits cannot wait for minutes. A route may lead to a sleeping model only where another target answers meanwhile: a model that never sleeps, or an external one.",
)
CALENDAR = Code(
    "PS532",
    "a schedule with more replicas than there may be",
    explain="`schedule` raises the number of replicas within `min` and `max`; it cannot exceed `max`, and has no effect below `min`.",
)

SYNCHRONOUS: Final = {
    "embeds_with": "every search in it embeds the query first",
    "guards_with": "every request passes it first",
    "caches_with": "every request is embedded first",
    "reranks_with": "every search in it reranks first",
}
"""Relation to a model -> why whoever has it waits for the model."""


def routes_to(ctx: Context) -> tuple[Edge, ...]:
    """Edges from routes to the model, sorted by id."""
    return tuple(
        edge for edge in ctx.graph.edges_to(ctx.address) if edge.relation == "routes_to" and edge.source.child is not None
    )  # fmt: skip


def sleeps(spec: object) -> bool:
    """Whether a model may have no replica."""
    return isinstance(spec, ModelSpec) and spec.external is None and spec.scale.min == 0


def check(ctx: DeclarationContext, spec: ModelSpec) -> None:
    """Report sleep without budget or wake-up, and paths that would wait."""
    scale = spec.scale
    for name, window in sorted(scale.schedule.items()):
        if not scale.min < window.replicas <= (scale.max or scale.min):
            ctx.reject(
                CALENDAR,
                f"window {name} asks for {window.replicas} replicas, and scale goes from {scale.min} to {scale.max or scale.min}",
                at=f"scale.schedule.{name}.replicas",
                help=f"write `max: {window.replicas}` or more"
                if window.replicas > scale.min
                else f"write more than {scale.min}, or remove the window",
            )
    if scale.min > 0:
        return
    missing = [
        word
        for word, value in (("max: 2", scale.max), ("cold_start_seconds: 300", scale.cold_start_seconds))
        if not value
    ]
    if missing:
        ctx.reject(
            NO_BUDGET,
            f"{ctx.address} may have no replica, and does not say {' nor '.join(word.split(':')[0] for word in missing)}",
            at="scale.min",
            help=f"add {' and '.join(f'`{word}`' for word in missing)} to scale, or write `min: 1`",
        )
    if not routes_to(ctx) and not scale.schedule:
        ctx.reject(
            NO_WAKE_UP,
            f"{ctx.address} may have no replica, and no gateway routes to it",
            at="scale.min",
            help="add a route with this target to a gateway, add `schedule`, or write `min: 1`",
        )
    sleepy = f"{ctx.address} may sleep"
    if scale.cold_start_seconds:
        sleepy += f", its cold start takes {scale.cold_start_seconds} s"
    for edge in ctx.graph.edges_to(ctx.address):
        if edge.relation in SYNCHRONOUS:
            ctx.reject(
                WAITED_FOR,
                f"{sleepy}, and {edge.source} uses it: {SYNCHRONOUS[edge.relation]}",
                at="scale.min",
                help="write `min: 1`",
                related=((f"{edge.source} names it here", edge.path),),
            )
        elif edge.relation == "falls_back_to":
            ctx.reject(
                WAITED_FOR,
                f"{sleepy}, and {edge.source} falls back to it",
                at="scale.min",
                help="write `min: 1`, or fall back to a model that never sleeps",
                related=((f"{edge.source} names it here", edge.path),),
            )
    for edge in routes_to(ctx):
        _route(ctx, edge, sleepy)


def _route(ctx: DeclarationContext, edge: Edge, sleepy: str) -> None:
    gateway = ctx.graph.declarations[edge.source.parent].spec
    assert isinstance(gateway, GatewaySpec)
    assert edge.source.child is not None
    route = gateway.routes[edge.source.child]
    for target in route.targets:
        ref = target.fallback if isinstance(target, FallbackSpec) else target
        reached = not isinstance(target, FallbackSpec) or "unavailable" in target.when
        assert isinstance(ref, Ref)
        if reached and not sleeps(ctx.graph.declarations[ref.address].spec):
            return
    ctx.reject(
        WAITED_FOR,
        f"{sleepy}, and {edge.source} (timeout {route.timeout_seconds} s) has no target that answers meanwhile",
        at="scale.min",
        help="add `{fallback: MODEL}` with a model that never sleeps to the route, or write `min: 1`",
        related=((f"{edge.source} names it here", edge.path),),
    )
