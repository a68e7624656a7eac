"""What a device of an accelerator is: the resource that pods ask for, and the ranks that an engine sees in one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Device:
    """One device.

    - `resource`: the extended resource that its plugin offers, which is also the key of its nodes' taint.
    - `ranks`: ranks of an engine on one device. `tensor_parallel` counts ranks; pods, quotas and prices count devices.
    - `rank`: what a rank runs on, in words; `memory`: what its size is that of.
    - `source`: where that was read.
    """

    resource: str
    ranks: int
    rank: str
    memory: str
    source: str


GPU: Final = Device("nvidia.com/gpu", 1, "GPU", "that CUDA reports", "NVIDIA/k8s-device-plugin, README")
# Eight NeuronCores a chip, joined in pairs (LNC=2), which is how vLLM Neuron counts.
TRAINIUM2: Final = Device(
    "aws.amazon.com/neuron",
    4,
    "logical NeuronCore",
    "of HBM",
    "AWS Neuron documentation, Logical NeuronCore configuration: LNC=2 is Trn2's default, four logical cores a chip",
)
OTHERS: Final = {"trainium2": TRAINIUM2}


def device_of(accelerator: str) -> Device:
    """The accelerator's device; a GPU where the table has no other."""
    return OTHERS.get(accelerator, GPU)
