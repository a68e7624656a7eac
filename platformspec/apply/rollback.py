"""Which earlier run a rollback goes back to, and what that run applied, in the words of today."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

from platformspec.apply.record import Record, Run
from platformspec.apply.versions import numbers
from platformspec.diagnostics import Code, Failure
from platformspec.ir.naming import terraform_name
from platformspec.ir.node import Import, Moved
from platformspec.ir.program import Program
from platformspec.ir.rename import Former, current_id
from platformspec.lower.moves import moves
from platformspec.version import VERSION

NO_EARLIER = Code(
    "PS781",
    "no run to go back to",
    explain="`platformspec rollback` goes back to what the last finished run before the present state applied, and `--to` names another one by its number. "
    "The record has no such run. A destroy is nothing to go back to: that is `platformspec destroy`.",
)
NOT_WHOLE = Code(
    "PS782",
    "a run that did not apply all of its platform",
    explain="A run that failed or was interrupted, or was held to a `--target`, left something between two states. What it was to reach may never "
    "have worked, so a rollback goes only to runs that finished and were about everything.",
)
NEWER_RUN = Code(
    "PS783",
    "a run of another version of platformspec",
    explain="The record keeps what each run applied in the form of the platformspec that did it. A newer version may have written what this one does not "
    "understand, or raised the providers whose states an older one cannot read.",
)
LIST = "`platformspec record` lists the runs"


def chosen(runs: Sequence[Run], number: int | None) -> Run:
    """The run to go back to: the one with this number, or the last finished one that says something else than the last run.

    Raises `Failure` where there is none, or where it cannot be gone back to.
    """
    if not runs:
        raise Failure(NO_EARLIER, "nothing was applied here", "platformspec apply")
    if number is None:
        earlier = [run for run in runs[:-1] if not _why_not(run) and run.head_digest != runs[-1].head_digest]
        if not earlier:
            raise Failure(NO_EARLIER, f"no run before run {runs[-1].id} finished with another platform", LIST)
        run = earlier[-1]
    else:
        named = [run for run in runs if run.id == number]
        if not named:
            raise Failure(NO_EARLIER, f"there is no run {number}", LIST)
        run = named[0]
        if run.command == "destroy":
            raise Failure(NO_EARLIER, f"run {number} is a destroy", "`platformspec destroy` takes everything away")
        if why := _why_not(run):
            raise Failure(NOT_WHOLE, f"run {number} {why}", f"choose one that is complete: {LIST}")
    if numbers(run.tool_version) > numbers(VERSION):
        raise Failure(
            NEWER_RUN,
            f"run {run.id} is by platformspec {run.tool_version}, and this is {VERSION}",
            f"pip install 'platformspec>={run.tool_version}'",
        )
    return run


def _why_not(run: Run) -> str | None:
    if run.command == "destroy":
        return "is a destroy"
    if run.status != "complete":
        return "goes on" if run.status == "running" else f"is {run.status}: it never finished"
    if run.options.get("target") is not None:
        return f"applied no more than {run.options['target']}"
    return None


def program_at(record: Record, run: Run) -> Program:
    """What a run applied, with every id as it is since: what was renamed later keeps its present name.

    Raises `Failure` where this version cannot read it.
    """
    try:
        then, since = record.program_of(run.id), _renames(record, run)
    except ValueError as error:
        raise Failure(
            NEWER_RUN,
            f"what run {run.id} or a later one applied cannot be read by platformspec {VERSION}: {error}",
            f"pip install platformspec=={run.tool_version}",
        ) from error
    if not any(since):
        return then
    # Its own moves are done, and those of the last run may be half done.
    kept = {id: node for id, node in then.nodes.items() if not isinstance(node, Moved)}
    program = dataclasses.replace(then, nodes=kept)
    for former in since:
        program = program.renamed(former)
    last = since[-1]
    found = [_readdressed(node) if isinstance(node, Import) else node for node in program]
    nodes = [*found, *moves(found, last)]
    return Program.of(then.platform, then.environment, nodes, program.costs, then.requirements, last)


def _readdressed(node: Import) -> Import:
    """An import block that names its resource as it is called now."""
    type, _, _ = str(node.attrs["to"]).partition(".")
    return dataclasses.replace(node, attrs={**node.attrs, "to": f"{type}.{terraform_name(node.resource)}"})


def renamed_since(record: Record, run: Run) -> dict[str, str]:
    """Address in a run -> address now, of every declaration that has another name since."""
    found = {}
    for address in sorted({node.declaration for node in record.program_of(run.id)}):
        name = address
        for former in _renames(record, run):
            name = current_id(name, former)
        if name != address:
            found[address] = name
    return found


def _renames(record: Record, run: Run) -> list[Former]:
    """What each later run said about earlier names, in order."""
    return [record.program_of(later.id).former for later in record.runs() if later.id > run.id]
