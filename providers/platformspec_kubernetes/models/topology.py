"""What a topology asks of its model."""

from __future__ import annotations

from platformspec.sdk import Code, DeclarationContext, ModelSpec, Parallelism
from platformspec_kubernetes.models.engines.engine import Engine

HALF = Code(
    "PS533",
    "disaggregation with one half",
    explain="Where prompts are read and answers written by different replicas there are some of each: `prefill` and `decode` stand together.",
)
CANNOT = Code(
    "PS534",
    "a topology that the engine or the replica does not allow",
    explain="Routing by cache and queue reads the metrics of vLLM, for chat. Disaggregation hands KV cache from one vLLM server to another, each in one pod and without data parallelism.",
)


def disaggregated(spec: ModelSpec) -> bool:
    """Whether prompts are read and answers written by different replicas."""
    return spec.topology is not None and spec.topology.prefill is not None


def check(ctx: DeclarationContext, spec: ModelSpec, engine: Engine, replica: Parallelism) -> None:
    """Report a topology that could not work."""
    topology = spec.topology
    if topology is None:
        return
    if (topology.prefill is None) != (topology.decode is None):
        there, missing = ("prefill", "decode") if topology.decode is None else ("decode", "prefill")
        ctx.reject(
            HALF,
            f"{ctx.address} says {there}, and not {missing}",
            at=f"topology.{there}",
            help=f"add `{missing}: 1`, or remove `{there}`",
        )
    if engine.name != "vllm" or spec.task != "chat":
        ctx.reject(
            CANNOT,
            f"{ctx.address} does {spec.task} with {engine.name}, and routing between replicas needs chat with vllm",
            at="topology",
            help="write `engine: vllm`" if spec.task == "chat" else "remove `topology`",
        )
    elif disaggregated(spec) and (replica.pods > 1 or replica.data > 1):
        what = f"{replica.pods} pods" if replica.pods > 1 else f"{replica.data} data parallel copies"
        ctx.reject(
            CANNOT,
            f"a replica of {ctx.address} has {what}, and a disaggregated one is a single server in one pod",
            at="topology.prefill",
            help="choose a pool with larger nodes and lower `pipeline_parallel`"
            if replica.pods > 1
            else "remove `data_parallel`, and raise prefill or decode",
        )
