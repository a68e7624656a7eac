"""The GPU on which a model of a pool must do."""

from __future__ import annotations

from platformspec.sdk import Gpu, GpuPoolExports, gpu


def smallest_gpu(pool: GpuPoolExports) -> Gpu:
    """The GPU with the least memory that a pod of the pool may get."""
    return min(_gpus(pool), key=lambda device: device.memory_gib)


def oldest_gpu(pool: GpuPoolExports) -> Gpu:
    """The GPU with the lowest compute capability that a pod of the pool may get."""
    return min(_gpus(pool), key=lambda device: device.compute_capability)


def _gpus(pool: GpuPoolExports) -> list[Gpu]:
    return [
        gpu(
            accelerator,
            pool.gpu_memory_gib.value,
            device_gib=pool.device_memory_gib.value,
            visible_share=pool.visible_memory_share.value,
        )
        for accelerator in pool.accelerators.value
    ]
