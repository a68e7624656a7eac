"""The objects of one cluster, kept in the rehearsal's file, and everybody who waits for their changes."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from platformspec_rehearsal.cluster.kinds import Kind
from platformspec_rehearsal.pretence import Pretence, as_json

Object = dict[str, Any]
Key = tuple[str, str, str, str]
"""(group, plural, namespace, name)."""
Event = tuple[int, str, Key, Object]
"""(version, `ADDED`, `MODIFIED` or `DELETED`, key, object)."""


def key_of(kind: Kind, namespace: str, name: str) -> Key:
    """Where an object is kept."""
    return kind.group, kind.plural, namespace if kind.namespaced else "", name


@dataclass
class Objects:
    """All objects of a cluster. `changed` is notified of every change; hold it while reading or writing."""

    cluster: str
    pretence: Pretence
    changed: threading.Condition = field(default_factory=lambda: threading.Condition(threading.RLock()))
    stored: dict[Key, Object] = field(default_factory=dict)
    log: list[Event] = field(default_factory=list)
    version: int = 1

    def __post_init__(self) -> None:
        rows = self.pretence.rows(
            "select grp, plural, namespace, name, object from objects where cluster = ?", self.cluster
        )
        self.stored = {
            (group, plural, namespace, name): json.loads(text) for group, plural, namespace, name, text in rows
        }
        kept = self.pretence.rows("select version from versions where cluster = ?", self.cluster)
        self.version = kept[0][0] if kept else 1
        self.first_version = self.version

    def get(self, key: Key) -> Object | None:
        """The object, or None."""
        return self.stored.get(key)

    def every(self, group: str, plural: str, namespace: str = "") -> Iterator[tuple[Key, Object]]:
        """All objects of a kind, in one namespace or in all, sorted."""
        for key in sorted(self.stored):
            if key[:2] == (group, plural) and namespace in ("", key[2]):
                yield key, self.stored[key]

    def put(self, key: Key, obj: Object) -> None:
        """Create or replace; the object gets a new resourceVersion."""
        known = key in self.stored
        with self.changed:
            self._next()
            obj["metadata"]["resourceVersion"] = str(self.version)
            self.stored[key] = obj
            with self.pretence.writing():
                self.pretence.database.execute(
                    "insert or replace into objects values (?, ?, ?, ?, ?, ?, ?)",
                    (self.cluster, *key, self.version, as_json(obj)),
                )
                self._keep_version()
            self._tell("MODIFIED" if known else "ADDED", key, obj)

    def drop(self, key: Key) -> None:
        """Delete."""
        with self.changed:
            self._next()
            obj = self.stored.pop(key)
            with self.pretence.writing():
                self.pretence.database.execute(
                    "delete from objects where cluster = ? and grp = ? and plural = ? and namespace = ? and name = ?",
                    (self.cluster, *key),
                )
                self._keep_version()
            self._tell("DELETED", key, {**obj, "metadata": {**obj["metadata"], "resourceVersion": str(self.version)}})

    def clear(self) -> None:
        """The cluster is gone, with everything in it."""
        for key in list(self.stored):
            self.drop(key)

    def _next(self) -> None:
        self.version += 1

    def _keep_version(self) -> None:
        self.pretence.database.execute("insert or replace into versions values (?, ?)", (self.cluster, self.version))

    def _tell(self, change: str, key: Key, obj: Object) -> None:
        self.log.append((self.version, change, key, json.loads(as_json(obj))))
        self.changed.notify_all()

    def events(
        self, position: int, wanted: Callable[[Key, Object], bool], wait_seconds: float
    ) -> tuple[int, list[Event]]:
        """The events after a position of the log that are wanted, and the next position; waits for some."""
        with self.changed:
            if position >= len(self.log):
                self.changed.wait(wait_seconds)
            batch = self.log[position:]
        return position + len(batch), [event for event in batch if wanted(event[2], event[3])]
