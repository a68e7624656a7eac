"""Controllers that model servers need."""

from __future__ import annotations

from platformspec.sdk import CapabilityContext
from platformspec_aws.addons.release import SYSTEM_NODES, release
from platformspec_aws.compatibility import CHARTS


def install_leader_worker_set(ctx: CapabilityContext) -> None:
    """LeaderWorkerSet: replicas that are groups of pods."""
    manager = {"tag": f"v{CHARTS['lws'].version}", "pullPolicy": "IfNotPresent"}
    values = {"replicaCount": 2, "nodeSelector": SYSTEM_NODES, "image": {"manager": manager}}
    ctx.ready(release(ctx, "release", "lws", "lws-system", values))
