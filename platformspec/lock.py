"""platform.lock: physical names of stateful things, so that no later release of the compiler renames a database."""

from __future__ import annotations

import json
import posixpath
from collections.abc import Mapping
from dataclasses import dataclass, field

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
    """Environment (empty where there are none) -> node id -> physical name."""

    names: Mapping[str, Mapping[str, str]] = field(default_factory=dict)

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
            return cls({str(env): {str(k): str(v) for k, v in names.items()} for env, names in data["names"].items()})
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
        return Lock({**self.names, **({environment or "": merged} if merged else {})})

    def text(self) -> str:
        """The file's content."""
        names = {env: dict(sorted(self.names[env].items())) for env in sorted(self.names)}
        return json.dumps({"version": VERSION, "names": names}, indent=2) + "\n"
