"""GPUs as an engine sees them: memory that CUDA reports, and compute capability."""

from __future__ import annotations

import functools
import json
from dataclasses import dataclass
from importlib.resources import files
from typing import Any

from platformspec.kinds.accelerators import device_of


@dataclass(frozen=True, slots=True)
class Gpu:
    """One GPU, the part of one that a pod has, or a rank's part of another device.

    `memory_gib`: what CUDA reports, of which the pod may take `visible_share`. `compute_capability`: 0 without CUDA.
    """

    accelerator: str
    memory_gib: float
    compute_capability: float
    visible_share: float = 1.0


def gpu(accelerator: str, nominal_gib: float, *, device_gib: float | None = None, visible_share: float = 1.0) -> Gpu:
    """A GPU by its name and the memory that the cloud's API states.

    CUDA reports less than the API: firmware and error correction take a part. Where no measurement is known, it is the smallest
    share that was measured on another GPU with HBM or GDDR6. `device_gib`: memory of a hardware slice. Raises `KeyError` for an
    accelerator that the table does not have: our bug.
    """
    row = min(_rows()[accelerator], key=lambda entry: abs(entry["nominal_gib"] - nominal_gib))
    share = row["cuda_gib"] / row["nominal_gib"] if "cuda_gib" in row else _table()["smallest_share"]
    sliced = device_gib is not None and visible_share == 1.0
    memory = min(nominal_gib, row["nominal_gib"], device_gib if sliced and device_gib is not None else nominal_gib)
    ranks = device_of(accelerator).ranks
    return Gpu(accelerator, memory * share / ranks, row["compute_capability"], visible_share)


@functools.cache
def _table() -> dict[str, Any]:
    table: dict[str, Any] = json.loads(files("platformspec.fit").joinpath("data/gpus.json").read_text("utf-8"))
    return table


@functools.cache
def _rows() -> dict[str, list[dict[str, Any]]]:
    rows: dict[str, list[dict[str, Any]]] = {}
    for row in _table()["gpus"]:
        rows.setdefault(row["accelerator"], []).append(row)
    return rows
