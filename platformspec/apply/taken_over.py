"""What is imported: it is never replaced, and what becomes different about it is said before it is done."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from platformspec.apply.events import Event, Tell
from platformspec.apply.terraform_plan import ResourceChange
from platformspec.diagnostics import Code, Failure
from platformspec.plan.change import Plan

IMPORT_REPLACED = Code(
    "PS795",
    "a change that would replace what is imported",
    explain="Something under `imports` was there before the platform, and others rely on it. What it is and what the file says differ in an argument that cannot "
    "be changed in place, so Terraform would destroy it and make another one. Nothing in this stack was changed, and `--allow-destroy` does not "
    "help. Write into the file what is there; where no key of the language says it, `extend` sets any argument. What cannot be made to fit is better "
    "referred to by `existing`.",
)


def refuse_planned_replacements(plan: Plan) -> None:
    """Raises `Failure` where our own plan replaces something that the file imports."""
    for change in plan.changes:
        if change.action == "replace" and change.imported is not None:
            why = f", because {change.reason}" if change.reason else ""
            raise Failure(
                IMPORT_REPLACED,
                f"the plan replaces {change.id}, which is imported as {change.imported}{why}",
                f"take the change of {change.node.declaration} back",
            )


def refuse_replacing_imports(
    stack: str, changes: Iterable[ResourceChange], ids: Mapping[str, str], imported: Mapping[str, str]
) -> None:
    """Raises `Failure` where Terraform wants to destroy what the program imports. `ids`: Terraform address -> id."""
    for change in changes:
        id = ids.get(change.address, change.address)
        if not change.destroys or change.deposed or id not in imported:
            continue
        verb = "replace" if change.creates else "destroy"
        why = f": {'; '.join(change.forced)}" if change.forced else ""
        first = change.forced_by[0].split(".")[0] if change.forced_by else "its arguments"
        raise Failure(
            IMPORT_REPLACED,
            f"in stack {stack} Terraform wants to {verb} {id}, which is imported as {imported[id]}{why}",
            f"let the file say what {first} is, by its own key or by `extend`; or refer to it by `existing`",
        )


def say_what_is_taken_over(
    tell: Tell, changes: Iterable[ResourceChange], ids: Mapping[str, str], imported: Mapping[str, str]
) -> None:
    """One note for each resource that this plan imports, with the arguments that are changed by that."""
    for change in changes:
        id = ids.get(change.address, change.address)
        if change.imported:
            changed = f" and changes its {', '.join(change.changed)}" if change.changed else ", as it is"
            tell(Event("note", id, "done", f"takes over {imported.get(id, 'it')}{changed}"))
