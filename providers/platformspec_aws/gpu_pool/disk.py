"""How large the root volume of a pool's nodes is."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Final

from platformspec.sdk import (
    USUAL,
    Code,
    DeclarationContext,
    Edge,
    GpuPoolSpec,
    ModelSpec,
    Path,
    Sourced,
    device_of,
    facts_of,
    parallelism,
    weights_bytes_by_size,
)
from platformspec_aws.gpu_pool.choice import Alternative

TOO_SMALL = Code(
    "PS440",
    "a root volume smaller than the weights of a model on it",
    explain="Weights from a repository or an image are downloaded to the node's root volume before a server reads them; those in the platform's bucket are streamed into GPU memory. Beside them the volume holds the system and the server's image. Where `disk_gib` is left out, the volume is sized for all of that.",
)

# The system, and two releases of a model server's image, packed and unpacked, while one replaces the other.
SYSTEM_GIB: Final = 100
# Weights as downloaded, and room for compiled kernels. Two bytes a parameter are 1.9 GiB per billion.
GIB_PER_BILLION: Final = 2.5
CACHE_GIB: Final = 10
STEP_GIB: Final = 50
# A node keeps the revision before the present one until a rollout is over.
COPIES: Final = 2
PARALLEL: Final = ("tensor_parallel", "pipeline_parallel", "data_parallel")
"""Fields of `serve` that say how many GPUs a replica has."""


def disk_gib(
    ctx: DeclarationContext, spec: GpuPoolSpec, alternatives: tuple[Alternative, ...], pods_per_gpu: int
) -> Sourced[int]:
    """What the user wrote, or room for images and for as many replicas as the largest node takes."""
    needed = _needed_gib(ctx, alternatives, pods_per_gpu)
    if spec.disk_gib is None:
        return needed
    for edge, model in _models(ctx):
        weights = _weights_gib(model)
        if weights is not None and weights > spec.disk_gib:
            ctx.reject(
                TOO_SMALL,
                f"{ctx.address} has {spec.disk_gib} GiB of disk a node, and the weights of {edge.source.parent} alone take {weights:.0f} GiB",
                at="disk_gib",
                help=f"write `disk_gib: {needed.value}`, or remove it: that is what its models need",
                related=((f"{edge.source.parent} runs on it", edge.path),),
            )
    return ctx.src(spec.disk_gib, "disk_gib")


def _models(ctx: DeclarationContext) -> Iterator[tuple[Edge, ModelSpec]]:
    """Models that run on the pool, with the edge that says so."""
    for edge in ctx.graph.edges_to(ctx.address):
        spec = ctx.graph.declarations[edge.source.parent].spec
        if edge.relation == "runs_on" and isinstance(spec, ModelSpec):
            yield edge, spec


def _weights_gib(model: ModelSpec) -> float | None:
    """What is downloaded, at least: matrices that stay in 16 bits are counted as quantised ones. None where nothing is, or nobody knows."""
    facts, source = facts_of(model), model.source
    if source is None or source.bucket is not None or facts.parameters_billion is None:
        return None
    return weights_bytes_by_size(facts, facts.precision or USUAL, gpus=1) / 2**30


def _needed_gib(ctx: DeclarationContext, alternatives: tuple[Alternative, ...], pods_per_gpu: int) -> Sourced[int]:
    types = [entry for alternative in alternatives for entry in alternative.types]
    gpus, gpu_memory = max(entry.gpus for entry in types), max(entry.gpu_memory_gib for entry in types)
    per_gpu, per_node, because = 0.0, 0.0, list[Path]()
    for edge, model in _models(ctx):
        declaration = ctx.graph.declarations[edge.source.parent]
        device = device_of(alternatives[0].accelerator)
        billions, spread = facts_of(model).parameters_billion, parallelism(model.serve, gpus, device)
        per_pod = spread.gpus_per_pod if spread is not None else gpus
        # A model of unknown size is taken to fill its GPUs.
        weights = billions * GIB_PER_BILLION if billions is not None else gpu_memory * per_pod
        cached = model.serve.weights_cache is not None
        if cached:
            per_node += weights * (COPIES + (model.rollout.canary is not None or model.rollout.blue_green is not None))
        # Without a cache each pod downloads all weights.
        per_gpu = max(per_gpu, (CACHE_GIB if cached else weights + CACHE_GIB) / per_pod)
        fields = (
            ("source",),
            ("facts", "parameters_billion"),
            ("serve", "weights_cache"),
            ("rollout",),
            *(("serve", name) for name in PARALLEL),
        )
        because += [edge.path, *((*declaration.path, *field) for field in fields)]
    size = math.ceil((SYSTEM_GIB + per_node + gpus * pods_per_gpu * per_gpu) / STEP_GIB) * STEP_GIB
    fields_of_choice = [field for alternative in alternatives for field in alternative.fields]
    return ctx.src(size, "disk_gib", "sharing", *fields_of_choice, Sourced(None, tuple(because)))
