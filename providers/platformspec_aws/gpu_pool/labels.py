"""What every node of a GPU pool carries, whoever starts it."""

from __future__ import annotations

from typing import Final

POOL_LABEL: Final = "platformspec.dev/pool"
GPU_RESOURCE: Final = "nvidia.com/gpu"
# Without this taint ordinary pods fill the GPU nodes, and Karpenter buys more of them.
GPU_TAINT: Final = {"key": GPU_RESOURCE, "value": "present", "effect": "NoSchedule"}
# EKS spells the effects of taints in its own way.
NODE_GROUP_TAINT: Final = {"key": GPU_RESOURCE, "value": "present", "effect": "NO_SCHEDULE"}
# Nodes with the DRA driver, where the device plugin must not run: both would give away the same GPUs.
DEVICES_LABEL: Final = "platformspec.dev/devices"
DRA: Final = "dra"
