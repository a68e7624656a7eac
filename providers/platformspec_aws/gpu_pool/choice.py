"""Which instance types a pool may start."""

from __future__ import annotations

from platformspec.sdk import Code, DeclarationContext, GpuPoolSpec, closest
from platformspec_aws.instances import Instance, instances

UNKNOWN_INSTANCE = Code(
    "PS540",
    "an instance type that is not known",
    explain="The table of instance types holds those with whole GPUs that EC2 offers. Types without GPUs are for `system_nodes`.",
)
OTHER_ACCELERATOR = Code(
    "PS541",
    "an instance type with another accelerator",
    explain="All nodes of a pool have the accelerator that the pool names: models count on its memory and architecture.",
)
NO_SUCH_NODE = Code(
    "PS542",
    "no instance type has this many GPUs",
    explain="AWS sells accelerators in fixed bundles; a pool must ask for one that exists.",
)
NO_EFA = Code(
    "PS543",
    "an instance type without Elastic Fabric Adapter",
    explain="Only some instance types have network cards with EFA.",
)
ONE_TYPE = Code(
    "PS544",
    "a fixed pool with several instance types",
    explain="A managed node group with EFA or a Capacity Block has one instance type: its launch template names the network cards and the reservation.",
)


def choose(ctx: DeclarationContext, spec: GpuPoolSpec) -> list[Instance] | None:
    """The types, smallest first; None where something was rejected."""
    table = instances()
    offered = [entry for entry in table.values() if entry.accelerator == spec.accelerator]
    if not spec.instances:
        wanted = spec.gpus_per_node
        chosen = [entry for entry in offered if wanted is None or entry.gpus == wanted]
        if not chosen:
            sizes = sorted({entry.gpus for entry in offered})
            ctx.reject(
                NO_SUCH_NODE,
                f"AWS has no node with {wanted} {spec.accelerator} GPU{'s' if wanted != 1 else ''}",
                at="gpus_per_node",
                help=f"{spec.accelerator} nodes come with {' or '.join(map(str, sizes))} GPU{'s' if sizes != [1] else ''}",
            )
            return None
        return _sorted(chosen)
    chosen, wrong = [], False
    for position, name in enumerate(spec.instances):
        entry = table.get(name)
        at = f"instances.{position}"
        if entry is None:
            near = closest(name, table)
            wrong = True
            ctx.reject(
                UNKNOWN_INSTANCE,
                f"{name} is no instance type with a GPU",
                at=at,
                help=f"did you mean {near}?"
                if near
                else f"types with {spec.accelerator}: {', '.join(e.type for e in offered)}",
            )
        elif entry.accelerator != spec.accelerator:
            wrong = True
            ctx.reject(
                OTHER_ACCELERATOR,
                f"{name} has {entry.accelerator} GPUs, and the pool names {spec.accelerator}",
                at=at,
                help=f"types with {spec.accelerator}: {', '.join(e.type for e in offered)}",
            )
        else:
            chosen.append(entry)
    return None if wrong else _sorted(chosen)


def check_fixed(ctx: DeclarationContext, spec: GpuPoolSpec, chosen: list[Instance]) -> bool:
    """Whether a pool with EFA or a Capacity Block names one type, which has what it needs."""
    if len(chosen) > 1:
        ctx.reject(
            ONE_TYPE,
            f"{ctx.address} has a fixed size, and may start {len(chosen)} instance types",
            at="instances" if spec.instances else "",
            help=f"write one: `instances: [{chosen[-1].type}]`",
        )
        return False
    if spec.network == "efa" and not chosen[0].efa:
        with_efa = [e.type for e in instances().values() if e.accelerator == spec.accelerator and e.efa]
        ctx.reject(
            NO_EFA,
            f"{chosen[0].type} has no Elastic Fabric Adapter",
            at="network",
            help=f"{spec.accelerator} types with it: {', '.join(with_efa) or 'none'}",
        )
        return False
    return True


def _sorted(entries: list[Instance]) -> list[Instance]:
    return sorted(entries, key=lambda entry: (entry.gpus, entry.vcpus, entry.type))
