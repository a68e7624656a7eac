"""Precisions of weights: their size, and which GPUs can compute with them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

USUAL: Final = "bf16"
"""Of weights about which nobody says anything."""


@dataclass(frozen=True, slots=True)
class Precision:
    """One way to store weights.

    - `bytes_per_weight`: of a quantised matrix, scales and zero points included.
    - `computes_from`: compute capability with arithmetic for it.
    - `runs_from`: compute capability for which engines have kernels that expand the weights at every step ("weight only"): the
      memory is saved, the arithmetic is that of 16 bits. None where such kernels are the usual way and no loss.
    """

    bytes_per_weight: float
    computes_from: float
    runs_from: float
    source: str


VLLM_TABLE: Final = "vLLM documentation 0.15.1, features/quantization: supported hardware"
VLLM_FP8: Final = "vLLM documentation 0.32.0, features/quantization/llm_compressor/fp8"
VLLM_FP4: Final = (
    "vLLM 0.10, marlin_utils_fp4.py: without native FP4, weights are expanded by the Marlin kernel (issue 23278)"
)

PRECISIONS: Final[dict[str, Precision]] = {
    "fp32": Precision(4.0, 7.0, 7.0, "IEEE 754"),
    "bf16": Precision(2.0, 8.0, 7.5, "CUDA C++ Programming Guide: bfloat16 arithmetic from 8.0; vLLM and SGLang fall back to fp16 below"),
    "fp16": Precision(2.0, 5.3, 5.3, "CUDA C++ Programming Guide: half arithmetic from 5.3"),
    # One fp32 scale for each block of 128 x 128.
    "fp8": Precision(1.0 + 4 / 128**2, 8.9, 7.5, VLLM_FP8),
    "int8": Precision(1.0 + 4 / 128**2, 7.5, 7.5, VLLM_TABLE),
    # Groups of 128 weights of 4 bits share a 16-bit scale and a 4-bit zero point.
    "awq": Precision(0.5 + 2 / 128 + 0.5 / 128, 7.5, 7.5, VLLM_TABLE),
    "gptq": Precision(0.5 + 2 / 128 + 0.5 / 128, 7.0, 7.0, VLLM_TABLE),
    # Groups of 32 share an 8-bit scale: 4.25 bits. Source: OCP Microscaling Formats 1.0.
    "mxfp4": Precision(0.5 + 1 / 32, 10.0, 8.0, VLLM_FP4),
    # Groups of 16 share an 8-bit scale: 4.5 bits. Source: NVIDIA Blackwell architecture, NVFP4.
    "nvfp4": Precision(0.5 + 1 / 16, 10.0, 8.0, VLLM_FP4),
}  # fmt: skip

CACHE_BYTES: Final[dict[str, float]] = {"auto": 2.0, "fp8": 1.0}
"""Bytes of one value of the KV cache: that of the computation, which is 16 bits; or e4m3 with one scale for a tensor."""
UNQUANTISED_BYTES: Final = 2.0
"""Embeddings, norms and routers of a quantised model stay in 16 bits."""
EXPERTS_ONLY: Final = frozenset({"mxfp4"})
"""Precisions in which only routed experts are published (OpenAI's gpt-oss: `modules_to_not_convert` lists all else)."""
# gpt-oss-20b in vLLM: 2880 becomes 3072. Measured: 13.47 GiB of weights where the checkpoint has 12.8 (llm-d-planner, docs/empirical-vllm-memory-results.md).
MXFP4_PADDING: Final = 256
"""Engines pad the intermediate size of mxfp4 experts to a multiple of this on every rank."""


def quantised_share(precision: str, said: str | None) -> str:
    """Which matrices are quantised: `linear` (all but embeddings), `mlp` (feed-forward only) or `experts`."""
    return said or ("experts" if precision in EXPERTS_ONLY else "linear")
