"""A record that several machines share: an object beside the Terraform states, and its lock in another one.

Each write names the version that it replaces, so the object is a chain of whole records that nobody else wrote into. What was
read or written last is copied to a file, with which `plan` compares where there is no network.
"""

from __future__ import annotations

import contextlib
import json
import os
import pathlib
from collections.abc import Callable, Mapping
from typing import Any, Final

from platformspec.apply.account import NO_CREDENTIALS
from platformspec.apply.places import RECORD
from platformspec.apply.terraform import MAKE_BUCKET, NO_BUCKET
from platformspec.diagnostics import Code, Failure
from platformspec.lower.objects import Objects, ObjectsProblem, Stored

CHANGED = Code(
    "PS760",
    "a record that somebody else has written",
    explain="The record beside the state is no longer the one that this process read or wrote last. Somebody released the lock by force "
    "while this apply was at work, or wrote the object by other means. Their version stays, and this process stops before it does anything "
    "further. What it had done until then is in the Terraform states.",
)
UNREACHABLE = Code(
    "PS761",
    "a record that cannot be reached",
    explain="With cloud.state in a bucket, the record of who applied what is kept there too. Every step is written down before it "
    "is taken, so without the bucket nothing is begun, and an apply that loses it stops before its next step. `plan` needs no network: "
    "it compares with the copy of what was read last.",
)
GONE = Code(
    "PS762",
    "a record that is not in the bucket",
    explain="This machine has a record of the environment in which things exist, and the bucket under cloud.state has none. To begin an empty "
    "one would create everything a second time. Either the object was deleted, or the bucket is not the one that was used before, or the state "
    "was kept in local files until now and has to be moved.",
)

LOCK: Final = "record.lock"
SEEN: Final = "record.seen.json"
ATTEMPTS: Final = 3
# What the owner of a lock says of itself; see `locked`.
OWNER: Final = {"token", "command", "who", "host", "pid", "identity", "since"}


class SharedRecord:
    """Reads and writes the object. `key`: name of an object of the environment -> its key in the bucket."""

    def __init__(
        self, objects: Objects, bucket: str, key: Callable[[str], str], folder: pathlib.Path, now: Callable[[], str]
    ) -> None:
        self._objects = objects
        self._bucket = bucket
        self.where = where(bucket, key)
        self._record, self._lock = key(RECORD), key(LOCK)
        self._folder = folder
        self._now = now
        self._tag: str | None = None
        self._unanswered: bytes | None = None

    def load(self) -> bytes | None:
        """The record, or None where there is none. Raises `Failure`."""
        there = self._read(self._record)
        self._tag = there.tag if there is not None else None
        return there.content if there is not None else None

    def store(self, content: bytes) -> None:
        """Replace the record that was loaded or stored last. Raises `Failure` where it is another one by now."""
        for _ in range(ATTEMPTS):
            try:
                self._tag = self._objects.write(self._record, content, self._tag)
            except ObjectsProblem as problem:
                if problem.kind != "conflict":
                    self._unanswered = content
                    raise failure(problem, self.where) from problem
                if not self._is_ours(content):
                    continue
            self._unanswered = None
            self.keep_copy(content)
            return
        raise self._changed()

    def _is_ours(self, content: bytes) -> bool:
        """After a conflict: whether it was our own write, whose answer was lost. False: it may be tried again. Raises `Failure`."""
        there = self._read(self._record)
        found, tag = (there.content, there.tag) if there is not None else (None, None)
        if found is not None and found in (content, self._unanswered):
            self._tag = tag
            return found == content
        if tag != self._tag:
            raise self._changed()
        return False

    def keep_copy(self, content: bytes | None) -> None:
        """Keep what was read or written for `plan`. None: there is no record."""
        copy = self._folder / RECORD
        if content is None:
            copy.unlink(missing_ok=True)
        else:
            _replace(copy, content)
        seen = {"where": self.where, "at": self._now(), "there": content is not None}
        _replace(self._folder / SEEN, json.dumps(seen).encode())

    def gone(self) -> Failure:
        """The failure for a record that this machine knows and the bucket does not have."""
        copy = self._folder / RECORD
        seen = seen_in(self._folder)
        if seen is not None and seen["where"] == self.where:
            help = "restore its last version in the bucket"
        elif seen is not None:
            help = f"correct cloud.state, or move everything from {seen['where'].rpartition('/')[0]} to {self.where.rpartition('/')[0]}"
        else:
            help = f"copy terraform/state/*.tfstate beside it to {self.where.rpartition('/')[0]}/, then `aws s3 cp {copy} {self.where}`"
        return Failure(GONE, f"{copy} says what exists, and {self.where} does not exist", help)

    def take_lock(self, owner: Mapping[str, Any]) -> Mapping[str, Any] | None:
        """Take the lock. Returns None, or who has it."""
        content = json.dumps(dict(owner)).encode()
        for _ in range(ATTEMPTS):
            try:
                self._objects.write(self._lock, content, None)
                return None
            except ObjectsProblem as problem:
                if problem.kind != "conflict":
                    raise failure(problem, self.where) from problem
            held = self.lock_owner()
            if held is not None:
                # A request is repeated where its answer was lost: then the lock is ours already.
                return None if held["token"] == owner["token"] else held
        raise failure(ObjectsProblem("unreachable", "the lock can neither be taken nor read"), self.where)

    def lock_owner(self) -> Mapping[str, Any] | None:
        """Who has the lock."""
        there = self._read(self._lock)
        return self._owner(there.content) if there is not None else None

    def drop_lock(self, token: str) -> None:
        """Release the lock if it is still the one with this token."""
        try:
            there = self._objects.read(self._lock)
            if there is not None and self._owner(there.content)["token"] == token:
                self._objects.remove(self._lock, there.tag)
        except ObjectsProblem as problem:
            if problem.kind != "conflict":
                raise failure(problem, self.where) from problem

    def _read(self, key: str) -> Stored | None:
        try:
            return self._objects.read(key)
        except ObjectsProblem as problem:
            raise failure(problem, self.where) from problem

    def _owner(self, content: bytes) -> Mapping[str, Any]:
        with contextlib.suppress(ValueError, AttributeError):
            owner: Mapping[str, Any] = json.loads(content)
            if owner.keys() >= OWNER:
                return owner
        lock = f"s3://{self._bucket}/{self._lock}"
        raise Failure(
            UNREACHABLE,
            f"{lock} is no lock that platformspec wrote",
            f"look at it, make sure that nobody applies, and remove it: `aws s3 rm {lock}`",
        )

    def _changed(self) -> Failure:
        return Failure(
            CHANGED,
            f"{self.where} was written by somebody else while this process was at work",
            "see who with `platformspec record`; once they have ended, `platformspec plan` and `platformspec apply`",
        )


def where(bucket: str, key: Callable[[str], str]) -> str:
    """What the record is called: `s3://bucket/key`."""
    return f"s3://{bucket}/{key(RECORD)}"


def failure(problem: ObjectsProblem, where: str) -> Failure:
    """The failure for what stands between us and an object, which is called `where`."""
    if problem.kind == "no_bucket":
        return Failure(NO_BUCKET, problem.message, MAKE_BUCKET)
    if problem.kind == "credentials":
        return Failure(
            NO_CREDENTIALS,
            f"no access to {where}: {problem.message}",
            "set AWS_PROFILE, or log in with `aws sso login`",
        )
    return Failure(
        UNREACHABLE,
        f"no access to {where}: {problem.message}",
        "look whether S3 can be reached, and whether the credentials are for the account of the bucket; they need s3:GetObject, s3:PutObject and "
        "s3:DeleteObject there, and s3:ListBucket on the bucket",
    )


def seen_in(folder: pathlib.Path) -> Mapping[str, Any] | None:
    """Of which shared record the folder holds a copy, when it was read, and whether there was one; None: of none."""
    try:
        return read_seen((folder / SEEN).read_bytes())
    except FileNotFoundError:
        return None


def read_seen(content: bytes) -> Mapping[str, Any]:
    """`where`, `at` and `there` from the content of the file beside a copy."""
    seen: Mapping[str, Any] = json.loads(content)
    return seen


def _replace(file: pathlib.Path, content: bytes) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    beside = file.with_name(f"{file.name}.{os.getpid()}")
    beside.write_bytes(content)
    os.replace(beside, file)
