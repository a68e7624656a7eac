"""When Karpenter may take a node away, and how long the node may take to empty."""

from __future__ import annotations

import math
from typing import Any, Final

from platformspec.sdk import DeclarationContext, Device, GpuPoolSpec, ModelSpec, Path, Sourced, parallelism
from platformspec_aws.gpu_pool.disk import PARALLEL

# Nodes are replaced after a month, so that they do not miss security fixes.
EXPIRE_AFTER: Final = "720h"
CONSOLIDATE_AFTER: Final = "10m"
# preStop, and what a server's grace period has beyond its drain.
MARGIN_SECONDS: Final = 60
# What may take a node away, as the language and as Karpenter call it.
REASONS: Final = {"new_image": "Drifted", "empty": "Empty"}


def policy(ctx: DeclarationContext, spec: GpuPoolSpec) -> dict[str, Any]:
    """An empty node goes after ten minutes. One that serves is never emptied to save money; only to get a new image.

    Of the budgets that hold at a time Karpenter keeps to the smallest, so a quiet time is one of no nodes.
    """
    budgets: list[dict[str, Any]] = [
        {"nodes": ctx.src(str(spec.disruption.nodes_at_once), "disruption.nodes_at_once"), "reasons": ["Drifted"]},
        {"nodes": "100%", "reasons": ["Empty"]},
    ]
    for name, quiet in sorted(spec.disruption.quiet.items()):
        at = f"disruption.quiet.{name}"
        reasons = [REASONS[reason] for reason in sorted(set(quiet.reasons))]
        budgets.append(
            {
                "nodes": "0",
                "schedule": ctx.src(quiet.start, f"{at}.start"),
                "duration": ctx.src(f"{quiet.hours}h", f"{at}.hours"),
                **({"reasons": ctx.src(reasons, f"{at}.reasons")} if reasons else {}),
            }
        )
    return {
        "consolidationPolicy": "WhenEmpty",
        "consolidateAfter": CONSOLIDATE_AFTER,
        "budgets": ctx.src(budgets, "disruption.quiet"),
    }


def termination_grace(ctx: DeclarationContext, gpus: int, device: Device, *fields: str) -> Sourced[str]:
    """Time for a node to empty, after which its pods are killed: in whole hours, at least one.

    A model's disruption budget lets one replica go at a time, and the next one only when its replacement is ready. So a
    node with n replicas of a model takes n times the start of a replica and the drain of another.
    """
    longest, because = 0, list[Path]()
    for edge in ctx.graph.edges_to(ctx.address):
        spec = ctx.graph.declarations[edge.source.parent].spec
        if edge.relation != "runs_on" or not isinstance(spec, ModelSpec):
            continue
        serve = spec.serve
        spread = parallelism(serve, gpus, device)
        replicas = gpus // spread.gpus_per_pod if spread is not None else 1
        longest = max(longest, replicas * (serve.startup_minutes * 60 + serve.drain_seconds + MARGIN_SECONDS))
        because += [
            (*ctx.graph.declarations[edge.source.parent].path, "serve", name)
            for name in (*PARALLEL, "startup_minutes", "drain_seconds")
        ]
        because.append(edge.path)
    hours = max(1, math.ceil(longest / 3600))
    return ctx.src(f"{hours}h", *fields, Sourced(None, tuple(because)))
