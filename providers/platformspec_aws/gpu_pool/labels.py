"""What every node of a GPU pool carries, whoever starts it."""

from __future__ import annotations

from typing import Final

from platformspec.sdk import Device

POOL_LABEL: Final = "platformspec.dev/pool"
# Nodes with the DRA driver, where the device plugin must not run: both would give away the same GPUs.
DEVICES_LABEL: Final = "platformspec.dev/devices"
DRA: Final = "dra"


def taint(device: Device) -> dict[str, str]:
    """Without it ordinary pods fill the nodes, and Karpenter buys more of them."""
    return {"key": device.resource, "value": "present", "effect": "NoSchedule"}


def node_group_taint(device: Device) -> dict[str, str]:
    """The same for a node group: EKS spells the effects of taints in its own way."""
    return {"key": device.resource, "value": "present", "effect": "NO_SCHEDULE"}


def toleration(device: Device) -> dict[str, str]:
    """What lets a pod onto nodes with these devices."""
    return {"key": device.resource, "operator": "Exists", "effect": "NoSchedule"}
