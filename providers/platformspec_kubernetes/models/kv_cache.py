"""A KV cache in a precision that the engine and the pool's GPUs can keep it in."""

from __future__ import annotations

from platformspec.sdk import Code, DeclarationContext, GpuPoolExports, ModelSpec
from platformspec_kubernetes.models.engines import ENGINES
from platformspec_kubernetes.models.engines.engine import Engine
from platformspec_kubernetes.models.pool_gpu import oldest_gpu
from platformspec_kubernetes.models.precision import able

CANNOT_KEEP = Code(
    "PS546",
    "a KV cache in a precision that cannot be kept",
    explain="vLLM and SGLang keep keys and values in fp8 (e4m3) where `kv_cache_precision: fp8` says so: half the memory for each token. Their attention kernels read e4m3 from compute capability 8.9 (L4, L40S) on; below, whether it works depends on the kernel that the engine picks for the model, so it is refused. The other engines cannot be told.",
)
FIELD = "serve.kv_cache_precision"


def check(ctx: DeclarationContext, spec: ModelSpec, engine: Engine, pool: GpuPoolExports) -> None:
    """Refuse what the engine cannot be told, and what the oldest GPU of the pool cannot do."""
    wanted, least = spec.serve.kv_cache_precision, engine.memory.fp8_cache_from
    if wanted == "auto":
        return
    if least is None:
        others = [name for name, other in ENGINES.items() if other.memory.fp8_cache_from and spec.task in other.clients]
        instead = f"write `engine: {' or '.join(others)}`, or " if others and engine.memory.cache else ""
        ctx.reject(
            CANNOT_KEEP,
            f"{engine.name} cannot be told the precision of its KV cache"
            if engine.memory.cache
            else f"{engine.name} has no KV cache",
            at=FIELD,
            help=f"{instead}remove `kv_cache_precision`",
        )
        return
    oldest = oldest_gpu(pool)
    if oldest.compute_capability < least:
        ctx.reject(
            CANNOT_KEEP,
            f"{ctx.address} keeps its KV cache in {wanted}: {oldest.accelerator} has compute capability "
            f"{oldest.compute_capability}, and {engine.name} needs {least}",
            at=FIELD,
            help=f"remove `kv_cache_precision`, or choose a pool with {', '.join(able(least))}",
        )
