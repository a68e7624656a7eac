"""What a record looks like as bytes: its tables, an empty one, and whether one is whole."""

from __future__ import annotations

import contextlib
import os
import pathlib
import sqlite3
import uuid
from typing import Final

FORMAT: Final = 1
TABLES: Final = """
create table meta (key text primary key, value text not null);
create table runs (
  id integer primary key, command text not null, started text not null, ended text, who text not null, host text not null,
  tool_version text not null, revision text, file text not null, head_digest text not null, artifacts_digest text not null,
  status text not null, counts text not null, options text not null, ir blob not null, ir_digest text not null);
create table steps (
  run integer not null references runs, name text not null, status text not null, started text, ended text, pid integer,
  identity text, detail text not null, primary key (run, name));
create table nodes (
  id text primary key, stack text not null, certainty text not null, uid text, data text not null, digest text not null);
create table approvals (head_digest text, base_digest text, who text, role text, at text, primary key (head_digest, base_digest, who, role));
create table states (stack text primary key, lineage text not null, serial integer not null);
create table doubts (stack text, address text, primary key (stack, address));
create table lock (one integer primary key check (one = 1), owner text not null);
"""


def make(file: pathlib.Path, platform: str, environment: str | None) -> None:
    """An empty record, whole from the first moment that it is there; one that somebody else has just made is left."""
    file.parent.mkdir(parents=True, exist_ok=True)
    beside = file.with_name(f"{file.name}.{uuid.uuid4().hex}")
    try:
        beside.write_bytes(empty(platform, environment or ""))
        with contextlib.suppress(FileExistsError):
            os.link(beside, file)
    finally:
        beside.unlink(missing_ok=True)


def empty(platform: str, environment: str) -> bytes:
    """The content of a record in which nothing is written yet."""
    with contextlib.closing(sqlite3.connect(":memory:")) as database:
        database.executescript(TABLES)
        values = {"format": str(FORMAT), "platform": platform, "environment": environment}
        database.executemany("insert into meta values (?, ?)", values.items())
        database.commit()
        return database.serialize()


def is_whole(content: bytes) -> bool:
    """Whether it has as many pages as its header says (sqlite.org/fileformat2.html): SQLite does not miss a part of the last."""
    page_bytes = int.from_bytes(content[16:18], "big")
    return len(content) > 100 and len(content) == int.from_bytes(content[28:32], "big") * (
        65536 if page_bytes == 1 else page_bytes
    )
