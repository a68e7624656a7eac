"""Compare what terraform wants to do with what the plan said: nothing is destroyed that was not announced."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Any

from platformspec.apply.record import Known
from platformspec.apply.terraform_plan import ResourceChange
from platformspec.diagnostics import Code, Failure
from platformspec.diagnostics.suggest import closest
from platformspec.ir.node import Node, Resource
from platformspec.ir.rename import Former, current_id
from platformspec.plan.change import Plan

NOT_ANNOUNCED = Code(
    "PS714",
    "Terraform wants to destroy something that the plan did not announce",
    explain="The plan of platformspec said which resources are replaced or deleted, and that is what was approved. Terraform, which looks "
    "at the cloud itself, wants to destroy more: somebody changed the resource by hand, or the provider replaces where no source says "
    "so. Nothing in this stack was changed. `--allow-destroy ID` accepts it for one resource.",
)
PROTECTED = Code(
    "PS715",
    "a change that would destroy protected data",
    explain="The declaration has `protect: true`, or had it at the last apply. Nothing of it may be destroyed or replaced. The same "
    "holds while `deletion_protection` is on. To do it all the same, apply a platform.yaml with `protect: false` first: that is a change "
    "of its own, which others see.",
)


HALF_MOVED = Code(
    "PS780",
    "a targeted apply in the middle of a rename",
    explain="A renamed declaration is taken over as a whole: Terraform moves all resources of a stack to their new addresses or none, and "
    "`--target` would leave some of them out. Apply the rename without a target; by itself it changes nothing outside.",
)

NOTHING_ALLOWED = Code(
    "PS772",
    "a permission to destroy something that is not there",
    explain="`--allow-destroy` takes the id of one resource, as PS714 and `platformspec show --resources` print it. Nothing has this one: a slip of the "
    "pen would leave the permission without effect, so nothing is done. An id of something that only the Terraform state knows is its address there.",
)

Guards = Mapping[str, Mapping[str, Any]]
"""Type -> arguments that must have these values before the cloud lets it be destroyed."""


def refuse_protected(plan: Plan, known: Mapping[str, Known], guards: Guards) -> None:
    """Raises `Failure` where the plan destroys what is protected, now or as it was applied last."""
    for change in plan.changes:
        if change.action not in ("replace", "delete"):
            continue
        before = known.get(change.was or change.id)
        nodes = [change.node, *([before.node] if before is not None else [])]
        verb = "replaces" if change.action == "replace" else "deletes"
        why = f", because {change.reason}" if change.reason else ""
        if any(node.lifecycle.get("prevent_destroy") for node in nodes):
            raise Failure(
                PROTECTED,
                f"the plan {verb} {change.id} of {change.node.declaration}, which is protected{why}",
                f"keep {change.node.declaration} as it is, or apply `protect: false` for it first",
            )
        if before is not None and (guard := guard_of(before.node, guards)):
            raise Failure(
                PROTECTED,
                f"the plan {verb} {change.id} of {change.node.declaration}, whose {guard} is on{why}",
                f"keep {change.node.declaration} as it is, or apply `{guard}: false` for it first",
            )


def refuse_half_moved(plan: Plan, scope: Collection[str], target: str) -> None:
    """Raises `Failure` where a targeted apply would leave out a part of a rename."""
    for change in plan.changes:
        if change.was is not None and change.id not in scope:
            raise Failure(
                HALF_MOVED,
                f"{change.node.declaration} has another name than at the last apply ({change.was}), and {target} is only a part of what moves with it",
                "apply the rename first, without --target",
            )


def refuse_unknown_permissions(allowed: Iterable[str], nodes: Iterable[Node], former: Former) -> None:
    """Raises `Failure` for the first id that is neither that of a resource, nor may be an address that only a state knows.

    `nodes`: those that exist and those that are to be. `former`: what renamed declarations were called before.
    """
    resources = {current_id(node.id, former): node for node in nodes if isinstance(node, Resource)}
    providers = {node.type.partition("_")[0] for node in resources.values()}
    kinds = {node.declaration.partition(".")[0] for node in resources.values()}
    for id in allowed:
        type, dot, name = id.partition(".")
        is_address = dot and name and "/" not in id and type.partition("_")[0] in providers and type not in kinds
        if id in resources or is_address:
            continue
        present = current_id(id, former)
        near = present if present in resources else closest(id, resources)
        raise Failure(
            NOTHING_ALLOWED,
            f"--allow-destroy {id} names no resource",
            f"did you mean {near}?" if near else "`platformspec show --resources` lists the ids",
        )


def guard_of(node: Node, guards: Guards) -> str | None:
    """The argument by which the cloud refuses to destroy this resource, or None."""
    return next(
        (name for name, value in guards.get(node.type, {}).items() if node.attrs.get(name) is (not value)), None
    )


def refuse_unannounced(
    stack: str,
    changes: Iterable[ResourceChange],
    ids: Mapping[str, str],
    announced: Collection[str],
    unfinished: Collection[str] = (),
) -> None:
    """Raises `Failure` for the first destruction of something that is not in `announced`.

    `ids`: Terraform address -> id. `unfinished`: ids that no apply has finished; one whose creation failed may be made anew.
    """
    for change in changes:
        id = ids.get(change.address, change.address)
        # What create_before_destroy left behind was replaced by an apply that had announced it.
        if not change.destroys or change.deposed or id in announced or (change.tainted and id in unfinished):
            continue
        verb = "replace" if change.creates else "destroy"
        forced = f", because of {', '.join(change.forced_by)}" if change.forced_by else ""
        raise Failure(
            NOT_ANNOUNCED,
            f"in stack {stack} Terraform wants to {verb} {id}{forced}, and the plan did not announce that",
            f"see what changed it with `platformspec drift`; to accept it, add `--allow-destroy {id}`",
        )
