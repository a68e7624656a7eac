"""Device plugins: they tell the scheduler about GPUs and EFA devices."""

from __future__ import annotations

from platformspec.sdk import CapabilityContext
from platformspec_aws.addons.release import release

GPU_TOLERATION = {"key": "nvidia.com/gpu", "operator": "Exists", "effect": "NoSchedule"}


def install_gpu_device_plugin(ctx: CapabilityContext) -> None:
    """NVIDIA's plugin. Amazon Linux's NVIDIA image brings driver and toolkit, and labels its nodes nvidia.com/gpu.present."""
    ctx.ready(
        release(
            ctx,
            "release",
            "nvidia-device-plugin",
            "nvidia-device-plugin",
            {"gdrcopyEnabled": False, "tolerations": [GPU_TOLERATION]},
        )
    )


def install_efa_device_plugin(ctx: CapabilityContext) -> None:
    """AWS's plugin for Elastic Fabric Adapter."""
    ctx.ready(release(ctx, "release", "aws-efa-k8s-device-plugin", "kube-system", {"tolerations": [GPU_TOLERATION]}))
