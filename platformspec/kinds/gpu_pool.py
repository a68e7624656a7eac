"""`gpu_pools`: nodes with accelerators."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Final, Literal

from pydantic import Field

from platformspec.ir.sourced import Sourced
from platformspec.kinds.accelerators import Device, device_of
from platformspec.kinds.base import Integer, Many, Name, NamedSpec, Number, Ref, RefTo, Spec, section
from platformspec.kinds.cloud import Zone
from platformspec.kinds.cron import Cron

Accelerator = Literal[
    "t4", "a10g", "l4", "l40s", "a100", "h100", "h200", "b200", "b300", "rtx-pro-4500", "rtx-pro-6000", "trainium2"
]


ACCELERATOR_LABEL: Final = "platformspec.dev/accelerator"
"""Label of every node of a pool: its GPU, by the name that the language has for it."""
InstanceType = Annotated[str, Field(pattern=r"^[a-z0-9-]+\.[a-z0-9-]+$(?!\n)")]
GpusPerNode = Annotated[Integer, Field(ge=1, le=16)]


class NodesSpec(Spec):
    """How many nodes the pool may have."""

    min: Integer = Field(
        default=0, description="Nodes that are always there: a managed node group of this size.", ge=0, le=1000
    )
    max: Integer = Field(
        default=2, description="Nodes at most. Those above min come and go with Karpenter.", ge=1, le=1000
    )


class SpotSpec(Spec):
    """Part of the pool that may be spot. Where there is no spot capacity its nodes are on demand."""

    share: Annotated[Number, Field(gt=0, le=1)] = Field(
        default=1.0, description="Share of the pool's nodes, at its largest, that may be spot."
    )
    on_demand_floor: Integer = Field(
        default=0, description="Nodes that are on demand before the first spot node is started.", ge=0, le=1000
    )


ReservationId = Annotated[str, Field(pattern=r"^cr-[0-9a-f]{8,17}$(?!\n)")]
Day = Annotated[str, Field(pattern=r"^\d{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01])$(?!\n)")]


class OnDemandReservation(Spec):
    """An On-Demand Capacity Reservation: paid while it is there, whether it is used or not."""

    id: ReservationId = Field(description="Capacity reservation id, such as cr-0a1b2c3d4e5f.")
    zone: Zone = Field(description="Its availability zone, such as eu-central-1a.")
    ends: Day | None = Field(
        default=None, description="Day on which it ends, in quotes: 2027-03-31. Without an end where left out."
    )


class CapacityBlock(Spec):
    """A Capacity Block for ML that has been bought."""

    reservation: ReservationId = Field(description="Capacity reservation id, such as cr-0a1b2c3d4e5f.")
    zone: Zone = Field(description="Availability zone of the block, such as eu-central-1a.")
    ends: Day = Field(description="Day on which the block ends, in quotes: 2027-03-31.")


class CapacitySpec(Spec):
    """How much, and how it is bought."""

    nodes: NodesSpec = section("Number of nodes.")
    spot: SpotSpec | None = Field(
        default=None, description="Let part of the nodes above min be spot; on demand where left out."
    )
    reservation: OnDemandReservation | None = Field(
        default=None, description="Take nodes from an On-Demand Capacity Reservation first."
    )
    block: CapacityBlock | None = Field(default=None, description="Take the nodes from a Capacity Block.")


class SharingSpec(Spec):
    """Several pods on one GPU."""

    mode: Literal["time_slicing", "mps", "mig"] = Field(
        description="time_slicing: by turns, without a wall between pods. mps: an equal part of memory and cores each (experimental at NVIDIA). mig: slices in hardware."
    )
    replicas: Annotated[Integer, Field(ge=2, le=48)] | None = Field(
        default=None, description="Pods on one GPU, with time_slicing and mps."
    )
    profile: Annotated[str, Field(pattern=r"^\dg\.\d{1,3}gb$(?!\n)")] | None = Field(
        default=None, description="Slice of a GPU with mig, such as 1g.10gb."
    )


DisruptionReason = Literal["new_image", "empty"]


class QuietTimeSpec(Spec):
    """A time of the week in which Karpenter leaves the pool's nodes alone."""

    start: Cron = Field(
        description="When it begins, in UTC: minute, hour, day of month, month, day of week, such as 0 7 * * 1-5."
    )
    hours: Integer = Field(description="How long it lasts.", ge=1, le=744)
    reasons: Many[DisruptionReason] = Field(
        default=(),
        description="What waits meanwhile: new_image, replacing nodes for a new image or another setting; empty, removing empty nodes. Both where left out.",
    )


class DisruptionSpec(Spec):
    """When Karpenter may take nodes away. The end of a spot node or of a node's 30 days waits for nothing."""

    nodes_at_once: Integer = Field(
        default=1, description="Nodes that may be replaced at the same time for a new image.", ge=1, le=1000
    )
    quiet: dict[Name, QuietTimeSpec] = Field(
        default={},
        description="Times in which nodes stay, by name; outside of them they may be replaced.",
        max_length=20,
    )


class GpuChoice(Spec):
    """One of several kinds of node that a pool may start."""

    accelerator: Accelerator = Field(
        description="GPU, by its Karpenter name, or trainium2, whose devices are Neuron chips."
    )
    instances: Many[InstanceType] = Field(
        default=(), description="Instance types. Where left out, every type with this accelerator and gpus_per_node."
    )
    gpus_per_node: GpusPerNode | None = Field(default=None, description="GPUs of a node, where instances are left out.")


class GpuPoolSpec(NamedSpec):
    """Nodes with accelerators."""

    cluster: Annotated[Ref, RefTo("cluster", "placed_in")] | None = Field(
        default=None, description="Cluster of the nodes; not needed where there is one."
    )
    accelerator: Accelerator | None = Field(
        default=None,
        description="GPU, by its Karpenter name, or trainium2, whose devices are Neuron chips. Left out only with any_of.",
    )
    instances: Many[InstanceType] = Field(
        default=(), description="Instance types. Where left out, every type with this accelerator and gpus_per_node."
    )
    gpus_per_node: GpusPerNode | None = Field(default=None, description="GPUs of a node, where instances are left out.")
    any_of: Annotated[Many[GpuChoice], Field(max_length=5)] = Field(
        default=(),
        description="Ordered alternatives, instead of accelerator: the next is taken where the one before cannot be had. `capacity.nodes.max` counts for each.",
    )
    capacity: CapacitySpec = section("How many nodes, and how they are bought.")
    disruption: DisruptionSpec = section("When nodes above the minimum may be taken away.")
    network: Literal["standard", "efa"] = Field(
        default="standard", description="efa: nodes in one placement group with Elastic Fabric Adapter on every card."
    )
    sharing: SharingSpec | None = Field(
        default=None, description="Several pods on one GPU; each pod has its GPUs for itself where left out."
    )
    devices: Literal["plugin", "dra"] = Field(
        default="plugin",
        description="How pods get GPUs: as a number of nvidia.com/gpu, or by a claim through Dynamic Resource Allocation.",
    )
    disk_gib: Annotated[Integer, Field(ge=50, le=16000)] | None = Field(
        default=None,
        description="Root volume in GiB; where left out, sized for the images and weights of the models on the pool.",
    )

    @property
    def choices(self) -> tuple[GpuChoice, ...]:
        """The kinds of node, in order of preference."""
        if self.any_of or self.accelerator is None:
            return self.any_of
        return (GpuChoice(accelerator=self.accelerator, instances=self.instances, gpus_per_node=self.gpus_per_node),)

    @property
    def device(self) -> Device:
        """What a device of the pool is; all its kinds of node have the same."""
        choices = self.choices
        return device_of(choices[0].accelerator if choices else "")

    @property
    def fixed_because(self) -> str | None:
        """What makes the pool a managed node group of fixed size, in words; None where Karpenter may add nodes."""
        if self.capacity.block is not None:
            return "a Capacity Block"
        if self.network == "efa":
            return "Elastic Fabric Adapter"
        if self.sharing is not None:
            return "shared GPUs"
        if self.devices == "dra":
            return "Dynamic Resource Allocation"
        return None


@dataclass(frozen=True, slots=True)
class GpuPoolExports:
    """What a pool offers to a pod.

    A pod asks for devices: GPUs, or shares of one where the pool shares its GPUs. Where a pool may start several kinds of
    node, the figures are those of the poorest.
    """

    node_selector: Sourced[dict[str, str]]
    tolerations: Sourced[list[dict[str, str]]]
    gpu_resource: str
    """Extended resource by which a pod asks for devices."""
    device_class: Sourced[str | None]
    """DeviceClass that a pod claims its devices from, instead of asking for `gpu_resource`; None where it asks for a number."""
    gpus_per_node: Sourced[int]
    """GPUs of the smallest node that the pool may start."""
    gpu_memory_gib: Sourced[float]
    """Memory of a GPU, in GiB."""
    accelerator: Sourced[str]
    """The first choice."""
    accelerators: Sourced[tuple[str, ...]]
    """Every GPU that a pod may meet, in order of preference; one where the pool has no alternatives."""
    vcpus_per_gpu: Sourced[float]
    memory_gib_per_gpu: Sourced[float]
    """vCPUs and memory of the machine that belong to one device, in vCPUs and GiB."""
    max_gpus: Sourced[int]
    """Devices of the pool at its largest."""
    nodes: Sourced[Mapping[int, int]]
    """Devices of a node -> nodes of that size, when the pool is at its largest."""
    gpus_by_accelerator: Sourced[Mapping[str, int]]
    """The same for each accelerator: what quotas are held against."""
    max_gpus_per_pod: Sourced[int]
    """Devices that one pod may ask for: the GPUs of a node, and 1 where GPUs are shared."""
    device_memory_gib: Sourced[float]
    """GPU memory that a pod has per device, in GiB: of a whole GPU, of a MIG slice, or its part of a shared GPU."""
    visible_memory_share: Sourced[float]
    """Part that a pod may take of the GPU memory that it sees: 1 for whole GPUs and MIG slices, 1/replicas where pods share one."""
    nvidia_driver: int | None
    """Branch of NVIDIA's driver on its nodes, such as 580; None where their image is chosen by the cloud."""
    ends: Sourced[str] | None
    """Day on which the pool's nodes are gone, as YYYY-MM-DD; None where they have no end."""
    efa_devices: Sourced[int]

    @property
    def device(self) -> Device:
        """What a device of the pool is."""
        return device_of(self.accelerator.value)
