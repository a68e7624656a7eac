"""Pools whose GPUs several pods share."""

from __future__ import annotations

from platformspec.diagnostics import Code, Report
from platformspec.graph.platform_graph import PlatformGraph
from platformspec.kinds.gpu_pool import GpuPoolSpec, SharingSpec
from platformspec.kinds.model import ModelSpec
from platformspec.kinds.parallelism import gpus_per_replica
from platformspec.kinds.serving import ServeSpec

HOW_SHARED = Code(
    "PS416",
    "sharing without its number or profile",
    explain="Time-slicing and MPS divide a GPU by a number of `replicas`; MIG divides it by a `profile` such as 1g.10gb.",
)
SEVERAL_SHARES = Code(
    "PS417",
    "a model that asks for several shares of shared GPUs",
    explain="Two shares may be of the same GPU, so a second one brings no more memory and no second GPU. Tensor parallel needs GPUs of its own.",
)
NEEDS = {"time_slicing": "replicas", "mps": "replicas", "mig": "profile"}
EXAMPLES = {"replicas": 4, "profile": "1g.10gb"}


def check_sharing(graph: PlatformGraph, report: Report) -> None:
    """The fields that the mode needs and no others, and models that ask for one share."""
    for address, declaration in graph.declarations.items():
        pool = declaration.spec
        if not isinstance(pool, GpuPoolSpec) or pool.sharing is None:
            continue
        sharing = pool.sharing
        needed = NEEDS[sharing.mode]
        other = "profile" if needed == "replicas" else "replicas"
        if getattr(sharing, needed) is None or getattr(sharing, other) is not None:
            report.error(
                HOW_SHARED,
                f"{sharing.mode} takes {needed}, and {address} has {_has(sharing)}",
                at=(*declaration.path, "sharing"),
                on_key=True,
                help=f"write `sharing: {{mode: {sharing.mode}, {needed}: {getattr(sharing, needed) or EXAMPLES[needed]}}}`",
            )
        for edge in graph.edges_to(address):
            user = graph.declarations[edge.source.parent]
            if (
                edge.relation == "runs_on"
                and isinstance(user.spec, ModelSpec)
                and (gpus := gpus_per_replica(user.spec.serve, pool.device)) > 1
            ):
                report.error(
                    SEVERAL_SHARES,
                    f"{user.address} asks for {gpus} GPUs, and the GPUs of {address} are shared: a pod gets one share",
                    at=(*user.path, "serve", _largest(user.spec.serve)),
                    help="let a replica have one GPU, or choose a pool without `sharing`",
                    related=(("the pool shares its GPUs here", (*declaration.path, "sharing")),),
                )


def _has(sharing: SharingSpec) -> str:
    written = [name for name in ("replicas", "profile") if getattr(sharing, name) is not None]
    return " and ".join(written) or "neither replicas nor profile"


def _largest(serve: ServeSpec) -> str:
    """The field to which the size of a replica is mostly due."""
    fields = ("tensor_parallel", "pipeline_parallel", "data_parallel")
    return max(fields, key=lambda field: getattr(serve, field))
