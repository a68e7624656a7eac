"""Bring an environment to what a program says. Read this first.

    forward   stacks in the order of the graph. What is to go stays for now, so that nothing is deleted that others still use
    manifests each cluster's objects, then wait until they work; or a commit, where an engine in the cluster follows a repository
    prune     objects that are no longer declared, dependents first
    retire    stacks in reverse order, without what is no longer declared

A destroy is an apply of nothing. Every step is journalled; `resume` leaves out those that are done.
"""

from __future__ import annotations

import contextlib
import dataclasses
import time
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from typing import Final

from platformspec.apply.announced import Guards
from platformspec.apply.cluster_step import apply_manifests, prune, wait_until_ready
from platformspec.apply.delivery_step import commit, commit_removal, let_go, refuse_unfit_clones
from platformspec.apply.disk import disk_failures
from platformspec.apply.doubtful import narrow_doubts
from platformspec.apply.events import Event
from platformspec.apply.process import identity
from platformspec.apply.record import Known
from platformspec.apply.rehearsed_delivery import rehearse_delivery
from platformspec.apply.site import Site, now
from platformspec.apply.stack_step import apply_stack
from platformspec.apply.teardown import empty_cluster
from platformspec.diagnostics import Diagnostic, Failure
from platformspec.ir.delivery import Delivery, deliveries
from platformspec.ir.node import Manifest, Node, ProviderConfig
from platformspec.ir.program import KUBERNETES_STACK, Program
from platformspec.plan.change import Plan

ORPHAN_POLL_SECONDS: Final = 0.5


@dataclass(frozen=True, slots=True)
class Intent:
    """What a run is to do.

    - `head`: the program to reach; an empty one destroys everything.
    - `plan`: what was announced.
    - `scope`: ids to which a targeted apply is held, or None.
    - `allowed`: ids that may be destroyed beyond what the plan announced.
    - `done`: steps of the interrupted run that need not be done again.
    - `create_again`: the user knows that nothing exists of what is in doubt and named by the cloud.
    - `guards`: arguments to set before a destroy, so that the cloud permits it; see `refuse_protected`.
    """

    head: Program
    plan: Plan
    scope: frozenset[str] | None = None
    allowed: frozenset[str] = frozenset()
    done: frozenset[str] = frozenset()
    create_again: bool = False
    guards: Guards = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a run ended. `acted`: something outside may have changed. `left`: objects left in place, and why."""

    failures: tuple[Diagnostic, ...]
    acted: bool
    left: tuple[str, ...] = ()

    @property
    def complete(self) -> bool:
        return not self.failures


class _Failures(Exception):
    """What went wrong in the steps of one wave."""

    def __init__(self, failures: Sequence[Failure]) -> None:
        super().__init__(*failures)
        self.failures = failures


@dataclass
class _Work:
    """The programs that a run passes through."""

    site: Site
    intent: Intent
    known: Mapping[str, Known]
    union: Program = field(init=False)

    def __post_init__(self) -> None:
        head = self.intent.head
        leaving = {i: k.node for i, k in self.known.items() if i not in head.nodes and not isinstance(k.node, Manifest)}
        self.union = Program.of(head.platform, head.environment, [*head, *leaving.values()])

    def within(self, ids: Iterable[str]) -> list[str]:
        """Those of the ids that this run may touch."""
        return [id for id in ids if self.intent.scope is None or id in self.intent.scope]


def apply(site: Site, intent: Intent) -> Outcome:
    """Do it. The caller holds the lock and has begun the run in the record."""
    site.record.rename(intent.head.former)
    work = _Work(site, intent, site.record.known())
    site.tell(Event("run", intent.plan.platform, "begins"))
    for step in sorted(intent.done):
        # Should this run be interrupted too, the next one need not do it either.
        site.record.begin_step(site.run, step, now())
        site.record.end_step(site.run, step, "done", now(), {"summary": "done before the interruption"})
    _doubt(site, work.union.by_stack)
    try:
        with disk_failures():
            refuse_unfit_clones(site, _manifests(work).committed)
            _forward(work)
            left = _clusters(work)
            _retire(work)
    except Failure as failure:
        return _ended(site, [failure])
    except _Failures as several:
        return _ended(site, several.failures)
    except KeyboardInterrupt:
        with contextlib.suppress(Failure):
            site.record.end_run(site.run, "interrupted", now())
        raise
    try:
        site.record.end_run(site.run, "complete", now())
    except Failure as failure:
        return _ended(site, [failure])
    site.tell(Event("run", intent.plan.platform, "done"))
    return Outcome((), site.acted, left)


def _ended(site: Site, failures: Sequence[Failure]) -> Outcome:
    # The record may be what was lost. It then says that the run goes on, as after a kill.
    with contextlib.suppress(Failure):
        site.record.end_run(site.run, "failed", now())
    site.tell(Event("run", site.platform, "failed", code=failures[0].diagnostic.code.id))
    return Outcome(tuple(failure.diagnostic for failure in failures), site.acted)


def _forward(work: _Work) -> None:
    site, intent = work.site, work.intent
    if not intent.head.nodes:
        _unguard(work)
        return
    site.write(work.union)
    # What was made and is now only read goes here: its id stays, and so nothing of it is left for the end.
    replaced = {
        change.id
        for change in intent.plan.changes
        if change.action == "replace" or (change.action == "delete" and change.id in intent.head.nodes)
    }

    def one(name: str) -> None:
        apply_stack(
            site,
            name,
            work.union,
            announced=replaced | intent.allowed,
            scope=intent.scope,
            create_again=intent.create_again,
        )

    for wave in work.union.waves:
        names = [
            name
            for name in wave
            if name != KUBERNETES_STACK
            and f"stack {name}" not in intent.done
            and (intent.scope is None or any(node.id in intent.scope for node in work.union.by_stack[name]))
        ]
        _together(names, one, site.limits.parallelism)


def _unguard(work: _Work) -> None:
    """Let the cloud permit what is to be destroyed."""
    site, guards = work.site, work.intent.guards
    changed = {
        node.id: dataclasses.replace(node, attrs={**node.attrs, **guards[node.type]}, lifecycle={})
        for node in work.union
        if node.type in guards and any(node.attrs.get(name) != value for name, value in guards[node.type].items())
    }
    if not changed:
        return
    work.union = dataclasses.replace(work.union, nodes={**work.union.nodes, **changed})
    site.write(work.union)
    stacks = sorted({node.stack for node in changed.values()})

    def one(name: str) -> None:
        apply_stack(site, name, work.union, announced=(), scope=frozenset(changed), step=f"unguard {name}")

    _together(stacks, one, site.limits.parallelism)


def _doubt(site: Site, stacks: Iterable[str]) -> None:
    """Write down which creations the run before this one had begun without hearing how they ended."""
    before = [run for run in site.record.runs() if run.id < site.run]
    if before and before[-1].status != "complete":
        for name in stacks:
            log = site.logs(before[-1].id) / f"{name}.apply.log"
            narrow_doubts(site.record, name, log, site.stacks_folder / name)


@dataclass(frozen=True, slots=True)
class _Manifests:
    """What is declared and what is stale in each cluster, and which clusters an engine delivers to: now, and as is known."""

    declared: Mapping[str, Sequence[Manifest]]
    stale: Mapping[str, Sequence[str]]
    wanted: Mapping[str, Delivery]
    before: Mapping[str, Delivery]

    @property
    def committed(self) -> Mapping[str, Delivery]:
        """Deliveries in whose repository something is to change."""
        leaving = {name: d for name, d in self.before.items() if name in self.stale and name not in self.declared}
        return leaving | {name: d for name, d in self.wanted.items() if name in self.declared or name in self.stale}


def _manifests(work: _Work) -> _Manifests:
    head = work.intent.head
    declared: dict[str, list[Manifest]] = {}
    for node in head.by_stack.get(KUBERNETES_STACK, ()):
        if isinstance(node, Manifest) and work.within([node.id]):
            declared.setdefault(str(node.placement.cluster), []).append(node)
    stale: dict[str, list[str]] = {}
    for id, item in work.known.items():
        if isinstance(item.node, Manifest) and id not in head.nodes and work.within([id]):
            stale.setdefault(str(item.node.placement.cluster), []).append(id)
    return _Manifests(declared, stale, deliveries(head), deliveries(item.node for item in work.known.values()))


def _clusters(work: _Work) -> tuple[str, ...]:
    """Manifests, readiness and pruning of every cluster; what was left in place."""
    site, intent = work.site, work.intent
    found = _manifests(work)
    left: list[str] = []
    for name in sorted({*found.declared, *found.stale}):
        declared, stale = found.declared.get(name, ()), found.stale.get(name, ())
        wanted, before = found.wanted.get(name), found.before.get(name)
        if before is not None and not declared:
            commit_removal(site, before)
        if before is not None and declared and wanted != before:
            where = f"{before.path} of {before.repository}, branch {before.branch}"
            site.tell(Event("note", name, "skipped", f"what was committed before stays in {where}"))
        if before is not None and (wanted is None or wanted.engine != before.engine):
            let_go(site, site.cluster(site, name), work.known, stale)
        if wanted is not None:
            gone = [node for id in stale if isinstance(node := work.known[id].node, Manifest)]
            commit(site, wanted, intent.head, declared, gone, whole=intent.scope is None)
            if not site.git.rehearsed:
                site.record.gone(stale)
                continue
            rehearse_delivery(site, site.cluster(site, name), wanted, declared)
            let_go(site, site.cluster(site, name), work.known, stale)
        cluster = site.cluster(site, name)
        if declared and wanted is None and f"manifests {name}" not in intent.done:
            apply_manifests(site, cluster, intent.head, declared)
        if declared and f"ready {name}" not in intent.done and site.limits.ready_minutes:
            wait_until_ready(site, cluster, declared)
        if stale and intent.head.nodes:
            left += prune(site, cluster, intent.plan.platform, stale)
        elif stale:
            empty_cluster(site, cluster, intent.plan.platform, stale)
    return tuple(left)


def _retire(work: _Work) -> None:
    """Take away what is no longer declared, last stack first: each stack goes while all that it needs is still there."""
    site, intent = work.site, work.intent
    current: dict[str, Node] = dict(work.union.nodes)
    order = [name for wave in work.union.waves for name in wave if name != KUBERNETES_STACK]
    for name in reversed(order):
        nodes = work.union.by_stack[name]
        leaving = work.within(node.id for node in nodes if node.id not in intent.head.nodes)
        if not leaving:
            continue
        # A stack that goes altogether keeps its provider blocks for as long as Terraform needs them to delete the rest.
        last = all(node.id not in intent.head.nodes for node in nodes)
        blocks = {id for id in leaving if last and isinstance(current[id], ProviderConfig)}
        for id in leaving:
            if id not in blocks:
                del current[id]
        program = Program.of(intent.head.platform, intent.head.environment, current.values())
        site.write(program, emptied=(name,))
        apply_stack(
            site,
            name,
            program,
            announced=intent.allowed | set(leaving),
            scope=intent.scope,
            removes=leaving,
            step=f"retire {name}",
        )
        for id in blocks:
            del current[id]
    if current.keys() != work.union.nodes.keys():
        site.write(Program.of(intent.head.platform, intent.head.environment, current.values()))


def _together(names: Sequence[str], one: Callable[[str], None], parallelism: int) -> None:
    """Do all of them, a few at a time. One that fails stops none of the others, and nothing new is begun after them."""
    if not names:
        return
    with ThreadPoolExecutor(max_workers=parallelism) as pool:
        futures: list[Future[None]] = [pool.submit(one, name) for name in names]
        try:
            wait(futures)
        except KeyboardInterrupt:
            # Terraform has had the interrupt as well, and ends in an orderly way.
            for future in futures:
                future.cancel()
            wait(futures)
            raise
    errors = [future.exception() for future in futures]
    failures = [error for error in errors if isinstance(error, Failure)]
    for error in errors:
        if error is not None and not isinstance(error, Failure):
            raise error
    if failures:
        raise _Failures(failures)


def wait_for_orphans(site: Site, run: int, poll_seconds: float = ORPHAN_POLL_SECONDS) -> None:
    """Programs that outlived an interrupted run finish what they had begun; two at once on one state would not do."""
    for step in site.record.steps(run):
        said = False
        while step.pid is not None and step.identity is not None and identity(step.pid) == step.identity:
            if not said:
                message = f"process {step.pid} of the interrupted run is still at work; waiting until it ends"
                site.tell(Event("note", step.name, "waits", message))
                said = True
            time.sleep(poll_seconds)


def steps_done(site: Site, run: int) -> Collection[str]:
    """Steps of a run that finished. Waiting and taking away are never left out: they are quick where nothing is to do."""
    kinds = ("stack ", "manifests ")
    return [step.name for step in site.record.steps(run) if step.status == "done" and step.name.startswith(kinds)]
