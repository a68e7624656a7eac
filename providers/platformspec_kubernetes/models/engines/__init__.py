"""Model servers. To add one, write its file and name it here."""

from __future__ import annotations

from typing import Final

from platformspec.sdk import ModelSpec
from platformspec_kubernetes.models.engines.engine import Engine
from platformspec_kubernetes.models.engines.nim import NIM
from platformspec_kubernetes.models.engines.sglang import SGLANG
from platformspec_kubernetes.models.engines.tei import TEI
from platformspec_kubernetes.models.engines.triton import TRITON
from platformspec_kubernetes.models.engines.vllm import VLLM

ENGINES: Final[dict[str, Engine]] = {engine.name: engine for engine in (VLLM, SGLANG, TEI, TRITON, NIM)}


def engine_of(spec: ModelSpec) -> Engine:
    """The engine of a model that we serve."""
    assert spec.engine is not None
    return ENGINES[spec.engine]
