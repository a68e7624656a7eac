"""Whether an engine's CUDA works with the driver of a pool's nodes."""

from __future__ import annotations

from typing import Any

from platformspec.sdk import Code, DeclarationContext, engine_images

OLD_DRIVER = Code(
    "PS493",
    "an engine whose CUDA needs a newer driver",
    explain="An engine's image brings CUDA, the node NVIDIA's driver. CUDA 13 needs driver 580 or newer, CUDA 12 driver 525: docs/compatibility.md lists both with their sources.",
)


def check(ctx: DeclarationContext, image: Any, branch: int | None) -> None:
    """Report an image that needs more than the driver's branch. An image without a row, or a driver that is not known, says nothing."""
    row = engine_images().get(image) if isinstance(image, str) else None
    if row is None or branch is None or row.driver.branch <= branch:
        return
    ctx.reject(
        OLD_DRIVER,
        f"{row.name} has CUDA {row.cuda}, which needs NVIDIA's driver {row.driver.branch} or newer, and the nodes have {branch} ({row.driver.source})",
        at="pool",
        help="write another pool, or another engine",
    )
