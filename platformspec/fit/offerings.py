"""Nodes that a cloud offers, and the cheapest way to run a model on each."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Literal

from platformspec.fit.engine import EngineMemory
from platformspec.fit.estimate import Estimate, Setup, estimate
from platformspec.fit.gpu import gpu
from platformspec.fit.precision import PRECISIONS
from platformspec.kinds.accelerators import GPU, Device, device_of


@dataclass(frozen=True, slots=True)
class Offering:
    """A node with accelerators: its GPUs, the memory of each in GiB as the cloud states it, and the key of its price."""

    name: str
    accelerator: str
    gpus: int
    gpu_memory_gib: float
    price_key: str


Obstacle = Literal["cannot_compute", "not_served"]


@dataclass(frozen=True, slots=True)
class Row:
    """A node, and the smallest tensor parallel size at which the model fits (or else the largest, at which it does not)."""

    offering: Offering
    tensor: int
    estimate: Estimate
    obstacle: Obstacle | None
    """Why it does not run there whatever its size: no arithmetic for weights or KV cache, or no engine for the model."""

    @property
    def verdict(self) -> str:
        """The obstacle, or the estimate's."""
        return self.obstacle or self.estimate.verdict

    @property
    def devices(self) -> int:
        """Devices of a replica."""
        return -(-self.tensor // device_of(self.offering.accelerator).ranks)


def rows(
    setup: Setup, offerings: Iterable[Offering], divides: Callable[[int], bool], repository: str | None = None
) -> list[Row]:
    """One row for each node. `divides`: whether a tensor parallel size is legal for the model, which `repository` has the weights of."""
    found = []
    for offering in offerings:
        part, unit = gpu(offering.accelerator, offering.gpu_memory_gib), device_of(offering.accelerator)
        own = _on(setup, unit)
        here = replace(setup, gpu=part, engine=own or setup.engine)
        # A device's ranks belong to one pod, so a size that leaves some of them idle is none.
        sizes = [n for n in range(unit.ranks, offering.gpus * unit.ranks + 1, unit.ranks) if divides(n)]
        if not sizes:
            continue
        tried = [(size, estimate(replace(here, tensor=size))) for size in sizes]
        fitting = [pair for pair in tried if pair[1].verdict in ("fits", "not_proven")]
        tight = [pair for pair in tried if pair[1].verdict == "tight"]
        tensor, result = (fitting or tight or tried[-1:])[0]
        found.append(Row(offering, tensor, result, _obstacle(here, repository) if own is not None else "not_served"))
    return found


def _on(setup: Setup, device: Device) -> EngineMemory | None:
    """How the engine divides the device's memory; None where it does not run there."""
    return setup.engine if device == GPU else setup.engine.elsewhere.get(device.resource)


def _obstacle(setup: Setup, repository: str | None) -> Obstacle | None:
    engine, kind = setup.engine, PRECISIONS[setup.precision]
    if engine.models is not None and repository not in engine.models:
        return "not_served"
    if engine.precisions is not None:
        able = setup.precision in engine.precisions and setup.cache_precision == "auto"
        return None if able else "cannot_compute"
    least = kind.runs_from if setup.precision != "fp8" else kind.computes_from
    if setup.cache_precision == "fp8":
        least = max(least, engine.fp8_cache_from or math.inf)
    return None if setup.gpu.compute_capability >= least else "cannot_compute"
