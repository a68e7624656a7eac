"""Which instance types a pool may start."""

from __future__ import annotations

import itertools
import re
from dataclasses import dataclass
from typing import Final

from platformspec.sdk import Code, DeclarationContext, GpuChoice, GpuPoolSpec, closest
from platformspec_aws.instances import Instance, instances

UNKNOWN_INSTANCE = Code(
    "PS540",
    "an instance type that is not known",
    explain="The table of instance types holds those with whole GPUs that EC2 offers. Types without GPUs are for `system_nodes`.",
)
NEURON = Code(
    "PS498",
    "an instance type with Neuron chips that no engine serves",
    explain="Of AWS's Neuron chips pools can have Trainium2. vLLM Neuron, the plug-in that serves models there, runs on Trn2 and Trn3; of Trn3 and of other Trn2 sizes no verified figures are known here. For Inf2 and Trn1 there is its predecessor, NxD Inference, which gets no new models. Source: AWS Neuron documentation, SDK 2.32, vLLM Neuron.",
)
OTHER_ACCELERATOR = Code(
    "PS541",
    "an instance type with another accelerator",
    explain="All nodes of a pool have the accelerator that the pool names: models count on its memory and architecture. Other accelerators are alternatives, under `any_of`.",
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
TWICE = Code(
    "PS505",
    "an alternative that stands twice",
    explain="`any_of` is an ordered list of different kinds of node. The second of two equal ones would never be taken, and its NodePool would have the name of the first.",
)


NEURON_FAMILY: Final = re.compile(r"(?:inf|trn)\d")


@dataclass(frozen=True, slots=True)
class Alternative:
    """One kind of node of a pool: its instance types, smallest first, and the field of the YAML that says so."""

    accelerator: str
    types: tuple[Instance, ...]
    field: str
    """Prefix of its fields: empty, or `any_of.0.`."""
    named: bool
    """Whether the user named the instance types."""

    @property
    def fields(self) -> tuple[str, ...]:
        """Fields of the declaration that decide about it."""
        return tuple(f"{self.field}{name}" for name in ("accelerator", "instances", "gpus_per_node"))

    @property
    def key(self) -> str:
        """Its name among the pool's alternatives, made of what it is and not of where it stands: `l40s-4`, `g6e.12xlarge`."""
        if self.named:
            return self.types[0].type
        sizes = sorted({entry.gpus for entry in self.types})
        return f"{self.accelerator}-{sizes[0]}" if len(sizes) == 1 else self.accelerator


def alternatives(ctx: DeclarationContext, spec: GpuPoolSpec) -> tuple[Alternative, ...] | None:
    """The pool's kinds of node in order of preference; None where something was rejected."""
    found: list[Alternative] = []
    wrong = False
    for position, choice in enumerate(spec.choices):
        field = f"any_of.{position}." if spec.any_of else ""
        types = _choose(ctx, choice, field)
        if types is None:
            wrong = True
        else:
            found.append(Alternative(choice.accelerator, tuple(types), field, bool(choice.instances)))
    for one, other in itertools.combinations(found, 2):
        if one.key == other.key:
            wrong = True
            ctx.reject(
                TWICE,
                f"two alternatives of {ctx.address} begin with {one.key}",
                at=other.field.removesuffix("."),
                help="write each alternative once; instance types of one alternative are chosen by price",
            )
    return None if wrong else tuple(found)


def _choose(ctx: DeclarationContext, choice: GpuChoice, field: str) -> list[Instance] | None:
    table = instances()
    offered = [entry for entry in table.values() if entry.accelerator == choice.accelerator]
    if not choice.instances:
        wanted = choice.gpus_per_node
        chosen = [entry for entry in offered if wanted is None or entry.gpus == wanted]
        if not chosen:
            sizes = sorted({entry.gpus for entry in offered})
            ctx.reject(
                NO_SUCH_NODE,
                f"AWS has no node with {wanted} {choice.accelerator} GPU{'s' if wanted != 1 else ''}",
                at=f"{field}gpus_per_node",
                help=f"{choice.accelerator} nodes come with {' or '.join(map(str, sizes))} GPU{'s' if sizes != [1] else ''}",
            )
            return None
        return _sorted(chosen)
    chosen, wrong = [], False
    for position, name in enumerate(choice.instances):
        entry = table.get(name)
        at = f"{field}instances.{position}"
        if entry is None and NEURON_FAMILY.match(name):
            wrong = True
            ctx.reject(
                NEURON,
                f"{name} has Neuron chips on which no engine here runs",
                at=at,
                help=f"write `accelerator: trainium2` without `instances`, or types with {choice.accelerator}: {', '.join(e.type for e in offered)}",
            )
        elif entry is None:
            near = closest(name, table)
            wrong = True
            ctx.reject(
                UNKNOWN_INSTANCE,
                f"{name} is no instance type with a GPU",
                at=at,
                help=f"did you mean {near}?"
                if near
                else f"types with {choice.accelerator}: {', '.join(e.type for e in offered)}",
            )
        elif entry.accelerator != choice.accelerator:
            wrong = True
            ctx.reject(
                OTHER_ACCELERATOR,
                f"{name} has {entry.accelerator} GPUs, and the pool names {choice.accelerator}",
                at=at,
                help=f"types with {choice.accelerator}: {', '.join(e.type for e in offered)}",
            )
        else:
            chosen.append(entry)
    return None if wrong else _sorted(chosen)


def check_fixed(ctx: DeclarationContext, spec: GpuPoolSpec, alternative: Alternative) -> bool:
    """Whether a pool with EFA or a Capacity Block names one type, which has what it needs."""
    chosen = alternative.types
    if len(chosen) > 1:
        ctx.reject(
            ONE_TYPE,
            f"{ctx.address} has a fixed size, and may start {len(chosen)} instance types",
            at="instances" if spec.instances else "",
            help=f"write one: `instances: [{chosen[-1].type}]`",
        )
        return False
    if spec.network == "efa" and not chosen[0].efa:
        with_efa = [e.type for e in instances().values() if e.accelerator == alternative.accelerator and e.efa]
        ctx.reject(
            NO_EFA,
            f"{chosen[0].type} has no Elastic Fabric Adapter",
            at="network",
            help=f"{alternative.accelerator} types with it: {', '.join(with_efa) or 'none'}",
        )
        return False
    return True


def _sorted(entries: list[Instance]) -> list[Instance]:
    return sorted(entries, key=lambda entry: (entry.gpus, entry.vcpus, entry.type))
