"""What an interrupted apply may have created without its state knowing.

Terraform writes its state after the cloud has answered. Killed in between, it would create the resource again. A resource whose
name we chose is looked up under that name and adopted by import. Where the cloud chose the name there is nothing to look up:
it is reported, with its tags, and a person decides.
"""

from __future__ import annotations

import pathlib
import string
from collections.abc import Collection, Mapping
from typing import Any

from platformspec.apply.events import Event
from platformspec.apply.record import Record
from platformspec.apply.site import Site
from platformspec.apply.terraform import ERRORED_STATE, Stack, creations_in_doubt
from platformspec.apply.terraform_plan import ResourceChange
from platformspec.diagnostics import Code, Failure
from platformspec.ir.node import Placement

PERHAPS_CREATED = Code(
    "PS727",
    "a resource that may exist twice if apply goes on",
    explain="An apply was killed after it had asked the cloud for this resource and before Terraform wrote down the answer. The cloud "
    "chose its name, so it cannot be looked up by name. Look for it by its tags: if it is there, import or delete it; "
    "if it is not, `--create-again` says so. Nothing in this stack was changed.",
)


def settle_doubts(
    site: Site,
    stack: Stack,
    changes: Collection[ResourceChange],
    doubtful: Mapping[str, Placement],
    *,
    create_again: bool,
) -> bool:
    """Adopt what is there already; whether anything was. `doubtful`: Terraform address -> where the resource would be.

    What is named after something that is yet to be created cannot be there, once nothing else is in doubt; where something was adopted,
    plan and ask again. `create_again`: the user knows that nothing exists of what the cloud names. Raises `Failure` for what
    cannot be known.
    """
    wanted = [change for change in changes if change.address in doubtful and change.actions == ("create",)]
    open_questions = [change for change in wanted if change.type not in site.import_ids]
    # What was adopted while something that it belongs to is still missing in the state would have to be replaced.
    if open_questions and not create_again:
        raise Failure(
            PERHAPS_CREATED,
            f"in stack {stack.name} the interrupted apply had begun to create {_listed(open_questions)}, and may have done so",
            f"look for it by its tags; if it is there, `terraform -chdir={stack.folder} import ADDRESS ID`; then "
            "`platformspec apply --resume --create-again`",
        )
    adopted = False
    for change in wanted:
        place = doubtful[change.address]
        values = {"account": place.account, "region": place.region, **_without_nulls(change.after)}
        id = import_id(site.import_ids.get(change.type), values)
        if id is None:
            continue
        site.acts()
        if stack.adopt(change.address, id):
            adopted = True
            site.tell(Event("note", change.address, "done", f"it was there already and is adopted as {id}"))
    return adopted


def narrow_doubts(record: Record, stack: str, log: pathlib.Path, folder: pathlib.Path) -> None:
    """Keep in doubt, of what an apply was to create, only what its log says it had begun without hearing how it ended.

    Where there is no such log the apply ran on another machine, and everything stays in doubt. So it does where terraform
    could not write its state, which then lies in `folder`, on this machine alone, and where the log breaks off within a line: the
    disk was full, and what terraform said after that is not there.
    """
    if log.exists() and not (folder / ERRORED_STATE).exists() and not _breaks_off(log):
        begun = creations_in_doubt(log)
        record.settled(stack)
        record.doubt(stack, begun)


def _breaks_off(log: pathlib.Path) -> bool:
    content = log.read_bytes()
    return bool(content) and not content.endswith(b"\n")


def import_id(form: str | None, values: Mapping[str, Any]) -> str | None:
    """The id made from a form such as `{cluster_name}:{node_group_name}`, or None where a part is not known yet.

    >>> import_id("{role}:{name}", {"role": "a", "name": "b"}), import_id("{arn}", {}), import_id(None, {})
    ('a:b', None, None)
    """
    if form is None:
        return None
    names = [name for _, name, _, _ in string.Formatter().parse(form) if name]
    if any(not isinstance(values.get(name), (str, int)) for name in names):
        return None
    return form.format_map(values)


def _without_nulls(values: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in values.items() if value is not None}


def _listed(changes: Collection[ResourceChange]) -> str:
    return ", ".join(f"{change.address}{_tags(change.after)}" for change in changes)


def _tags(after: Mapping[str, Any]) -> str:
    tags = after.get("tags") or {}
    return " (tags " + ", ".join(f"{key}={value}" for key, value in sorted(tags.items())) + ")" if tags else ""
