"""How one replica of a model spreads over GPUs and pods: the one place that counts them."""

from __future__ import annotations

from dataclasses import dataclass

from platformspec.kinds.accelerators import Device
from platformspec.kinds.model import ModelSpec
from platformspec.kinds.serving import ServeSpec


@dataclass(frozen=True, slots=True)
class Parallelism:
    """One replica: `gpus` in all, in `pods` pods of `gpus_per_pod` each. `gpus x ranks of a device = tensor x pipeline x data`.

    What a pod asks of the scheduler, what the engine is told, quotas and prices all come from here, so they cannot disagree.
    """

    tensor: int
    pipeline: int
    data: int
    gpus: int
    gpus_per_pod: int

    @property
    def pods(self) -> int:
        """Pods of one replica; more than one is a group that starts and ends together."""
        return self.gpus // self.gpus_per_pod

    @property
    def unit(self) -> int:
        """GPUs that must be in one node: tensor parallel ranks, and with data parallelism a whole copy."""
        return unit_of(self.tensor, self.pipeline, self.data)


def parallelism(serve: ServeSpec, gpus_per_node: int, device: Device) -> Parallelism | None:
    """The replica on nodes of `gpus_per_node` devices: as few pods as possible, all of one size. None where one unit exceeds a node."""
    tensor, pipeline, data = serve.tensor_parallel, serve.pipeline_parallel, serve.data_parallel
    ranks, unit = tensor * pipeline * data, unit_of(tensor, pipeline, data)
    sizes = [size for size in range(unit, min(ranks, gpus_per_node * device.ranks) + 1, unit) if ranks % size == 0]
    if not sizes:
        return None
    return Parallelism(tensor, pipeline, data, -(-ranks // device.ranks), -(-max(sizes) // device.ranks))


def unit_of(tensor: int, pipeline: int, data: int) -> int:
    """Ranks that must be in one node. Layers may be cut between nodes, but not both between nodes and between copies."""
    return tensor * pipeline if data > 1 else tensor


def gpus_per_replica(serve: ServeSpec, device: Device) -> int:
    """Devices of one replica, on whatever nodes."""
    return -(-serve.tensor_parallel * serve.pipeline_parallel * serve.data_parallel // device.ranks)


def replicas_at_least(spec: ModelSpec) -> int:
    """Replicas that a model of ours always has: those that read and those that write, or `scale.min`."""
    topology = spec.topology
    if topology is not None and topology.prefill is not None and topology.decode is not None:
        return topology.prefill + topology.decode
    return spec.scale.min


def replicas_at_most(spec: ModelSpec) -> int:
    """Replicas that a model of ours has when it is at its largest."""
    return max(replicas_at_least(spec), spec.scale.max or 0)


def replicas_beside(spec: ModelSpec) -> int:
    """Replicas of a new version that run beside the present one for as long as the file says so."""
    canary, pair = spec.rollout.canary, spec.rollout.blue_green
    if canary is not None:
        return canary.replicas
    return max(spec.scale.min, 1) if pair is not None else 0
