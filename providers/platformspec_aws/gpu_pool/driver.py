"""NVIDIA's driver on a pool's nodes: that of the pinned image. A managed node group takes the newest image, whose driver nobody pins."""

from __future__ import annotations

from platformspec.sdk import GPU, Code, DeclarationContext, GpuPoolSpec, gpus, node_images
from platformspec_aws.compatibility import NODE_IMAGE
from platformspec_aws.gpu_pool.choice import Alternative

OLD_DRIVER = Code(
    "PS492",
    "GPUs that the node image's driver does not know",
    explain="Nodes bring NVIDIA's driver with their image, and a GPU works from a certain driver on: with an older one the node joins the cluster, and has no GPUs. docs/compatibility.md lists both with their sources.",
)


def driver_of(spec: GpuPoolSpec) -> int | None:
    """Branch of the driver on nodes that Karpenter starts; None for a pool without such nodes or without GPUs."""
    image = node_images().get(NODE_IMAGE)
    known = image is not None and spec.fixed_because is None and spec.device == GPU
    return image.branch if image is not None and known else None


def check_driver(ctx: DeclarationContext, spec: GpuPoolSpec, found: tuple[Alternative, ...]) -> bool:
    """Whether the driver knows every GPU of the pool; reports those that it does not know."""
    branch = driver_of(spec)
    if branch is None:
        return True
    for alternative in found:
        need = gpus().get(alternative.accelerator)
        if need is not None and need.branch > branch:
            ctx.reject(
                OLD_DRIVER,
                f"{need.name} needs NVIDIA's driver {need.branch} or newer, and {NODE_IMAGE} brings {branch} ({need.source})",
                at=f"{alternative.field}accelerator",
                help="write another accelerator, such as `accelerator: l4` or `accelerator: l40s`",
            )
    return not ctx.rejected
