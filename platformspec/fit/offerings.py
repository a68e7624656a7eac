"""Nodes that a cloud offers, and the cheapest way to run a model on each."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

from platformspec.fit.estimate import Estimate, Setup, estimate
from platformspec.fit.gpu import gpu
from platformspec.fit.precision import PRECISIONS


@dataclass(frozen=True, slots=True)
class Offering:
    """A node with accelerators: its GPUs, the memory of each in GiB as the cloud states it, and the key of its price."""

    name: str
    accelerator: str
    gpus: int
    gpu_memory_gib: float
    price_key: str


@dataclass(frozen=True, slots=True)
class Row:
    """A node, and the smallest tensor parallel size at which the model fits (or else the largest, at which it does not)."""

    offering: Offering
    tensor: int
    estimate: Estimate
    computes: bool
    """Whether the GPU can compute with the weights and the KV cache."""

    @property
    def verdict(self) -> str:
        """`cannot_compute`, or the estimate's."""
        return self.estimate.verdict if self.computes else "cannot_compute"


def rows(setup: Setup, offerings: Iterable[Offering], divides: Callable[[int], bool]) -> list[Row]:
    """One row for each node. `divides`: whether a tensor parallel size is legal for the model."""
    kind = PRECISIONS[setup.precision]
    least = kind.runs_from if setup.precision != "fp8" else kind.computes_from
    if setup.cache_precision == "fp8":
        least = max(least, setup.engine.fp8_cache_from or math.inf)
    found = []
    for offering in offerings:
        device = gpu(offering.accelerator, offering.gpu_memory_gib)
        sizes = [size for size in range(1, offering.gpus + 1) if divides(size)]
        tried = [(size, estimate(replace(setup, gpu=device, tensor=size))) for size in sizes]
        fitting = [pair for pair in tried if pair[1].verdict == "fits"]
        tight = [pair for pair in tried if pair[1].verdict == "tight"]
        tensor, result = (fitting or tight or tried[-1:])[0]
        found.append(Row(offering, tensor, result, device.compute_capability >= least))
    return found
