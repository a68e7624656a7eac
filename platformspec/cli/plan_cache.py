"""A plan whose inputs have not changed is printed again without being computed.

An entry names every file that was read with its hash, and every pattern with what it matched. It holds for one version of
the tool: the digest of the stat of all its own files and of its providers' is part of the key, so that an upgrade, or an
edit in a development checkout, makes old entries unreachable.
"""

from __future__ import annotations

import hashlib
import json
import os
import pathlib
import sys
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from platformspec.cli.paths import cache_folder
from platformspec.source.tree import Folder
from platformspec.version import VERSION

KEEP_ENTRIES = 200


@dataclass(frozen=True)
class Printed:
    """What a run printed, and how it ended."""

    stdout: str
    stderr: str
    code: int


@dataclass
class RecordingFolder:
    """A folder that remembers what was asked of it."""

    folder: Folder
    reads: dict[str, str | None] = field(default_factory=dict)
    globs: dict[str, list[str]] = field(default_factory=dict)

    @property
    def root(self) -> pathlib.Path:
        return self.folder.root

    @property
    def label(self) -> str:
        return self.folder.label

    def read(self, path: str) -> bytes:
        """As `Folder.read`."""
        try:
            content = self.folder.read(path)
        except FileNotFoundError:
            self.reads[path] = None
            raise
        self.reads[path] = hashlib.sha256(content).hexdigest()
        return content

    def size(self, path: str) -> int:
        """As `Folder.size`."""
        return self.folder.size(path)

    def glob(self, pattern: str) -> tuple[str, ...]:
        """As `Folder.glob`."""
        found = self.folder.glob(pattern)
        self.globs[pattern] = list(found)
        return found

    def exists(self, path: str) -> bool:
        """As `Folder.exists`."""
        there = self.folder.exists(path)
        if not there:
            self.reads[path] = None
        return there


def key_of(*parts: Any) -> str:
    """The name of an entry: the arguments of the command and the identity of the tool."""
    return hashlib.sha256(
        json.dumps([VERSION, sys.version, _tool_identity(), *parts], default=str).encode()
    ).hexdigest()


def recall(key: str) -> Printed | None:
    """What the same command printed on the same inputs, if it is known."""
    try:
        entry = json.loads((_folder() / key).read_text("utf-8"))
        for root, inputs in entry["inputs"].items():
            folder = Folder(pathlib.Path(root))
            if any(_hash(folder, path) != digest for path, digest in inputs["reads"].items()):
                return None
            if any(list(folder.glob(pattern)) != found for pattern, found in inputs["globs"].items()):
                return None
        return Printed(entry["stdout"], entry["stderr"], entry["code"])
    except (OSError, ValueError, KeyError, TypeError):
        # A damaged entry is one that is not there: the plan is computed.
        return None


def remember(key: str, trees: Iterable[RecordingFolder], printed: Printed) -> None:
    """Keep what was printed. A cache that cannot be written is no error."""
    inputs: dict[str, dict[str, dict[str, Any]]] = {}
    for tree in trees:
        # Two files of one folder may be compared: what was read for either counts.
        known = inputs.setdefault(str(tree.root), {"reads": {}, "globs": {}})
        known["reads"] |= tree.reads
        known["globs"] |= tree.globs
    text = json.dumps({"inputs": inputs, "stdout": printed.stdout, "stderr": printed.stderr, "code": printed.code})
    try:
        folder = _folder()
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile("w", dir=folder, delete=False, encoding="utf-8") as file:
            file.write(text)
        os.replace(file.name, folder / key)
        entries = sorted(folder.iterdir(), key=lambda path: path.stat().st_mtime, reverse=True)
        for old in entries[KEEP_ENTRIES:]:
            old.unlink(missing_ok=True)
    except OSError:
        return


def _folder() -> pathlib.Path:
    return cache_folder() / "plans"


def _hash(folder: Folder, path: str) -> str | None:
    try:
        return hashlib.sha256(folder.read(path)).hexdigest()
    except FileNotFoundError:
        return None


def _tool_identity() -> str:
    digest = hashlib.sha256()
    own = pathlib.Path(__file__).resolve().parents[1]
    # Entry points live in the metadata of installed packages: installing one changes its folder's time.
    for folder in sys.path:
        if folder.endswith("site-packages"):
            digest.update(f"{folder} {os.stat(folder).st_mtime_ns}".encode())
    for package in (own, *_provider_folders()):
        for path, _, names in sorted(os.walk(package)):
            for name in sorted(names):
                if not name.endswith(".pyc"):
                    stat = os.stat(os.path.join(path, name))
                    digest.update(f"{path}/{name} {stat.st_mtime_ns} {stat.st_size}".encode())
    return digest.hexdigest()


def _provider_folders() -> list[pathlib.Path]:
    beside = pathlib.Path(__file__).resolve().parents[2]
    return sorted([*beside.glob("platformspec_*"), *(beside / "providers").glob("platformspec_*")])
