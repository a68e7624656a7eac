"""KV cache that goes from the GPU to the memory of the node."""

from __future__ import annotations

from platformspec.sdk import Code, DeclarationContext, GpuPoolExports, ModelSpec, Parallelism
from platformspec_kubernetes.models.engines.engine import Engine

NO_ROOM = Code(
    "PS537",
    "KV cache offloaded to memory that is not there",
    explain="`kv_offload_gib` is taken from the memory of the node that a replica's pods get, which is the GPUs' share of the machine. Half of it is left to the server, its weights while they load, and shared memory. vLLM and SGLang can offload.",
)
SHARE_OF_POD = 0.5


def check(
    ctx: DeclarationContext, spec: ModelSpec, engine: Engine, pool: GpuPoolExports, replica: Parallelism, share: float
) -> None:
    """Report what is larger than half of the pods' memory. `share`: what pods get of the machine's memory per GPU."""
    wanted = spec.serve.kv_offload_gib
    if wanted is None:
        return
    memory = pool.memory_gib_per_gpu.value * share * replica.gpus
    most = int(memory * SHARE_OF_POD)
    if not engine.offloads:
        ctx.reject(
            NO_ROOM,
            f"{engine.name} cannot offload KV cache",
            at="serve.kv_offload_gib",
            help="write `engine: vllm`, or remove `kv_offload_gib`",
        )
    elif wanted > most:
        ctx.reject(
            NO_ROOM,
            f"{ctx.address} offloads {wanted} GiB, and its pods have {memory:.0f} GiB of memory",
            at="serve.kv_offload_gib",
            help=f"write `kv_offload_gib: {most}` or less, or choose a pool with more memory",
        )
