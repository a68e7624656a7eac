"""Pools of Neuron chips: what NVIDIA's GPUs can, and these cannot."""

from __future__ import annotations

from platformspec.sdk import GPU, Code, DeclarationContext, GpuPoolSpec, device_of

MIXED = Code(
    "PS482",
    "GPUs and Neuron chips in one pool",
    explain="The alternatives of a pool take each other's place under the same pods. Neuron chips are another resource, aws.amazon.com/neuron, with another image of the model server: no pod can run on either.",
)
CANNOT_SHARE = Code(
    "PS483",
    "sharing or claims of Neuron chips",
    explain="Time-slicing, MPS and MIG are NVIDIA's, and the DRA driver that `devices: dra` installs is NVIDIA's too. Pods get whole Neuron chips, as a number of aws.amazon.com/neuron.",
)


def check_neuron(ctx: DeclarationContext, spec: GpuPoolSpec) -> bool:
    """Whether the pool has one kind of device, and asks of Neuron chips what they can."""
    resources = {device_of(choice.accelerator).resource for choice in spec.choices}
    if len(resources) > 1:
        names = ", ".join(choice.accelerator for choice in spec.choices)
        ctx.reject(
            MIXED,
            f"{ctx.address} has the alternatives {names}, which are {' and '.join(sorted(resources))}",
            at="any_of",
            help="make two pools, and a model for each; a route of a gateway may have both as targets",
        )
    if spec.device == GPU:
        return not ctx.rejected
    for field, asked in (("sharing", spec.sharing is not None), ("devices", spec.devices == "dra")):
        if asked:
            ctx.reject(
                CANNOT_SHARE,
                f"{ctx.address} has {spec.choices[0].accelerator} chips, which are {'shared' if field == 'sharing' else 'claimed'} by no plugin that is known here",
                at=field,
                help=f"remove `{field}`",
            )
    return not ctx.rejected
