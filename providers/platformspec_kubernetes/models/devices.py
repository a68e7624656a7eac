"""How a pod gets its GPUs: by their number, or by a claim through Dynamic Resource Allocation."""

from __future__ import annotations

from typing import Any, Final

from platformspec.sdk import Code
from platformspec_kubernetes.models.engines.engine import PARALLEL_FIELDS, Launch

UNCOUNTED_CLAIMS = Code(
    "PS507",
    "claimed GPUs of a team that lends or borrows",
    explain="Kueue counts the GPUs that pods ask for by number. A claim through Dynamic Resource Allocation would not be counted, so the team's quota would not hold.",
)
CLAIM: Final = "gpus"


def amount(launch: Launch) -> dict[str, Any]:
    """What the container asks for among its resources; nothing where its GPUs are claimed."""
    if launch.pool.device_class.value is not None:
        return {}
    return {launch.pool.gpu_resource: _count(launch, str(launch.parallelism.gpus_per_pod))}


def container_claims(launch: Launch) -> dict[str, Any]:
    """The container's part of the pod's claim."""
    device_class = launch.pool.device_class
    return {"claims": launch.ctx.src([{"name": CLAIM}], device_class, "pool")} if device_class.value is not None else {}


def pod_claims(launch: Launch) -> dict[str, Any]:
    """The pod's claim: every pod gets one of its own, made from the model's template."""
    device_class = launch.pool.device_class
    if device_class.value is None:
        return {}
    claim = [{"name": CLAIM, "resourceClaimTemplateName": launch.ctx.called}]
    return {"resourceClaims": launch.ctx.src(claim, device_class, "pool")}


def claim_template(launch: Launch, namespace: str) -> None:
    """The template of the claims, where the pool's GPUs are claimed."""
    ctx, device_class = launch.ctx, launch.pool.device_class
    if device_class.value is None:
        return
    if launch.queue is not None:
        ctx.reject(
            UNCOUNTED_CLAIMS,
            f"the GPUs of {ctx.target('runs_on')} are claimed, and the owner of {ctx.address} lends or borrows GPUs",
            at="pool",
            help="choose a pool with `devices: plugin`, or remove `may_borrow_from` from the teams",
        )
    exactly = {
        "deviceClassName": device_class,
        "allocationMode": "ExactCount",
        "count": _count(launch, launch.parallelism.gpus_per_pod),
    }
    ctx.manifest(
        "resource.k8s.io/v1",
        "ResourceClaimTemplate",
        ctx.called,
        "devices",
        {"spec": {"spec": {"devices": {"requests": [{"name": "gpu", "exactly": exactly}]}}}},
        namespace=namespace,
        because=("pool", device_class),
        capability="gpu-dra-driver",
    )


def _count(launch: Launch, value: Any) -> Any:
    return launch.ctx.src(value, launch.pool.gpus_per_node, launch.pool.device_class, *PARALLEL_FIELDS)
