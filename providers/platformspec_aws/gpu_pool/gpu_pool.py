"""Lower GPU pools: a managed node group for what is always there, a Karpenter NodePool for what comes and goes."""

from __future__ import annotations

from typing import Any, Final

from platformspec.sdk import DeclarationContext, GpuPoolExports, GpuPoolSpec, Sourced
from platformspec_aws.compatibility import NODE_IMAGE
from platformspec_aws.exports import AwsClusterExports
from platformspec_aws.gpu_pool.choice import check_fixed, choose
from platformspec_aws.gpu_pool.node_group import managed_nodes
from platformspec_aws.instances import Instance

POOL_LABEL: Final = "platformspec.dev/pool"
GPU_RESOURCE: Final = "nvidia.com/gpu"
# Without this taint ordinary pods fill the GPU nodes, and Karpenter buys more of them.
GPU_TAINT: Final = {"key": GPU_RESOURCE, "value": "present", "effect": "NoSchedule"}
PURCHASES: Final = {"on_demand": ["on-demand"], "spot": ["spot"], "spot_or_on_demand": ["spot", "on-demand"]}
# Nodes are replaced after a month, so that they do not miss security fixes; a server gets an hour to drain.
EXPIRE_AFTER: Final = "720h"
DRAIN: Final = "1h"


def lower_gpu_pool(ctx: DeclarationContext) -> None:
    """Both kinds of node carry the same label and taint, so pods do not care."""
    spec: GpuPoolSpec = ctx.spec
    chosen = choose(ctx, spec)
    if chosen is None:
        return
    fixed = spec.network == "efa" or spec.capacity.block is not None
    if fixed and not check_fixed(ctx, spec, chosen):
        return
    names = ("accelerator", "instances", "gpus_per_node")
    if spec.capacity.nodes.min or fixed:
        managed_nodes(ctx, spec, chosen)
    elastic = spec.capacity.nodes.max - spec.capacity.nodes.min
    if elastic > 0 and not fixed:
        _node_pool(ctx, spec, chosen, elastic)
    ctx.need("gpu-device-plugin")
    if spec.network == "efa":
        ctx.need("efa-device-plugin", because=("network",))
    poorest = chosen[0]
    ctx.offer(
        GpuPoolExports(
            node_selector=ctx.src({POOL_LABEL: ctx.address.name}),
            tolerations=ctx.src([{"key": GPU_RESOURCE, "operator": "Exists", "effect": "NoSchedule"}]),
            gpu_resource=GPU_RESOURCE,
            gpus_per_node=ctx.src(poorest.gpus, *names),
            gpu_memory_gib=ctx.src(min(entry.gpu_memory_gib for entry in chosen), *names),
            accelerator=ctx.src(spec.accelerator, "accelerator"),
            vcpus_per_gpu=ctx.src(min(entry.vcpus / entry.gpus for entry in chosen), *names),
            memory_gib_per_gpu=ctx.src(min(entry.memory_gib / entry.gpus for entry in chosen), *names),
            max_gpus=ctx.src(spec.capacity.nodes.max * poorest.gpus, *names, "capacity.nodes.max"),
            efa_devices=ctx.src(poorest.efa if spec.network == "efa" else 0, *names, "network"),
        )
    )


def _node_pool(ctx: DeclarationContext, spec: GpuPoolSpec, chosen: list[Instance], elastic: int) -> None:
    cluster_address = ctx.cluster_address()
    assert cluster_address is not None
    cluster = ctx.exports(cluster_address, AwsClusterExports)
    name = ctx.address.name
    exists = ("capacity.nodes.min", "capacity.nodes.max")
    choice = ("accelerator", "instances", "gpus_per_node")
    ctx.manifest(
        "karpenter.k8s.aws/v1",
        "EC2NodeClass",
        name,
        "node-class",
        {
            "spec": {
                "amiSelectorTerms": [{"alias": NODE_IMAGE}],
                "role": cluster.node_role_name,
                "subnetSelectorTerms": cluster.subnet_terms,
                "securityGroupSelectorTerms": cluster.security_group_terms,
                "blockDeviceMappings": [
                    {
                        "deviceName": "/dev/xvda",
                        "ebs": {
                            "volumeSize": ctx.src(f"{spec.disk_gib}Gi", "disk_gib"),
                            "volumeType": "gp3",
                            "encrypted": True,
                            "deleteOnTermination": True,
                        },
                    }
                ],
                "metadataOptions": {
                    "httpEndpoint": "enabled",
                    "httpTokens": "required",
                    "httpPutResponseHopLimit": 1,
                    "httpProtocolIPv6": "disabled",
                },
                "tags": {key: _text(value) for key, value in ctx.tags.items()},
            }
        },
        because=exists,
        capability="karpenter",
    )
    gpus = max(entry.gpus for entry in chosen)
    ctx.manifest(
        "karpenter.sh/v1",
        "NodePool",
        name,
        "node-pool",
        {
            "spec": {
                "template": {
                    "metadata": {"labels": {POOL_LABEL: name}},
                    "spec": {
                        "nodeClassRef": {"group": "karpenter.k8s.aws", "kind": "EC2NodeClass", "name": name},
                        "requirements": [
                            {
                                "key": "karpenter.sh/capacity-type",
                                "operator": "In",
                                "values": ctx.src(PURCHASES[spec.capacity.purchase], "capacity.purchase"),
                            },
                            {
                                "key": "node.kubernetes.io/instance-type",
                                "operator": "In",
                                "values": ctx.src([entry.type for entry in chosen], *choice),
                            },
                            {"key": "kubernetes.io/arch", "operator": "In", "values": ["amd64"]},
                            {"key": "kubernetes.io/os", "operator": "In", "values": ["linux"]},
                        ],
                        "taints": [GPU_TAINT],
                        "expireAfter": EXPIRE_AFTER,
                        "terminationGracePeriod": DRAIN,
                    },
                },
                # A node that serves is never emptied to save money; an empty one goes after ten minutes.
                "disruption": {
                    "consolidationPolicy": "WhenEmpty",
                    "consolidateAfter": "10m",
                    "budgets": [{"nodes": "1"}],
                },
                "limits": {GPU_RESOURCE: ctx.src(str(elastic * gpus), *choice, *exists)},
            }
        },
        because=exists,
        capability="karpenter",
    )


def _text(value: Any) -> Any:
    return value if isinstance(value, Sourced) else str(value)
