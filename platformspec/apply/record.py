"""The record of an environment: what is believed to exist, who applied what, and how far each apply came.

One SQLite database, in a file or shared (`shared.py`). Every step is journalled before and after, each in a transaction of its
own, so that a killed process leaves a record that says what it was doing. Every value that matters carries its own digest: a damaged record is reported and never
written to.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import pathlib
import sqlite3
import threading
import zlib
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Literal

from platformspec.apply.disk import disk_failures
from platformspec.apply.record_file import FORMAT, empty, is_whole, make
from platformspec.apply.shared import SharedRecord
from platformspec.diagnostics import Code, Failure
from platformspec.ir.node import Node
from platformspec.ir.program import Program
from platformspec.ir.rename import Former, current_id, renamed_node
from platformspec.ir.serialise import from_json, node_from_data, node_to_data, to_json

DAMAGED = Code(
    "PS705",
    "a record that is damaged",
    explain="The record says what was applied to an environment. Its own checks failed: it was cut short, edited or overwritten. It is "
    "never repaired by guessing and never overwritten. Restore the copy that was made before the last apply (the file "
    "that ends in .bak beside it) or one from a backup.",
)
NEWER = Code(
    "PS706",
    "a record from a newer platformspec",
    explain="A newer version of platformspec has applied to this environment and writes its record in another form. An older one "
    "could lose what it does not understand.",
)
FOREIGN = Code(
    "PS732",
    "the record of another platform",
    explain="A record belongs to one platform in one environment. This one names another: files were copied, or a platform was renamed.",
)

Status = Literal["running", "complete", "failed", "interrupted"]
Certainty = Literal["applied", "attempted"]


@dataclass(frozen=True, slots=True)
class Run:
    """One apply, destroy or rollback. Times are UTC in ISO form; `revision` is the commit of the platform file."""

    id: int
    command: str
    started: str
    ended: str | None
    who: str
    host: str
    tool_version: str
    revision: str | None
    file: str
    head_digest: str
    artifacts_digest: str
    status: Status
    counts: Mapping[str, int]
    options: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Step:
    """One step of a run. `pid` and `identity` are those of the program that was started for it, while it runs."""

    run: int
    name: str
    status: str
    started: str | None
    ended: str | None
    pid: int | None
    identity: str | None
    detail: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Known:
    """A node that exists (`applied`) or may exist (`attempted`), with its uid in the cluster if it is a manifest."""

    node: Node
    certainty: Certainty
    uid: str | None


class Record:
    """The record of one environment. Safe to use from several threads."""

    def __init__(
        self, file: pathlib.Path, platform: str, environment: str | None, shared: SharedRecord | None = None
    ) -> None:
        """Open it, or begin a new one. Raises `Failure` where it is damaged, newer or another platform's.

        `shared`: the record is kept there. Every change is there too before the method returns, or a `Failure` is raised;
        `file` is the copy of what was read or written last.
        """
        self.file = file
        self.where = shared.where if shared is not None else str(file)
        self._names = (platform, environment or "")
        self._shared = shared
        self._lock = threading.RLock()
        self._stored_changes = 0
        if shared is not None:
            self._database = self._loaded(shared)
            return
        if not file.exists():
            make(file, platform, environment)
        if file.stat().st_size == 0:
            # SQLite takes an empty file for a new database.
            raise self._damaged("it is empty")
        self._database = sqlite3.connect(file, timeout=30, isolation_level=None, check_same_thread=False)
        self._check(self._database)

    @property
    def is_shared(self) -> bool:
        """Whether other machines use the same record."""
        return self._shared is not None

    def _loaded(self, shared: SharedRecord) -> sqlite3.Connection:
        """What is shared now, in memory. A new record is written with its first change."""
        content = shared.load()
        if content is None:
            self._refuse_forgotten(shared)
        elif not is_whole(content):
            raise self._damaged("it is cut short, or is no record")
        database = sqlite3.connect(":memory:", isolation_level=None, check_same_thread=False)
        database.deserialize(content if content is not None else empty(*self._names))
        self._check(database)
        self._stored_changes = database.total_changes
        shared.keep_copy(content)
        return database

    def _refuse_forgotten(self, shared: SharedRecord) -> None:
        """Raises `Failure` where this machine knows a record with something in it, and nothing is shared."""
        if not self.file.exists():
            return
        with contextlib.closing(Record(self.file, self._names[0], self._names[1] or None)) as copy:
            if copy.runs() or copy.known():
                raise shared.gone()

    def _check(self, database: sqlite3.Connection) -> None:
        """Raises `Failure`, with the database closed, unless it is a sound record of this platform."""
        self._database = database
        try:
            database.execute("pragma synchronous = full")
            self._check_content()
        except sqlite3.DatabaseError as error:
            database.close()
            raise self._damaged(str(error)) from error
        except Failure:
            database.close()
            raise

    def _check_content(self) -> None:
        problems = [row[0] for row in self._rows("pragma integrity_check")]
        if problems != ["ok"]:
            raise self._damaged(str(problems[0]))
        meta = dict(self._rows("select key, value from meta"))
        if not meta.get("format", "").isdigit():
            raise self._damaged("it does not say its format")
        if int(meta["format"]) > FORMAT:
            raise Failure(
                NEWER,
                f"{self.where} has format {meta['format']}, and this platformspec knows formats up to {FORMAT}",
                "pip install --upgrade platformspec",
            )
        if (meta.get("platform"), meta.get("environment")) != self._names:
            raise Failure(
                FOREIGN,
                f"{self.where} is the record of {meta.get('platform')} {meta.get('environment')}".rstrip(),
                "restore the record of this platform, or give metadata.name its former value",
            )
        self.known()
        for run, ir, digest in self._rows("select id, ir, ir_digest from runs"):
            if hashlib.sha256(ir).hexdigest() != digest:
                raise self._damaged(f"the program of run {run} does not have its digest")

    def _damaged(self, why: str) -> Failure:
        restore = f"`cp {self.file}.bak {self.file}`" if self._shared is None else "the version before it in the bucket"
        return Failure(
            DAMAGED,
            f"the record {self.where} is damaged: {why}",
            f"restore it: {restore}, or from a backup; nothing was changed",
        )

    def close(self) -> None:
        """Close it."""
        self._database.close()

    def back_up(self) -> None:
        """Copy the whole record to the file of the same name that ends in .bak."""
        target = self.file.with_name(self.file.name + ".bak")
        beside = target.with_name(target.name + ".new")
        beside.unlink(missing_ok=True)
        with self._lock, disk_failures(), contextlib.closing(sqlite3.connect(beside)) as copy:
            self._database.backup(copy)
        os.replace(beside, target)

    @contextmanager
    def writing(self) -> Iterator[None]:
        """One change, kept as a whole or not at all. Raises `Failure` where it cannot be written."""
        with self._lock, disk_failures():
            try:
                self._database.execute("begin immediate")
                yield
                self._database.execute("commit")
            except BaseException:
                # SQLite has already rolled back where the disk is full.
                if self._database.in_transaction:
                    self._database.execute("rollback")
                raise
            if self._shared is not None and self._database.total_changes != self._stored_changes:
                self._shared.store(self._database.serialize())
                self._stored_changes = self._database.total_changes

    def _rows(self, query: str, *values: Any) -> list[tuple[Any, ...]]:
        with self._lock:
            return self._database.execute(query, values).fetchall()

    # What exists.

    def known(self) -> dict[str, Known]:
        """Everything that exists or may exist, by id. Raises `Failure` where a row is damaged."""
        found: dict[str, Known] = {}
        for id, certainty, uid, data, digest in self._rows("select id, certainty, uid, data, digest from nodes"):
            if hashlib.sha256(data.encode()).hexdigest() != digest:
                raise self._damaged(f"the entry of {id} does not have its digest")
            found[id] = Known(node_from_data(json.loads(data)), certainty, uid)
        return dict(sorted(found.items()))

    def program(self, platform: str, environment: str | None) -> Program | None:
        """What exists as a program, with the bill of the last apply that finished; None where nothing exists."""
        nodes = [known.node for known in self.known().values()]
        if not nodes:
            return None
        finished = [run.id for run in self.runs() if run.status == "complete" and run.command != "destroy"]
        costs = self.program_of(finished[-1]).costs if finished else ()
        return Program.of(platform, environment, nodes, costs)

    def attempt(self, nodes: Iterable[Node]) -> None:
        """From now on these may exist. What is known already stays as it is."""
        with self.writing():
            for node in nodes:
                data, digest = _row(node)
                self._database.execute(
                    "insert or ignore into nodes values (?, ?, 'attempted', null, ?, ?)",
                    (node.id, node.stack, data, digest),
                )

    def applied(self, nodes: Iterable[Node], uids: Mapping[str, str] | None = None) -> None:
        """These exist as they are here."""
        with self.writing():
            for node in nodes:
                data, digest = _row(node)
                self._database.execute(
                    "insert or replace into nodes values (?, ?, 'applied', ?, ?, ?)",
                    (node.id, node.stack, (uids or {}).get(node.id), data, digest),
                )

    def rename(self, former: Former) -> None:
        """What is known of renamed declarations is known under their present names from now on."""
        known = self.known()
        if all(current_id(id, former) == id for id in known):
            return
        with self.writing():
            for id, item in known.items():
                node = renamed_node(item.node, former)
                if node == item.node:
                    continue
                self._database.execute("delete from nodes where id = ?", (id,))
                if node.id != id and node.id in known and known[node.id].certainty == "applied":
                    continue
                data, digest = _row(node)
                self._database.execute(
                    "insert or replace into nodes values (?, ?, ?, ?, ?, ?)",
                    (node.id, node.stack, item.certainty, item.uid, data, digest),
                )

    def gone(self, ids: Iterable[str]) -> None:
        """These exist no more."""
        with self.writing():
            self._database.executemany("delete from nodes where id = ?", [(id,) for id in ids])

    def state_of(self, stack: str) -> tuple[str, int] | None:
        """Lineage and serial of a stack's Terraform state as the last apply left it."""
        rows = self._rows("select lineage, serial from states where stack = ?", stack)
        return rows[0] if rows else None

    def state_is(self, stack: str, lineage: str, serial: int) -> None:
        """The Terraform state of a stack is this one now."""
        with self.writing():
            self._database.execute("insert or replace into states values (?, ?, ?)", (stack, lineage, serial))

    def doubt(self, stack: str, addresses: Iterable[str]) -> None:
        """Resources, by Terraform address, that may exist without the state knowing."""
        with self.writing():
            self._database.executemany("insert or ignore into doubts values (?, ?)", [(stack, a) for a in addresses])

    def doubts(self, stack: str) -> frozenset[str]:
        """What is in doubt in a stack."""
        return frozenset(row[0] for row in self._rows("select address from doubts where stack = ?", stack))

    def settled(self, stack: str) -> None:
        """Nothing is in doubt in this stack any more."""
        with self.writing():
            self._database.execute("delete from doubts where stack = ?", (stack,))

    # Runs and their steps.

    def begin_run(self, run: Mapping[str, Any], program: Program) -> int:
        """Write down that a run begins; returns its number. `run`: the fields of `Run` but id, ended and status."""
        ir = zlib.compress(to_json(program))
        row = {
            **run,
            "counts": json.dumps(run["counts"]),
            "options": json.dumps(run["options"]),
            "status": "running",
            "ir": ir,
            "ir_digest": hashlib.sha256(ir).hexdigest(),
        }
        with self.writing():
            names = ", ".join(row)
            marks = ", ".join(f":{name}" for name in row)
            cursor = self._database.execute(f"insert into runs ({names}) values ({marks})", row)
            assert cursor.lastrowid is not None
            return cursor.lastrowid

    def end_run(self, run: int, status: Status, at: str | None) -> None:
        """Write down how it ended."""
        with self.writing():
            self._database.execute("update runs set status = ?, ended = ? where id = ?", (status, at, run))

    def runs(self) -> tuple[Run, ...]:
        """All runs, the latest last."""
        rows = self._rows(
            "select id, command, started, ended, who, host, tool_version, revision, file, head_digest, artifacts_digest, status, counts, options"
            " from runs order by id"
        )
        return tuple(Run(*(*row[:-2], json.loads(row[-2]), json.loads(row[-1]))) for row in rows)

    def program_of(self, run: int) -> Program:
        """What a run applied."""
        return from_json(zlib.decompress(self._rows("select ir from runs where id = ?", run)[0][0]))

    def begin_step(self, run: int, name: str, at: str) -> None:
        """Journal that a step begins."""
        with self.writing():
            self._database.execute(
                "insert or replace into steps values (?, ?, 'running', ?, null, null, null, '{}')", (run, name, at)
            )

    def step_process(self, run: int, name: str, pid: int, identity: str | None) -> None:
        """Journal the program that a step has started."""
        with self.writing():
            self._database.execute(
                "update steps set pid = ?, identity = ? where run = ? and name = ?", (pid, identity, run, name)
            )

    def end_step(self, run: int, name: str, status: str, at: str, detail: Mapping[str, Any]) -> None:
        """Journal how a step ended."""
        with self.writing():
            self._database.execute(
                "update steps set status = ?, ended = ?, pid = null, identity = null, detail = ? where run = ? and name = ?",
                (status, at, json.dumps(detail), run, name),
            )

    def steps(self, run: int) -> tuple[Step, ...]:
        """The steps of a run in the order in which they began."""
        rows = self._rows(
            "select run, name, status, started, ended, pid, identity, detail from steps where run = ? order by rowid",
            run,
        )
        return tuple(Step(*(*row[:-1], json.loads(row[-1]))) for row in rows)

    # Approvals.

    def approve(self, head_digest: str, base_digest: str | None, who: str, role: str | None, at: str) -> None:
        """Somebody approves a change from one program to another."""
        with self.writing():
            self._database.execute(
                "insert or replace into approvals values (?, ?, ?, ?, ?)",
                (head_digest, base_digest or "", who, role or "", at),
            )

    def approvals(self, head_digest: str, base_digest: str | None) -> tuple[tuple[str, str], ...]:
        """(who, role) of everybody who approved the change, sorted."""
        rows = self._rows(
            "select who, role from approvals where head_digest = ? and base_digest = ? order by 1, 2",
            head_digest,
            base_digest or "",
        )
        return tuple((who, role) for who, role in rows)

    # The lock.

    def take_lock(self, owner: Mapping[str, Any]) -> Mapping[str, Any] | None:
        """Take the environment's lock. Returns None, or who has it. What is shared is read again once the lock is ours."""
        if self._shared is not None:
            return self._take_shared_lock(self._shared, owner)
        with self.writing():
            held = self.lock_owner()
            if held is None:
                self._database.execute("insert into lock values (1, ?)", (json.dumps(owner),))
            return held

    def _take_shared_lock(self, shared: SharedRecord, owner: Mapping[str, Any]) -> Mapping[str, Any] | None:
        held = shared.take_lock(owner)
        if held is None:
            try:
                with self._lock:
                    self._database.close()
                    self._database = self._loaded(shared)
            except Failure:
                shared.drop_lock(owner["token"])
                raise
        return held

    def lock_owner(self) -> Mapping[str, Any] | None:
        """Who has the lock."""
        if self._shared is not None:
            return self._shared.lock_owner()
        rows = self._rows("select owner from lock")
        return json.loads(rows[0][0]) if rows else None

    def drop_lock(self, token: str) -> None:
        """Release the lock if it is still the one with this token."""
        if self._shared is not None:
            self._shared.drop_lock(token)
            return
        with self.writing():
            held = self.lock_owner()
            if held is not None and held["token"] == token:
                self._database.execute("delete from lock")


def _row(node: Node) -> tuple[str, str]:
    data = json.dumps(node_to_data(node), ensure_ascii=False)
    return data, hashlib.sha256(data.encode()).hexdigest()
