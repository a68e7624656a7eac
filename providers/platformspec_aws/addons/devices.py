"""Device plugins: they tell the scheduler about GPUs and EFA devices."""

from __future__ import annotations

from typing import Any

from platformspec.sdk import GPU, CapabilityContext, Device, GpuPoolSpec, Sourced
from platformspec_aws.addons.release import release
from platformspec_aws.gpu_pool.labels import DEVICES_LABEL, DRA, toleration
from platformspec_aws.gpu_pool.sharing import config_name, plugin_config

GPU_TOLERATION = toleration(GPU)
WHOLE_GPUS = "version: v1\n"
"""The plugin's configuration for nodes that name none: NVIDIA's chart takes the one called `default`."""


def install_gpu_device_plugin(ctx: CapabilityContext) -> None:
    """NVIDIA's plugin. Amazon Linux's NVIDIA image brings driver and toolkit, and labels its nodes nvidia.com/gpu.present."""
    values: dict[str, Any] = {"gdrcopyEnabled": False, "tolerations": [GPU_TOLERATION]}
    shared = _configurations(ctx)
    if shared:
        values["config"] = {"map": {"default": WHOLE_GPUS, **shared}}
    claimed = _claimed(ctx)
    if claimed is not None:
        values["affinity"] = claimed
    ctx.ready(release(ctx, "release", "nvidia-device-plugin", "nvidia-device-plugin", values))


def install_gpu_dra_driver(ctx: CapabilityContext) -> None:
    """NVIDIA's DRA driver, on nodes of pools with `devices: dra` only. Compute domains are for NVLink between nodes."""
    values: dict[str, Any] = {
        # The chart asks for this word from whoever keeps the device plugin off the driver's nodes.
        "gpuResourcesEnabledOverride": True,
        "resources": {"computeDomains": {"enabled": False}},
        "kubeletPlugin": {"nodeSelector": {DEVICES_LABEL: DRA}, "tolerations": [GPU_TOLERATION]},
    }
    ctx.ready(release(ctx, "release", "dra-driver-nvidia-gpu", "nvidia-dra-driver", values))


def _claimed(ctx: CapabilityContext) -> Sourced[dict[str, Any]] | None:
    """Keeps the device plugin off nodes whose GPUs are claimed; None where there are none."""
    paths = [
        (*declaration.path, "devices")
        for edge in ctx.graph.edges_to(ctx.address)
        if edge.relation == "placed_in"
        and isinstance(spec := (declaration := ctx.graph.declarations[edge.source.parent]).spec, GpuPoolSpec)
        and spec.devices == DRA
    ]
    expressions = [
        {"key": "nvidia.com/gpu.present", "operator": "In", "values": ["true"]},
        {"key": DEVICES_LABEL, "operator": "NotIn", "values": [DRA]},
    ]
    terms = {"nodeSelectorTerms": [{"matchExpressions": expressions}]}
    affinity = {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": terms}}
    return Sourced(affinity, tuple(paths)) if paths else None


def _configurations(ctx: CapabilityContext) -> dict[str, Sourced[str]]:
    """What the nodes of the cluster's shared pools name in a label, by name."""
    found: dict[str, Sourced[str]] = {}
    for edge in ctx.graph.edges_to(ctx.address):
        declaration = ctx.graph.declarations[edge.source.parent]
        spec = declaration.spec
        if edge.relation != "placed_in" or not isinstance(spec, GpuPoolSpec) or spec.sharing is None:
            continue
        if spec.sharing.mode != "mig":
            name, path = config_name(spec.sharing), (*declaration.path, "sharing")
            paths = (*found[name].paths, path) if name in found else (path,)
            found[name] = Sourced(plugin_config(spec.sharing), paths)
    return dict(sorted(found.items()))


def install_efa_device_plugin(ctx: CapabilityContext) -> None:
    """AWS's plugin for Elastic Fabric Adapter."""
    ctx.ready(release(ctx, "release", "aws-efa-k8s-device-plugin", "kube-system", {"tolerations": _with_efa(ctx)}))


def _with_efa(ctx: CapabilityContext) -> Any:
    """What lets the plugin onto the nodes with EFA: GPUs, and other devices where a pool has them."""
    others: dict[str, Device] = {}
    paths: list[tuple[str | int, ...]] = []
    for edge in ctx.graph.edges_to(ctx.address):
        declaration = ctx.graph.declarations[edge.source.parent]
        spec = declaration.spec
        if edge.relation != "placed_in" or not isinstance(spec, GpuPoolSpec) or spec.device == GPU:
            continue
        if spec.network == "efa":
            others[spec.device.resource] = spec.device
            paths += [(*declaration.path, name) for name in ("accelerator", "network")]
    tolerations = [GPU_TOLERATION, *(toleration(device) for _, device in sorted(others.items()))]
    return Sourced(tolerations, tuple(paths)) if others else tolerations


def install_neuron_device_plugin(ctx: CapabilityContext) -> None:
    """AWS's plugin for Neuron chips, which tolerates their taint and looks for their instance types by itself.

    The chart's node problem detector is for its own recovery of nodes, which wants permissions to replace them: it stays off, as in
    AWS's instructions for the device plugin.
    """
    values = {"npd": {"enabled": False}}
    ctx.ready(release(ctx, "release", "neuron-helm-chart", "kube-system", values))
