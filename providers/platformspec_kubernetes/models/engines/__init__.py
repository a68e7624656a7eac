"""Model servers. To add one, write its file and name it here."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from platformspec.sdk import GPU, EngineMemory, GpuPoolExports, ModelSpec
from platformspec_kubernetes.models.engines.engine import Engine
from platformspec_kubernetes.models.engines.nim import NIM
from platformspec_kubernetes.models.engines.sglang import SGLANG
from platformspec_kubernetes.models.engines.tei import TEI
from platformspec_kubernetes.models.engines.triton import TRITON
from platformspec_kubernetes.models.engines.vllm import VLLM
from platformspec_kubernetes.models.engines.vllm_neuron import RESOURCE, VLLM_NEURON

ENGINES: Final[dict[str, Engine]] = {engine.name: engine for engine in (VLLM, SGLANG, TEI, TRITON, NIM)}


# Resource of other devices -> engine that the declaration names -> the build that runs on them.
ELSEWHERE: Final[dict[str, dict[str, Engine]]] = {RESOURCE: {"vllm": VLLM_NEURON}}


def memory_of(name: str) -> EngineMemory:
    """How an engine divides memory, on GPUs and elsewhere."""
    there = {resource: builds[name].memory for resource, builds in ELSEWHERE.items() if name in builds}
    return replace(ENGINES[name].memory, elsewhere=there)


def engine_of(spec: ModelSpec, pool: GpuPoolExports) -> Engine | None:
    """The engine of a model that we serve; None where it does not run on the pool's devices."""
    assert spec.engine is not None
    if pool.device == GPU:
        return ENGINES[spec.engine]
    return ELSEWHERE[pool.device.resource].get(spec.engine)
