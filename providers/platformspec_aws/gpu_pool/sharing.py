"""Several pods on one GPU: what the nodes must be told, and what a pod gets.

Time-slicing and MPS are settings of NVIDIA's device plugin, which reads the name of its configuration from a node label. MIG is
set by the node's operating system at boot: Bottlerocket does that, Amazon Linux has nothing for it.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import Any, Final

from platformspec.sdk import Code, DeclarationContext, GpuPoolSpec, SharingSpec
from platformspec_aws.gpu_pool.choice import Alternative

NO_MIG = Code(
    "PS503",
    "MIG on a GPU without MIG",
    explain="Multi-Instance GPU divides a GPU in hardware. Data centre GPUs from A100 on have it; T4, A10G, L4 and L40S do not. On EKS it is set by Bottlerocket, which knows the profiles of A100, H100, H200 and B200.",
)
NO_PROFILE = Code(
    "PS504",
    "a MIG profile that the GPU does not have",
    explain="A MIG profile names compute slices and memory: 1g.10gb is one of seven compute slices with 10 GB. Each GPU has its own profiles.",
)

# (accelerator, memory of a GPU in GiB, rounded) -> Bottlerocket's name of the GPU, and profile -> slices of one GPU.
# Source: bottlerocket-core-kit, nvidia-migmanager, mig_profile.rs. What it does not know (4g.40gb) silently becomes one slice.
MIG: Final[Mapping[tuple[str, int], tuple[str, Mapping[str, int]]]] = {
    ("a100", 40): ("a100.40gb", {"1g.5gb": 7, "1g.10gb": 4, "2g.10gb": 3, "3g.20gb": 2, "7g.40gb": 1}),
    ("a100", 80): ("a100.80gb", {"1g.10gb": 7, "1g.20gb": 4, "2g.20gb": 3, "3g.40gb": 2, "7g.80gb": 1}),
    ("h100", 80): ("h100.80gb", {"1g.10gb": 7, "1g.20gb": 4, "2g.20gb": 3, "3g.40gb": 2, "7g.80gb": 1}),
    ("h200", 141): ("h200.141gb", {"1g.18gb": 7, "1g.35gb": 4, "2g.35gb": 3, "3g.71gb": 2, "7g.141gb": 1}),
    ("b200", 179): ("b200.180gb", {"1g.23gb": 7, "1g.45gb": 4, "2g.45gb": 3, "3g.90gb": 2, "7g.180gb": 1}),
}
# GPUs that NVIDIA divides, and Bottlerocket does not yet. Source: Amazon EKS user guide, NVIDIA devices.
WITH_MIG: Final = frozenset({"a100", "h100", "h200", "b200", "b300", "rtx-pro-4500", "rtx-pro-6000"})
# A slice that is called 10gb has 9.5 GiB: the driver keeps a part. Source: NVIDIA MIG User Guide (1g.5gb: 4864 MiB).
USABLE: Final = 0.95
CONFIG_LABEL: Final = "nvidia.com/device-plugin.config"
MPS_LABEL: Final = "nvidia.com/mps.capable"
WORDS: Final = {"time_slicing": "time-slicing", "mps": "mps"}


def slices(ctx: DeclarationContext, sharing: SharingSpec, alternative: Alternative) -> int | None:
    """Pods that fit on one GPU; None where the GPU cannot be divided so."""
    if sharing.mode != "mig":
        return sharing.replicas
    found: list[int] = []
    for entry in alternative.types:
        known = MIG.get((entry.accelerator, round(entry.gpu_memory_gib)))
        if known is None:
            able = sorted({accelerator for accelerator, _ in MIG})
            ctx.reject(
                NO_MIG,
                f"{entry.type} has {entry.accelerator} GPUs of {entry.gpu_memory_gib:g} GiB, for which Bottlerocket has no MIG profiles"
                if entry.accelerator in WITH_MIG
                else f"{entry.type} has {entry.accelerator} GPUs, which have no MIG",
                at="sharing.mode",
                help=f"write `mode: time_slicing` with `replicas`, or choose one of {', '.join(able)}",
            )
            return None
        profiles = known[1]
        count = profiles.get(sharing.profile or "")
        if count is None:
            ctx.reject(
                NO_PROFILE,
                f"{entry.accelerator} with {entry.gpu_memory_gib:g} GiB has no MIG profile {sharing.profile}",
                at="sharing.profile",
                help=f"profiles, with slices of a GPU: {', '.join(f'{p} ({n})' for p, n in profiles.items())}",
            )
            return None
        found.append(count)
    return min(found)


def slice_memory_gib(sharing: SharingSpec, gpu_memory_gib: float) -> float:
    """GPU memory of one pod in GiB."""
    if sharing.mode == "mig" and sharing.profile is not None:
        return float(sharing.profile.split(".")[1].removesuffix("gb")) * USABLE
    return gpu_memory_gib / (sharing.replicas or 1)


def config_name(sharing: SharingSpec) -> str:
    """Name of the device plugin's configuration for time-slicing and MPS, such as `time-slicing-4`."""
    return f"{WORDS[sharing.mode]}-{sharing.replicas}"


def plugin_config(sharing: SharingSpec) -> str:
    """The device plugin's configuration file. Source: NVIDIA/k8s-device-plugin 0.20, README."""
    key = "timeSlicing" if sharing.mode == "time_slicing" else "mps"
    # Asking for two shares gives no more of the GPU, so NVIDIA's plugin can refuse it; with MPS it always does.
    refuse = "    failRequestsGreaterThanOne: true\n" if sharing.mode == "time_slicing" else ""
    return (
        f"version: v1\nsharing:\n  {key}:\n{refuse}    resources:\n"
        f"      - name: nvidia.com/gpu\n        replicas: {sharing.replicas}\n"
    )


def node_labels(ctx: DeclarationContext, spec: GpuPoolSpec) -> dict[str, Any]:
    """Labels by which the device plugin finds the configuration of a node."""
    sharing = spec.sharing
    if sharing is None or sharing.mode == "mig":
        return {}
    labels = {CONFIG_LABEL: ctx.src(config_name(sharing), "sharing.mode", "sharing.replicas")}
    if sharing.mode == "mps":
        # NVIDIA's chart starts the MPS daemon on nodes with this label.
        labels[MPS_LABEL] = ctx.src("true", "sharing.mode")
    return labels


def mig_user_data(sharing: SharingSpec, alternative: Alternative) -> str:
    """Bottlerocket's settings that divide the GPUs at boot, in base64."""
    names = sorted({MIG[(entry.accelerator, round(entry.gpu_memory_gib))][0] for entry in alternative.types})
    lines = [
        "[settings.kubelet-device-plugins.nvidia]",
        'device-partitioning-strategy = "mig"',
        "",
        "[settings.kubelet-device-plugins.nvidia.mig.profile]",
        *(f'"{name}" = "{sharing.profile}"' for name in names),
        "",
    ]
    return base64.b64encode("\n".join(lines).encode()).decode()
