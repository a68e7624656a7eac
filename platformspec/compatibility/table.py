"""The compatibility table: controllers and features against Kubernetes, GPUs and CUDA against NVIDIA's driver.

What no source says has no row, or a row without figures; nothing is concluded from it.
"""

from __future__ import annotations

import functools
import json
from dataclasses import dataclass
from importlib.resources import files
from typing import Any, Literal


@dataclass(frozen=True, slots=True)
class KubernetesRange:
    """A controller's version, or a feature, and the Kubernetes minor versions it goes with, both ends included.

    `first`, `last`: None where the source names no such end. `claim`: whether the source calls them `supported`, or only `tested`.
    """

    name: str
    version: str | None
    first: str | None
    last: str | None
    claim: Literal["supported", "tested"] | None
    source: str

    def place(self, kubernetes: str) -> Literal["before", "within", "after"]:
        """Where a minor version such as `1.35` is."""
        if self.first is not None and _minor(kubernetes) < _minor(self.first):
            return "before"
        if self.last is not None and _minor(kubernetes) > _minor(self.last):
            return "after"
        return "within"

    @property
    def words(self) -> str:
        """`1.33 to 1.35`, `1.32 and newer`, `up to 1.36`, or nothing where the source names no end."""
        if self.first is None:
            return f"up to {self.last}" if self.last is not None else ""
        return f"{self.first} to {self.last}" if self.last is not None else f"{self.first} and newer"


@dataclass(frozen=True, slots=True)
class Driver:
    """A branch of NVIDIA's driver, such as 580: what something brings, or the oldest that it needs."""

    name: str
    branch: int
    source: str


@dataclass(frozen=True, slots=True)
class EngineImage:
    """A model server's image, the CUDA major version that it is built with, and the oldest driver for that.

    NVIDIA's forward compatibility package is not counted on: an engine does not use it unless it is told to.
    """

    name: str
    cuda: str
    driver: Driver
    source: str


def controllers() -> dict[str, KubernetesRange]:
    """Chart -> what its pinned version goes with."""
    return {
        row["name"]: KubernetesRange(
            row["name"], row["version"], row["first"], row["last"], row["claim"], row["source"]
        )
        for row in _table()["controllers"]
    }


def features() -> dict[str, KubernetesRange]:
    """Feature of Kubernetes -> the versions that have it switched on."""
    return {
        row["name"]: KubernetesRange(row["name"], None, row["first"], None, "supported", row["source"])
        for row in _table()["features"]
    }


def node_images() -> dict[str, Driver]:
    """Image of nodes with NVIDIA GPUs -> the driver that it brings."""
    return _drivers("node_images")


def gpus() -> dict[str, Driver]:
    """GPU, by its Karpenter name -> the oldest driver that it works with."""
    return _drivers("gpus")


def cuda() -> dict[str, Driver]:
    """CUDA major version -> the oldest driver that it works with."""
    return _drivers("cuda")


def engine_images() -> dict[str, EngineImage]:
    """Image of a model server -> its CUDA, and what that needs."""
    needs = cuda()
    return {
        row["name"]: EngineImage(row["name"], row["cuda"], needs[row["cuda"]], row["source"])
        for row in _table()["engine_images"]
    }


def _drivers(section: str) -> dict[str, Driver]:
    return {row["name"]: Driver(row["name"], row["driver"], row["source"]) for row in _table()[section]}


def _minor(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split("."))


@functools.cache
def _table() -> dict[str, Any]:
    text = files("platformspec.compatibility").joinpath("data/compatibility.json").read_text("utf-8")
    table: dict[str, Any] = json.loads(text)
    return table
