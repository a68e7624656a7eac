"""`gpu_pools`: nodes with accelerators."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import Field

from platformspec.ir.sourced import Sourced
from platformspec.kinds.base import DeclarationSpec, Integer, Many, Ref, RefTo, Spec, section

Accelerator = Literal[
    "t4", "a10g", "l4", "l40s", "a100", "h100", "h200", "b200", "b300", "rtx-pro-4500", "rtx-pro-6000"
]


class NodesSpec(Spec):
    """How many nodes the pool may have."""

    min: Integer = Field(
        default=0, description="Nodes that are always there: a managed node group of this size.", ge=0, le=1000
    )
    max: Integer = Field(
        default=2, description="Nodes at most. Those above min come and go with Karpenter.", ge=1, le=1000
    )


class CapacityBlock(Spec):
    """A Capacity Block for ML that has been bought."""

    reservation: str = Field(
        description="Capacity reservation id, such as cr-0a1b2c3d4e5f.", pattern=r"^cr-[0-9a-f]{8,17}$(?!\n)"
    )
    zone: str = Field(
        description="Availability zone of the block, such as eu-central-1a.",
        pattern=r"^[a-z]{2}(?:-[a-z]+)+-\d[a-z]$(?!\n)",
    )
    ends: str = Field(
        description="Day on which the block ends, in quotes: 2027-03-31.",
        pattern=r"^\d{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01])$(?!\n)",
    )


class CapacitySpec(Spec):
    """How much, and how it is bought."""

    nodes: NodesSpec = section("Number of nodes.")
    purchase: Literal["on_demand", "spot", "spot_or_on_demand"] = Field(
        default="on_demand",
        description="How nodes above min are bought. spot_or_on_demand takes spot where there is some.",
    )
    block: CapacityBlock | None = Field(default=None, description="Take the nodes from a Capacity Block.")


class GpuPoolSpec(DeclarationSpec):
    """Nodes of one accelerator."""

    cluster: Annotated[Ref, RefTo("cluster", "placed_in")] | None = Field(
        default=None, description="Cluster of the nodes; not needed where there is one."
    )
    accelerator: Accelerator = Field(description="GPU, by its Karpenter name.")
    instances: Many[Annotated[str, Field(pattern=r"^[a-z0-9-]+\.[a-z0-9-]+$(?!\n)")]] = Field(
        default=(), description="Instance types. Where left out, every type with this accelerator and gpus_per_node."
    )
    gpus_per_node: Annotated[Integer, Field(ge=1, le=16)] | None = Field(
        default=None, description="GPUs of a node, where instances are left out."
    )
    capacity: CapacitySpec = section("How many nodes, and how they are bought.")
    network: Literal["standard", "efa"] = Field(
        default="standard", description="efa: nodes in one placement group with Elastic Fabric Adapter on every card."
    )
    disk_gib: Integer = Field(
        default=300, description="Root volume for images and model caches, in GiB.", ge=50, le=16000
    )


@dataclass(frozen=True, slots=True)
class GpuPoolExports:
    """What a pool offers to a pod."""

    node_selector: Sourced[dict[str, str]]
    tolerations: Sourced[list[dict[str, str]]]
    gpu_resource: str
    gpus_per_node: Sourced[int]
    """GPUs of the smallest node that the pool may start."""
    gpu_memory_gib: Sourced[float]
    accelerator: Sourced[str]
    vcpus_per_gpu: Sourced[float]
    memory_gib_per_gpu: Sourced[float]
    """vCPUs and memory of the poorest instance type of the pool, divided by its GPUs."""
    max_gpus: Sourced[int]
    efa_devices: Sourced[int]
