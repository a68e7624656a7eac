"""Where files come from: a folder, or a git revision that nobody has to check out."""

from __future__ import annotations

import os
import posixpath
import subprocess
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import cached_property
from pathlib import Path
from typing import Final, NamedTuple, Protocol

from platformspec.diagnostics import Code

OUTSIDE = Code(
    "PS123",
    "a file outside the folder of the platform",
    explain="Files are read from the folder of the platform file and below, so that a platform can be moved, "
    "reviewed and compiled from a git revision. Absolute paths, `..` and symbolic links that lead "
    "outside are refused.",
)
NO_REVISION = Code(
    "PS130",
    "git does not have this revision",
    explain="The name after the option for a revision is looked up as a commit, branch or tag of the "
    "repository. In a shallow clone (the default of most CI systems) older commits and other branches "
    "are absent until they are fetched.",
)
NO_REPOSITORY = Code(
    "PS131",
    "git cannot read the repository",
    explain="Comparing with a revision needs the git command and a git repository that holds the platform file.",
)

# As many symbolic links as Linux follows before it calls them a loop.
MOST_LINKS: Final = 40


class Refused(Exception):
    """A tree cannot give what was asked of it, and the reason is the user's to mend: a code, a fact and a remedy."""

    def __init__(self, code: Code, message: str, help: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.help = help


class SourceTree(Protocol):
    """Files under one root, by relative POSIX paths. Nothing outside the root can be reached.

    Apart from `exists`, a method raises `Refused` for a path that leaves the root.
    """

    @property
    def label(self) -> str:
        """The root as people name it."""

    def read(self, path: str) -> bytes:
        """The bytes of a file; FileNotFoundError, IsADirectoryError, PermissionError as `open` raises them."""

    def size(self, path: str) -> int:
        """The size of a file in bytes, without reading it; raises like `read`."""

    def glob(self, pattern: str) -> tuple[str, ...]:
        """The files whose path fits, sorted. `*`, `?` and `[abc]` stay within a name, `**` is any number of folders."""

    def exists(self, path: str) -> bool:
        """Whether there is a file at this path inside the root."""


@dataclass(frozen=True)
class Folder:
    """The files of a folder as they are now."""

    root: Path

    @property
    def label(self) -> str:
        return str(self.root)

    def read(self, path: str) -> bytes:
        return self._inside(path).read_bytes()

    def size(self, path: str) -> int:
        found = self._inside(path)
        if found.is_dir():
            raise IsADirectoryError(path)
        return found.stat().st_size

    def glob(self, pattern: str) -> tuple[str, ...]:
        return _expand(pattern, self._entries)

    def exists(self, path: str) -> bool:
        try:
            return self._inside(path).is_file()
        except (OSError, Refused):
            return False

    @cached_property
    def _real_root(self) -> Path:
        return self.root.resolve()

    def _inside(self, path: str) -> Path:
        try:
            real = (self._real_root / relative(path)).resolve()
        except RuntimeError as error:  # how Python 3.11 says that symbolic links go round in a circle
            raise FileNotFoundError(path) from error
        if not real.is_relative_to(self._real_root):
            raise _outside(path)
        return real

    def _entries(self, folder: str) -> Iterable[_Entry]:
        try:
            with os.scandir(self._inside(folder)) as entries:
                return [_Entry(entry.name, os.path.isdir(entry), entry.is_symlink()) for entry in entries]
        except (OSError, Refused):
            return ()


@dataclass(frozen=True)
class GitRevision:
    """The files of a folder as a git revision has them; `repository` is that folder, often not the repository's top."""

    repository: Path
    revision: str

    @property
    def label(self) -> str:
        return f"{self.revision} ({self._commit[:12]})"

    def read(self, path: str) -> bytes:
        object_id = self._file(path).object_id
        if object_id not in self._contents:
            self._fetch((object_id,))
        return self._contents[object_id]

    def size(self, path: str) -> int:
        return self._file(path).size

    def glob(self, pattern: str) -> tuple[str, ...]:
        found = _expand(pattern, self._entries)
        # A git process per file would cost more than everything else that is done with the file.
        files = [self._file(path) for path in found]
        self._fetch({file.object_id for file in files if file.size <= _PREFETCH_BYTES} - self._contents.keys())
        return found

    def exists(self, path: str) -> bool:
        try:
            self._file(path)
        except (OSError, Refused):
            return False
        return True

    def common_ancestor(self, other: str) -> GitRevision | None:
        """The newest commit that both this revision and another one follow; None where git finds none here.

        Raises `Refused` where this revision is not here.
        """
        try:
            found = self._git("merge-base", self._commit, GitRevision(self.repository, other)._commit)
        except Refused:
            if self._commit:
                return None
            raise
        return GitRevision(self.repository, found.decode("ascii").split()[0])

    def is_same_commit(self, other: GitRevision) -> bool:
        """Whether both names stand for one commit. Raises `Refused` where one is not here."""
        return self._commit == other._commit

    @cached_property
    def _commit(self) -> str:
        help = "name a commit, branch or tag that is here; in a shallow clone run git fetch --unshallow first"
        self._git("rev-parse", "--git-dir")
        try:
            found = self._git("rev-parse", "--verify", "--quiet", "--end-of-options", f"{self.revision}^{{commit}}")
        except Refused as refused:
            raise Refused(NO_REVISION, f"git has no revision {self.revision}", help) from refused
        return found.decode("ascii").strip()

    @cached_property
    def _tree(self) -> dict[str, _Blob]:
        listing = self._git("ls-tree", "-r", "-z", "-l", self._commit)
        tree = {}
        for line in listing.split(b"\0")[:-1]:
            facts, _, name = line.partition(b"\t")
            mode, kind, object_id, size = facts.split()
            if kind == b"blob":
                tree[os.fsdecode(name)] = _Blob(object_id.decode("ascii"), int(size), mode == b"120000")
        return tree

    @cached_property
    def _folders(self) -> dict[str, dict[str, bool]]:
        """Folder -> name -> whether that is a folder."""
        folders: dict[str, dict[str, bool]] = {"": {}}
        for path in self._tree:
            is_folder = False
            while path:
                path, name = posixpath.split(path)
                folders.setdefault(path, {})[name] = is_folder
                is_folder = True
        return folders

    @cached_property
    def _contents(self) -> dict[str, bytes]:
        return {}

    def _entries(self, folder: str) -> Iterable[_Entry]:
        try:
            names = self._folders.get(self._follow(folder), {})
        except (OSError, Refused):
            return ()
        linked = {
            name for name, is_folder in names.items() if not is_folder and self._is_folder(posixpath.join(folder, name))
        }
        return [_Entry(name, is_folder or name in linked, name in linked) for name, is_folder in names.items()]

    def _is_folder(self, path: str) -> bool:
        try:
            return self._follow(path) in self._folders
        except (OSError, Refused):
            return False

    def _file(self, path: str) -> _Blob:
        real = self._follow(path)
        if real in self._folders:
            raise IsADirectoryError(path)
        if real not in self._tree:
            raise FileNotFoundError(path)
        return self._tree[real]

    def _follow(self, path: str) -> str:
        """The path without symbolic links, which git stores as small files that hold their target."""
        todo = [part for part in relative(path).split("/") if part not in ("", ".")]
        done: list[str] = []
        links = 0
        while todo:
            part = todo.pop(0)
            if part == "..":
                if not done:
                    raise _outside(path)
                done.pop()
                continue
            blob = self._tree.get("/".join((*done, part)))
            if blob is None or not blob.is_link:
                done.append(part)
                continue
            links += 1
            if links > MOST_LINKS:
                raise FileNotFoundError(path)
            if blob.object_id not in self._contents:
                self._fetch((blob.object_id,))
            target = os.fsdecode(self._contents[blob.object_id])
            if target.startswith("/"):
                raise _outside(path)
            todo = [step for step in target.split("/") if step not in ("", ".")] + todo
        return "/".join(done)

    def _fetch(self, object_ids: Iterable[str]) -> None:
        wanted = "".join(f"{object_id}\n" for object_id in sorted(object_ids))
        if not wanted:
            return
        answer = self._git("cat-file", "--batch", stdin=wanted.encode("ascii"))
        position = 0
        while position < len(answer):
            end = answer.index(b"\n", position)
            facts = answer[position:end].split()
            if len(facts) != 3:  # "<id> missing", in a damaged repository or a partial clone without a network
                raise Refused(
                    NO_REPOSITORY, f"git lacks the object {facts[0].decode('ascii')}", "run git fsck, then git fetch"
                )
            start, size = end + 1, int(facts[2])
            self._contents[facts[0].decode("ascii")] = answer[start : start + size]
            position = start + size + 1

    def _git(self, *arguments: str, stdin: bytes = b"") -> bytes:
        """What git prints; `Refused` with git's own reason if it fails."""
        # A git hook runs with these set, and they would redirect -C to the repository of the hook.
        hook = ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_PREFIX")
        environment = {name: value for name, value in os.environ.items() if name not in hook}
        command = ("git", "-C", str(self.repository), *arguments)
        try:
            done = subprocess.run(command, input=stdin, capture_output=True, env=environment, check=False)
        except FileNotFoundError as error:
            raise Refused(NO_REPOSITORY, "the git command was not found", "install git") from error
        if done.returncode != 0:
            reason = (done.stderr.decode("utf-8", errors="replace").strip().splitlines() or ["it gave no reason"])[0]
            raise Refused(
                NO_REPOSITORY,
                f"git cannot read {self.repository}: {reason.removeprefix('fatal: ')}",
                "name a folder in a git repository that belongs to you",
            )
        return done.stdout


# More than this is left until it is asked for, by its size refused.
_PREFETCH_BYTES: Final = 1_000_000


@dataclass(frozen=True, slots=True)
class _Blob:
    object_id: str
    size: int
    is_link: bool


def relative(path: str) -> str:
    """The path in its shortest form; `Refused` if it is absolute, climbs out with `..` or cannot be a path."""
    shortest = posixpath.normpath(path)
    if path.startswith("/") or shortest == ".." or shortest.startswith("../") or "\\" in path:
        raise _outside(path)
    if "\0" in path:
        raise FileNotFoundError(path)
    return "" if shortest == "." else shortest


def _outside(path: str) -> Refused:
    return Refused(
        OUTSIDE,
        f"{path} is outside the folder of the platform",
        "write a path below that folder, with / and without ..; move the file there if it is elsewhere",
    )


class _Entry(NamedTuple):
    name: str
    is_folder: bool
    is_link: bool


def _expand(pattern: str, entries: Callable[[str], Iterable[_Entry]]) -> tuple[str, ...]:
    """The files that fit a pattern; `entries` lists a folder.

    As in a shell, `*` does not match a name that begins with a dot, and `**` does not follow links, which may lead
    in circles.
    """
    found: set[str] = set()

    def walk(folder: str, parts: tuple[str, ...]) -> None:
        part, rest = parts[0], parts[1:]
        if part == "**":
            if rest:
                walk(folder, rest)
            for entry in entries(folder):
                path = posixpath.join(folder, entry.name)
                if entry.name.startswith("."):
                    continue
                if entry.is_folder and not entry.is_link:
                    walk(path, parts)
                elif not rest and not entry.is_folder:
                    found.add(path)
            return
        for entry in entries(folder):
            path = posixpath.join(folder, entry.name)
            if not fnmatchcase(entry.name, part) or (entry.name.startswith(".") and not part.startswith(".")):
                continue
            if rest and entry.is_folder:
                walk(path, rest)
            elif not rest and not entry.is_folder:
                found.add(path)

    walk("", tuple(relative(pattern).split("/")))
    return tuple(sorted(found))
