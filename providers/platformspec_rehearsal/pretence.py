"""The file that holds everything a rehearsal pretends: the account's resources, the clusters' objects, what was done.

One SQLite file, written by every simulated provider and by the emulated API at the same time, and kept from run to run, so that
a second apply, a resume and a destroy meet the same cloud.
"""

from __future__ import annotations

import contextlib
import json
import pathlib
import sqlite3
import threading
from collections.abc import Iterator
from typing import Any, Final

# Under this is noted what an import finds though nothing has made it.
TAKEN_OVER: Final = "taken over"
FILE: Final = "pretence.sqlite"
# Long enough for a queue of providers that write at the same time.
WAIT_SECONDS: Final = 60.0
TABLES: Final = """
create table if not exists resources (
  type text, account text, region text, key text, id text, state text, primary key (type, account, region, key));
create table if not exists retained (type text, account text, region text, key text, why text);
create table if not exists occurrences (digest text primary key, times integer);
create table if not exists done (position integer primary key autoincrement, op text, type text, id text);
create table if not exists objects (
  cluster text, grp text, plural text, namespace text, name text, version integer, object text,
  primary key (cluster, grp, plural, namespace, name));
create table if not exists versions (cluster text primary key, version integer);
create table if not exists noted (topic text, entry text, primary key (topic, entry));
"""


class Pretence:
    """A connection to the file, shared by the threads of one process: one of them speaks at a time."""

    def __init__(self, folder: pathlib.Path) -> None:
        self.lock = threading.RLock()
        self.database = sqlite3.connect(
            folder / FILE, timeout=WAIT_SECONDS, isolation_level=None, check_same_thread=False
        )
        self.database.execute("pragma journal_mode = wal")
        # A process that dies loses nothing; only the whole machine's end could, and then the rehearsal is over anyway.
        self.database.execute("pragma synchronous = normal")
        if self.database.execute("select count(*) from sqlite_master where name = 'noted'").fetchone()[0] == 0:
            self.database.executescript(TABLES)

    def close(self) -> None:
        """Close the connection."""
        self.database.close()

    @contextlib.contextmanager
    def writing(self) -> Iterator[None]:
        """One change, seen by others as a whole or not at all."""
        with self.lock:
            self.database.execute("begin immediate")
            try:
                yield
            except BaseException:
                self.database.execute("rollback")
                raise
            self.database.execute("commit")

    def rows(self, query: str, *values: Any) -> list[tuple[Any, ...]]:
        """All rows of a query."""
        with self.lock:
            return self.database.execute(query, values).fetchall()

    def count(self, digest: str) -> int:
        """How often this was counted, this time included."""
        self.database.execute(
            "insert into occurrences values (?, 1) on conflict (digest) do update set times = times + 1", (digest,)
        )
        times: int = self.rows("select times from occurrences where digest = ?", digest)[0][0]
        return times

    def note(self, topic: str, entry: str) -> None:
        """Remember for the summary."""
        self.database.execute("insert or ignore into noted values (?, ?)", (topic, entry))

    def noted(self, topic: str) -> tuple[str, ...]:
        """Everything noted under a topic, sorted."""
        return tuple(row[0] for row in self.rows("select entry from noted where topic = ? order by entry", topic))

    def did(self, op: str, type: str, id: str) -> None:
        """Add to the list of what was done."""
        self.database.execute("insert into done (op, type, id) values (?, ?, ?)", (op, type, id))


def as_json(value: Any) -> str:
    """The one form in which values are stored and compared."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"))
