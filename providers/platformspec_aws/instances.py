"""EC2 instance types with GPUs. Fractional ones (g6f, gr6f) are left out: no pod can ask for them through nvidia.com/gpu."""

from __future__ import annotations

import functools
import json
from dataclasses import dataclass
from importlib.resources import files

from platformspec.sdk import Offering


@dataclass(frozen=True, slots=True)
class Instance:
    """One type. Memory of a GPU and of the machine in GiB; `efa`: network cards with Elastic Fabric Adapter."""

    type: str
    accelerator: str
    gpus: int
    gpu_memory_gib: float
    vcpus: int
    memory_gib: int
    efa: int
    nvme_gb: int


@functools.cache
def instances() -> dict[str, Instance]:
    """All types, by name."""
    data = json.loads(files("platformspec_aws").joinpath("data/instances.json").read_text("utf-8"))
    return {row["type"]: Instance(**row) for row in data["instances"]}


def offerings() -> tuple[Offering, ...]:
    """The types as nodes that a model may be placed on."""
    return tuple(
        Offering(e.type, e.accelerator, e.gpus, e.gpu_memory_gib, f"ec2/{e.type}") for e in instances().values()
    )
