"""platform.lock: physical names of stateful things, so that no later release of the compiler renames a database."""

from __future__ import annotations

import dataclasses
import json
import posixpath
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from platformspec.address import Address
from platformspec.diagnostics import Code, Report, Span
from platformspec.source.tree import SourceTree

FILE = "platform.lock"
VERSION = 1

UNREADABLE_LOCK = Code(
    "PS150",
    "platform.lock cannot be read",
    explain="platform.lock pins the physical names of databases, buckets and the like. It is written by `platformspec compile` and kept "
    "with platform.yaml. A damaged one is never overwritten: restore it from version control.",
)


@dataclass(frozen=True)
class Lock:
    """What must not change when the compiler or the file does, by environment (empty where there are none).

    - `names`: node id -> physical name.
    - `called`: address of a renamed declaration -> the name that its things were made with.
    """

    names: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    called: Mapping[str, Mapping[str, str]] = field(default_factory=dict)

    @classmethod
    def read(cls, tree: SourceTree, platform_file: str, report: Report) -> Lock:
        """The lock beside the platform file; an empty one where there is none."""
        path = posixpath.join(posixpath.dirname(platform_file), FILE)
        try:
            text = tree.read(path)
        except FileNotFoundError:
            return cls()
        try:
            data = json.loads(text)
            if data["version"] != VERSION:
                raise ValueError(f"it has version {data['version']}, and this is a tool for version {VERSION}")
            return cls(_texts(data["names"]), _texts(data.get("called", {})))
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            report.error(
                UNREADABLE_LOCK,
                f"{FILE} cannot be read: {error}",
                at=Span(path, 1, 1, 1, 1),
                help="restore it from version control; delete it only if nothing has been applied yet",
            )
            return cls()

    def names_in(self, environment: str | None) -> Mapping[str, str]:
        """Node id -> physical name in one environment."""
        return self.names.get(environment or "", {})

    def with_names(self, environment: str | None, names: Mapping[str, str]) -> Lock:
        """The lock with these names added. Names of what is no longer declared stay: the thing may still exist."""
        merged = {**self.names_in(environment), **names}
        return dataclasses.replace(self, names={**self.names, **({environment or "": merged} if merged else {})})

    def called_in(self, environment: str | None) -> Mapping[str, str]:
        """Address of a renamed declaration -> the name that its things were made with, in one environment."""
        return self.called.get(environment or "", {})

    def renamed(self, environment: str | None, former: Mapping[Address, Sequence[str]]) -> Lock:
        """The lock after renames: pinned names go over to the new address. `former`: address -> earlier names, the oldest first."""
        names, called = dict(self.names_in(environment)), dict(self.called_in(environment))
        for address, earlier in former.items():
            before = [Address(address.kind, name) for name in earlier]
            called[str(address)] = _made_as(address, before, names, called)
            for old in before:
                called.pop(str(old), None)
                prefix = f"{old}/"
                for key in [key for key in names if key.startswith(prefix)]:
                    names[f"{address}/{key.removeprefix(prefix)}"] = names.pop(key)
        if names == self.names_in(environment) and called == self.called_in(environment):
            return self
        key = environment or ""
        return Lock(
            {**self.names, **({key: names} if names else {})}, {**self.called, **({key: called} if called else {})}
        )

    def text(self) -> str:
        """The file's content."""
        data: dict[str, object] = {"version": VERSION, "names": _sorted(self.names)}
        if any(self.called.values()):
            data["called"] = _sorted(self.called)
        return json.dumps(data, indent=2) + "\n"


def _made_as(address: Address, before: Sequence[Address], names: Mapping[str, str], called: Mapping[str, str]) -> str:
    """The name that the things of a renamed declaration were made with. What the lock knows of an earlier name comes first."""
    for old in reversed(before):
        if str(old) in called:
            return called[str(old)]
        if any(key.startswith(f"{old}/") for key in names):
            return old.name
    if str(address) in called:
        return called[str(address)]
    # A lock that knows nothing of it has never seen it applied under another name than its first.
    return address.name if any(key.startswith(f"{address}/") for key in names) else before[0].name


def _texts(data: Mapping[str, Mapping[str, str]]) -> dict[str, dict[str, str]]:
    return {str(env): {str(key): str(value) for key, value in names.items()} for env, names in data.items()}


def _sorted(data: Mapping[str, Mapping[str, str]]) -> dict[str, dict[str, str]]:
    return {env: dict(sorted(data[env].items())) for env in sorted(data)}
