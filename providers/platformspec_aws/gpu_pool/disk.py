"""How large the root volume of a pool's nodes is."""

from __future__ import annotations

import math
from typing import Final

from platformspec.sdk import DeclarationContext, GpuPoolSpec, ModelSpec, Path, Sourced, facts_of, parallelism
from platformspec_aws.gpu_pool.choice import Alternative

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
    if spec.disk_gib is not None:
        return ctx.src(spec.disk_gib, "disk_gib")
    types = [entry for alternative in alternatives for entry in alternative.types]
    gpus, gpu_memory = max(entry.gpus for entry in types), max(entry.gpu_memory_gib for entry in types)
    per_gpu, per_node, because = 0.0, 0.0, list[Path]()
    for edge in ctx.graph.edges_to(ctx.address):
        declaration = ctx.graph.declarations[edge.source.parent]
        model = declaration.spec
        if edge.relation != "runs_on" or not isinstance(model, ModelSpec):
            continue
        billions, spread = facts_of(model).parameters_billion, parallelism(model.serve, gpus, spec.device)
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
