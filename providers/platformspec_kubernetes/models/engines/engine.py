"""The interface between models and the servers that run them. An engine is one file beside this one, and one line in `__init__.py`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from platformspec.sdk import (
    DeclarationContext,
    EngineMemory,
    GpuPoolExports,
    ModelSpec,
    Parallelism,
    Signal,
    Sourced,
    TeamExports,
)
from platformspec_kubernetes.models.weights import Weights

Split = Literal["tensor", "pipeline", "data", "expert"]

PARALLEL_FIELDS = ("serve.tensor_parallel", "serve.pipeline_parallel", "serve.data_parallel")
"""Fields that say how many GPUs a replica has."""


@dataclass(frozen=True, slots=True)
class Launch:
    """One model to be served: what an engine reads to describe its container."""

    ctx: DeclarationContext
    spec: ModelSpec
    pool: GpuPoolExports
    parallelism: Parallelism
    weights: Weights

    @property
    def queue(self) -> Sourced[str] | None:
        """The queue of the owner's GPUs, if it has one."""
        team = self.ctx.target("owned_by")
        queue = self.ctx.exports(team, TeamExports).queue if team is not None else None
        return self.ctx.src(queue.value, queue, "team") if queue is not None else None

    def gpu_memory(self, own: float) -> Sourced[str]:
        """Share of the GPU memory that it sees which the engine takes, `own` where the user names none.

        On a GPU that others use too the engine sees all, and may have its part.
        """
        share, asked = self.pool.visible_memory_share, self.spec.serve.gpu_memory_utilization
        taken = (own if asked is None else asked) * share.value
        return self.ctx.src(f"{taken:.4g}", "serve.gpu_memory_utilization", "pool", share)


@dataclass(frozen=True, slots=True)
class Container:
    """One model server.

    - `shared_memory_gib`: size of /dev/shm; `home`: a writable folder for caches; `writable_root`: the image writes elsewhere too.
    - `command` replaces the image's.
    - `health`: path that answers once requests are welcome; `live`: path that answers while the server lives, where it is another.
    - `files`: path below `files_at` -> content.
    - `token_variable`: variable that takes `source.token_secret`; `registry`: where it also opens the image.
    """

    image: Any
    args: list[Any]
    port: int
    health: str
    user: int
    group: int
    home: str
    shared_memory_gib: Any
    env: Mapping[str, Any] = field(default_factory=dict)
    command: tuple[str, ...] = ()
    live: str | None = None
    files: Mapping[str, Any] = field(default_factory=dict)
    files_at: str = ""
    writable_root: bool = False
    token_variable: str = "HF_TOKEN"
    registry: str | None = None


@dataclass(frozen=True, slots=True)
class Group:
    """What the pods of one replica add to the arguments when there are several: the leader answers, workers only compute."""

    leader: tuple[str, ...]
    worker: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Engine:
    """A model server.

    - `container`: the server's container for a model.
    - `clients`: task -> (LiteLLM's name of the provider that speaks to it, path of the API). Its keys are the tasks that it can do.
    - `sources`: fields of `source` that it can load weights from.
    - `splits`: how it can spread a replica over GPUs.
    - `metrics`: signal -> metric of one replica; the last part of the path is `metrics_path`.
    - `memory`: how it divides the memory of a GPU.
    - `group`: number of pods -> arguments for a replica over several pods; None where it cannot.
    - `offloads`: whether it can keep KV cache in the memory of the node.
    - `served_name`: the model's name in requests, where it is not that of the declaration.
    """

    name: str
    container: Callable[[Launch], Container]
    clients: Mapping[str, tuple[str, str]]
    sources: tuple[str, ...]
    splits: tuple[Split, ...]
    metrics: Mapping[Signal, str]
    memory: EngineMemory
    metrics_path: str = "/metrics"
    group: Callable[[int], Group] | None = None
    offloads: bool = False
    served_name: Callable[[ModelSpec, str], str] = lambda spec, name: name
