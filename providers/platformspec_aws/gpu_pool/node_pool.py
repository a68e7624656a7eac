"""Karpenter's objects for the nodes above a pool's minimum."""

from __future__ import annotations

from typing import Any

from platformspec.sdk import ACCELERATOR_LABEL, DeclarationContext, GpuPoolSpec, Sourced
from platformspec_aws.exports import AwsClusterExports
from platformspec_aws.gpu_pool.choice import Alternative
from platformspec_aws.gpu_pool.disruption import EXPIRE_AFTER, policy, termination_grace
from platformspec_aws.gpu_pool.labels import POOL_LABEL, taint
from platformspec_aws.gpu_pool.purchase import Part, parts
from platformspec_aws.node_class import node_class

EXISTS = ("capacity.nodes.min", "capacity.nodes.max")
# NodePools of one pool in the order in which Karpenter fills them: alternatives first, then parts of each.
HIGHEST_WEIGHT, WEIGHTS_PER_ALTERNATIVE = 100, 10


def elastic_nodes(
    ctx: DeclarationContext, spec: GpuPoolSpec, alternatives: tuple[Alternative, ...], disk_gib: Sourced[int]
) -> None:
    """One NodePool for each alternative and each way of buying its nodes; they share an EC2NodeClass."""
    bought = parts(spec)
    if not bought:
        return
    cluster = ctx.cluster_address()
    assert cluster is not None
    own = ctx.exports(cluster, AwsClusterExports)
    reservation = spec.capacity.reservation
    reserved = ctx.src(reservation.id, "capacity.reservation.id") if reservation is not None else None
    node_class(ctx, own, ctx.called, disk_gib, because=EXISTS, reservation=reserved)
    several = len(alternatives) * len(bought) > 1
    for position, alternative in enumerate(alternatives):
        for step, part in enumerate(bought):
            names = [text for text in (alternative.key if spec.any_of else "", part.name) if text]
            weight = HIGHEST_WEIGHT - position * WEIGHTS_PER_ALTERNATIVE - step
            _node_pool(ctx, spec, alternative, part, names, weight if several else None)


def _node_pool(
    ctx: DeclarationContext,
    spec: GpuPoolSpec,
    alternative: Alternative,
    part: Part,
    names: list[str],
    weight: int | None,
) -> None:
    choice = alternative.fields
    bought = (*EXISTS, "capacity.spot.share", "capacity.spot.on_demand_floor")
    gpus = max(entry.gpus for entry in alternative.types)
    body: dict[str, Any] = {
        "template": {
            "metadata": {
                "labels": {POOL_LABEL: ctx.called, ACCELERATOR_LABEL: ctx.src(alternative.accelerator, *choice)}
            },
            "spec": {
                "nodeClassRef": {"group": "karpenter.k8s.aws", "kind": "EC2NodeClass", "name": ctx.called},
                "requirements": [
                    {
                        "key": "karpenter.sh/capacity-type",
                        "operator": "In",
                        "values": ctx.src(list(part.capacity_types), "capacity.spot", "capacity.reservation"),
                    },
                    {
                        "key": "node.kubernetes.io/instance-type",
                        "operator": "In",
                        "values": ctx.src([entry.type for entry in alternative.types], *choice),
                    },
                    {"key": "kubernetes.io/arch", "operator": "In", "values": ["amd64"]},
                    {"key": "kubernetes.io/os", "operator": "In", "values": ["linux"]},
                ],
                "taints": [ctx.src(taint(spec.device), *choice)],
                "expireAfter": EXPIRE_AFTER,
                "terminationGracePeriod": termination_grace(ctx, gpus, spec.device, *choice),
            },
        },
        "disruption": policy(ctx, spec),
        "limits": {"nodes": ctx.src(str(part.nodes), *bought)},
    }
    if weight is not None:
        body["weight"] = ctx.src(weight, "any_of", "capacity.spot")
    # A dot cannot be in the name of a pool, so no pool is called like the part of another.
    ctx.manifest(
        "karpenter.sh/v1",
        "NodePool",
        ctx.src(".".join((ctx.called, *names)), "any_of") if names else ctx.called,
        "-".join(("node-pool", *names)),
        {"spec": body},
        because=(*bought, *(choice if len(names) else ())),
        capability="karpenter",
    )
