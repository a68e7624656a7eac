"""A small environment on which the real terraform works without any provider: `terraform_data` is built into it."""

from __future__ import annotations

import datetime
import json
import pathlib
import shutil
from collections.abc import Sequence
from typing import Any

import pytest

from platformspec.apply.apply import Intent, Outcome, apply, steps_done, wait_for_orphans
from platformspec.apply.events import Event
from platformspec.apply.kubectl import Cluster
from platformspec.apply.lock import locked
from platformspec.apply.process import Program as Tool
from platformspec.apply.record import Record
from platformspec.apply.site import Limits, Site, now
from platformspec.emit.settings import EmitSettings
from platformspec.ir.expr import Attr
from platformspec.ir.node import Node, Placement, Resource
from platformspec.ir.program import Program
from platformspec.lower.contract import Verdict
from platformspec.plan.change import Plan
from platformspec.plan.diff import diff
from platformspec.plan.digest import digest

AS_OF = datetime.date(2026, 11, 23)
PLACE = Placement("111122223333", "eu-central-1", "main")
needs_terraform = pytest.mark.skipif(shutil.which("terraform") is None, reason="terraform is not installed")


def thing(id: str, stack: str, value: Any = "x", **more: Any) -> Resource:
    """One resource: `input` is any value, a reference too."""
    return Resource(
        id, "terraform_data", stack, PLACE, {"input": value, **more.pop("attrs", {})}, id.split("/")[0], **more
    )


def refers(id: str, path: str = "id") -> Attr:
    return Attr(id, path)


def program(*nodes: Node) -> Program:
    return Program.of("acme", None, nodes)


def replaces(type: str, path: Sequence[str | int]) -> Verdict:
    return Verdict(path[0] == "triggers_replace", "terraform")


class Bench:
    """An environment in a folder; every method works on the record as a new process would."""

    def __init__(self, folder: pathlib.Path) -> None:
        self.folder = folder
        self.events: list[Event] = []

    def record(self) -> Record:
        return Record(self.folder / "record.sqlite", "acme", None)

    def site(self, record: Record, **more: Any) -> Site:
        return Site(
            platform="acme",
            environment=None,
            settings=EmitSettings("acme", None, None, {}),
            folder=self.folder,
            cache=self.folder / "cache",
            kept_locks=None,
            record=record,
            terraform=Tool(shutil.which("terraform") or "terraform"),
            cluster=more.pop("cluster", no_cluster),
            tell=self.events.append,
            limits=Limits(2, 1),
            **more,
        )

    def plan(self, record: Record, head: Program) -> Plan:
        before = record.program("acme", None)
        digests = (digest(before) if before is not None else None, digest(head))
        return diff(before, head, replaces, as_of=AS_OF, tool_version="1", digests=digests)

    def apply(self, head: Program, *, site: dict[str, Any] | None = None, **more: Any) -> Outcome:
        """Plan and apply, as one run."""
        record = self.record()
        try:
            plan = more.pop("plan", None) or self.plan(record, head)
            here = self.site(record, **(site or {}))
            here.run = record.begin_run(header(plan), head)
            return apply(here, Intent(head, plan, **more))
        finally:
            record.close()

    def resume(self, head: Program, *, site: dict[str, Any] | None = None, **more: Any) -> Outcome:
        """Go on with the last run, as `apply --resume` does."""
        record = self.record()
        try:
            here = self.site(record, **(site or {}))
            last = record.runs()[-1]
            with locked(record, "apply", now(), take_over=True):
                wait_for_orphans(here, last.id)
                plan = self.plan(record, head)
                record.end_run(last.id, "interrupted", now())
                here.run = record.begin_run(header(plan), head)
                done = frozenset(steps_done(here, last.id))
                return apply(here, Intent(head, plan, done=done, **more))
        finally:
            record.close()

    def state(self, stack: str) -> set[str]:
        """Names of the resources in a stack's state."""
        file = self.folder / "terraform" / "state" / f"{stack}.tfstate"
        return {
            resource["name"] for resource in json.loads(file.read_text())["resources"] if resource["mode"] == "managed"
        }


def header(plan: Plan, command: str = "apply") -> dict[str, Any]:
    return {
        "command": command,
        "started": now(),
        "who": "lea",
        "host": "here",
        "tool_version": "1",
        "revision": None,
        "file": "platform.yaml",
        "head_digest": plan.head_digest,
        "artifacts_digest": "",
        "counts": dict(plan.counts),
        "options": {},
    }


def no_cluster(site: Site, name: str) -> Cluster:
    raise AssertionError("no cluster is needed")
