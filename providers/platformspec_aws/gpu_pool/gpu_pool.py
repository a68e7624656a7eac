"""Lower GPU pools: a managed node group for what is always there, Karpenter NodePools for what comes and goes."""

from __future__ import annotations

from typing import Final

from platformspec.sdk import GPU, Code, DeclarationContext, GpuPoolExports, GpuPoolSpec, Sourced
from platformspec_aws.cluster.nodes import SYSTEM
from platformspec_aws.gpu_pool.choice import Alternative, alternatives, check_fixed
from platformspec_aws.gpu_pool.disk import disk_gib
from platformspec_aws.gpu_pool.driver import check_driver, driver_of
from platformspec_aws.gpu_pool.labels import POOL_LABEL, toleration
from platformspec_aws.gpu_pool.neuron import check_neuron
from platformspec_aws.gpu_pool.node_group import managed_nodes, reach_reserved_zone
from platformspec_aws.gpu_pool.node_pool import elastic_nodes
from platformspec_aws.gpu_pool.sharing import slice_memory_gib, slices

TAKEN_NAME = Code(
    "PS595",
    "a pool named like the cluster's own nodes",
    explain="The nodes without GPUs that carry controllers, gateways and stores are a node group and a NodePool called `system`.",
)

SHARED_CLAIMS = Code(
    "PS506",
    "shared GPUs that pods claim",
    explain="Sharing of GPUs is a setting of NVIDIA's device plugin or of the node's system. In NVIDIA's DRA driver time-slicing, MPS and dynamic MIG are alpha, so pools with `devices: dra` give whole GPUs.",
)
DEVICE_CLASS: Final = "gpu.nvidia.com"


def lower_gpu_pool(ctx: DeclarationContext) -> None:
    """Both kinds of node carry the same label and taint, so pods do not care."""
    spec: GpuPoolSpec = ctx.spec
    if ctx.called == SYSTEM:
        ctx.reject(
            TAKEN_NAME,
            f"{ctx.address} would have the name of the cluster's own nodes",
            help="call it something else, such as `gpu`",
        )
        return
    found = alternatives(ctx, spec)
    if found is None:
        return
    if not check_neuron(ctx, spec) or not check_driver(ctx, spec, found):
        return
    one_type = spec.network == "efa" or spec.capacity.block is not None
    if one_type and not check_fixed(ctx, spec, found[0]):
        return
    per_gpu = slices(ctx, spec.sharing, found[0]) if spec.sharing is not None else 1
    if per_gpu is None:
        return
    if spec.devices == "dra" and spec.sharing is not None:
        ctx.reject(
            SHARED_CLAIMS,
            f"{ctx.address} shares its GPUs by {spec.sharing.mode}, and has them claimed",
            at="sharing",
            help="remove `sharing`, or write `devices: plugin`",
        )
        return
    if not reach_reserved_zone(ctx, spec):
        return
    disk = disk_gib(ctx, spec, found, per_gpu)
    if spec.capacity.nodes.min or spec.fixed_because is not None:
        # What is always there is of the first choice.
        managed_nodes(ctx, spec, found[0], disk)
    if spec.fixed_because is None:
        elastic_nodes(ctx, spec, found, disk)
    if spec.device != GPU:
        ctx.need("neuron-device-plugin", because=found[0].fields)
    elif spec.devices == "dra":
        ctx.need("gpu-dra-driver", because=("devices",))
    elif spec.sharing is None or spec.sharing.mode != "mig":
        ctx.need("gpu-device-plugin", because=("devices",))
    if spec.network == "efa":
        ctx.need("efa-device-plugin", because=("network",))
    _offer(ctx, spec, found, per_gpu)


def _offer(ctx: DeclarationContext, spec: GpuPoolSpec, found: tuple[Alternative, ...], per_gpu: int) -> None:
    choice = tuple(field for alternative in found for field in alternative.fields)
    shared = ("sharing.mode", "sharing.replicas", "sharing.profile")
    types = [entry for alternative in found for entry in alternative.types]
    smallest = min(entry.gpus for entry in types)
    memory = min(entry.gpu_memory_gib for entry in types)
    sharing = spec.sharing
    device_memory = slice_memory_gib(sharing, memory) if sharing is not None else memory
    by_turns = sharing is not None and sharing.mode != "mig"
    devices: dict[str, int] = {}
    nodes: dict[int, int] = {}
    for one in found:
        largest = max(entry.gpus for entry in one.types) * per_gpu
        nodes[largest] = nodes.get(largest, 0) + spec.capacity.nodes.max
        devices[one.accelerator] = devices.get(one.accelerator, 0) + spec.capacity.nodes.max * largest
    ctx.offer(
        GpuPoolExports(
            node_selector=ctx.src({POOL_LABEL: ctx.called}),
            tolerations=ctx.src([toleration(spec.device)], *choice),
            gpu_resource=spec.device.resource,
            device_class=ctx.src(DEVICE_CLASS if spec.devices == "dra" else None, "devices"),
            gpus_per_node=ctx.src(smallest, *choice),
            gpu_memory_gib=ctx.src(memory, *choice),
            accelerator=ctx.src(found[0].accelerator, *choice),
            accelerators=ctx.src(tuple(dict.fromkeys(one.accelerator for one in found)), *choice),
            vcpus_per_gpu=ctx.src(min(e.vcpus / e.gpus for e in types) / per_gpu, *choice, *shared),
            memory_gib_per_gpu=ctx.src(min(e.memory_gib / e.gpus for e in types) / per_gpu, *choice, *shared),
            max_gpus=ctx.src(sum(devices.values()), *choice, *shared, "capacity.nodes.max"),
            nodes=ctx.src(nodes, *choice, *shared, "capacity.nodes.max"),
            gpus_by_accelerator=ctx.src(devices, *choice, *shared, "capacity.nodes.max"),
            max_gpus_per_pod=ctx.src(1 if sharing is not None else smallest, *choice, "sharing"),
            device_memory_gib=ctx.src(device_memory, *choice, *shared),
            visible_memory_share=ctx.src(1 / per_gpu if by_turns else 1.0, *shared),
            nvidia_driver=driver_of(spec),
            ends=_ends(ctx, spec),
            efa_devices=ctx.src(found[0].types[0].efa if spec.network == "efa" else 0, *choice, "network"),
        )
    )


def _ends(ctx: DeclarationContext, spec: GpuPoolSpec) -> Sourced[str] | None:
    block = spec.capacity.block
    return ctx.src(block.ends, "capacity.block.ends") if block is not None else None
