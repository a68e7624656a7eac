"""Apply one stack: plan it with terraform, compare with what was announced, apply, and keep what became of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping
from typing import Any

from platformspec.apply.announced import guard_of, refuse_unannounced
from platformspec.apply.doubtful import narrow_doubts, settle_doubts
from platformspec.apply.events import Event
from platformspec.apply.site import Site
from platformspec.apply.taken_over import refuse_replacing_imports, say_what_is_taken_over
from platformspec.apply.terraform import RESTORE, STATE_UNREADABLE, Stack
from platformspec.diagnostics import Failure
from platformspec.emit.terraform import address
from platformspec.ir.node import Import, Moved, Resource
from platformspec.ir.program import Program


def apply_stack(
    site: Site,
    name: str,
    program: Program,
    *,
    announced: Collection[str],
    scope: Collection[str] | None,
    removes: Collection[str] = (),
    create_again: bool = False,
    step: str | None = None,
) -> None:
    """Bring one stack to what `program` says.

    `announced`: ids that may be destroyed. `scope`: ids to which a targeted apply is held. `removes`: ids that this step is
    to take away. `create_again`: nothing exists of what is in doubt and named by the cloud. Raises `Failure`.
    """
    step = step or f"stack {name}"
    nodes = [
        node
        for node in program.by_stack.get(name, ())
        # What only tells Terraform where something is does not exist.
        if (scope is None or node.id in scope) and not isinstance(node, (Import, Moved))
    ]
    ids = {address(node): node.id for node in program.by_stack.get(name, ()) if isinstance(node, Resource)}
    known = site.record.known()
    ids |= {
        address(item.node): id
        for id, item in known.items()
        if item.node.stack == name and isinstance(item.node, Resource) and address(item.node) not in ids
    }
    with site.step(step) as detail:
        site.record.attempt(nodes)
        stack = site.stack(name, step)
        stack.initialise()
        state = stack.state()
        refuse_lost_state(site, stack, state)
        keep_protected(site, stack, state, program, ids)
        by_id = {id: address for address, id in ids.items()}
        wanted = {*(scope or ()), *removes}
        targets = sorted(by_id[id] for id in wanted if id in by_id) if scope is not None else ()
        planned = stack.plan(targets)
        doubts = site.record.doubts(name)
        places = {found: program.nodes[ids[found]].placement for found in doubts if ids.get(found) in program.nodes}
        # What is named after something adopted can be looked up only then.
        while places and settle_doubts(site, stack, planned.changes, places, create_again=create_again):
            planned = stack.plan(targets)
        site.record.settled(name)
        unfinished = {id for id, item in known.items() if item.certainty == "attempted"}
        refuse_replacing_imports(name, planned.changes, ids, program.imported)
        refuse_unannounced(name, planned.changes, ids, announced, unfinished)
        say_what_is_taken_over(site.tell, planned.changes, ids, program.imported)
        # Terraform writes down what an import by hand depends on when it applies, though nothing else is left to do.
        if planned.changes_something or doubts:
            # Should another machine go on with this run, it has no log to see how far this one came. Here the log begins first:
            # killed in between, nothing is in doubt.
            stack.begin_log("apply")
            site.record.doubt(name, [change.address for change in planned.changes if change.creates])
            site.acts()
            try:
                stack.apply(lambda message: _relay(site, ids, message))
            except Failure:
                narrow_doubts(site.record, name, stack.log("apply"), stack.folder)
                raise
        else:
            stack.forget_plan()
        counts = Counter("imported" if change.imported else _verb(change.actions) for change in planned.changes)
        if planned.moved:
            counts["moved"] = planned.moved
        detail["counts"] = dict(counts)
        detail["summary"] = ", ".join(f"{count} {verb}" for verb, count in sorted(counts.items())) or "no changes"
        state = stack.state()
        if state is not None:
            site.record.state_is(name, state["lineage"], state["serial"])
        site.record.applied(nodes)
        site.record.gone(removes)
        site.record.settled(name)


def refuse_lost_state(site: Site, stack: Stack, state: Mapping[str, Any] | None) -> None:
    """Raises `Failure` where the record knows resources of this stack, and its state is not the one that made them."""
    recorded = site.record.state_of(stack.name)
    if recorded is None:
        return
    if state is None:
        why = "is gone"
    elif state["lineage"] != recorded[0]:
        why = "is another one than the last apply left"
    elif state["serial"] < recorded[1]:
        why = f"has serial {state['serial']}, and the last apply left {recorded[1]}"
    else:
        return
    raise Failure(
        STATE_UNREADABLE,
        f"the state of stack {stack.name} {why}",
        RESTORE,
    )


def keep_protected(
    site: Site, stack: Stack, state: Mapping[str, Any] | None, program: Program, ids: Mapping[str, str]
) -> None:
    """Let what is protected stay although its creation was reported to have failed.

    It is there: the cloud only took longer than terraform waits. Terraform would create it anew, which its protection forbids, ours or
    the cloud's, so no apply could go on.
    """
    for resource in (state or {}).get("resources", ()):
        found = f"{resource['type']}.{resource['name']}"
        node = program.nodes.get(ids.get(found, ""))
        tainted = any(instance.get("status") == "tainted" for instance in resource["instances"])
        if tainted and node is not None and (node.lifecycle.get("prevent_destroy") or guard_of(node, site.guards)):
            site.acts()
            stack.untaint(found)
            site.tell(
                Event("note", node.id, "done", "its creation was reported to have failed, and it is there: it is kept")
            )


def _verb(actions: tuple[str, ...]) -> str:
    if "delete" in actions:
        return "replaced" if "create" in actions else "deleted"
    return {"create": "created", "update": "updated"}.get(actions[0], "read")


def _relay(site: Site, ids: Mapping[str, str], message: Mapping[str, Any]) -> None:
    """Terraform's own messages about resources, as events."""
    kind, hook = message.get("type"), message.get("hook", {})
    if kind not in ("apply_start", "apply_progress", "apply_complete", "apply_errored"):
        return
    found = hook["resource"]["addr"]
    name, seconds = ids.get(found, found), hook.get("elapsed_seconds")
    if kind == "apply_start":
        site.tell(Event("resource", name, "begins", str(hook.get("action", ""))))
    elif kind == "apply_progress":
        site.tell(Event("resource", name, "waits", str(hook.get("action", "")), seconds))
    elif kind == "apply_complete":
        site.tell(Event("resource", name, "done", str(hook.get("action", "")), seconds))
    else:
        site.tell(Event("resource", name, "failed", str(hook.get("action", "")), seconds))
