"""The output as a tree of files, and writing it so that a failure leaves the old one as it was."""

from __future__ import annotations

import hashlib
import json
import os
import pathlib
import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass

from platformspec.diagnostics import Code, Failure

INDEX = ".platformspec.json"


UNREADABLE_INDEX = Code(
    "PS610",
    "an output folder whose index cannot be read",
    explain="The output folder holds a list of the files that platformspec wrote, so that a later run removes only those. Without the list it does not know which files are its own.",
)
SYMBOLIC_LINK = Code(
    "PS611",
    "an output path that is a symbolic link",
    explain="Writing through a link would change files outside the output folder.",
)
FOREIGN_FILE = Code(
    "PS612",
    "an output file that somebody else wrote",
    explain="A file is in the place of an output, and no earlier run wrote it. It is never overwritten.",
)


@dataclass(frozen=True)
class ArtifactTree:
    """Path -> bytes, sorted by path."""

    files: Mapping[str, bytes]

    @property
    def digest(self) -> str:
        """SHA-256 over paths and contents."""
        state = hashlib.sha256()
        for path, content in self.files.items():
            state.update(f"{path}\0{len(content)}\0".encode())
            state.update(content)
        return state.hexdigest()

    def write(self, folder: pathlib.Path) -> int:
        """Make the folder hold these files, and return how many changed.

        New contents are all written beside the folder first and then moved into place; files that an earlier run wrote and
        this one does not are removed, nothing else is. Raises `Failure` or `OSError` before anything is changed.
        """
        before = _index(folder)
        changed = [path for path, content in self.files.items() if not _same(folder / path, content)]
        stale = sorted(before - set(self.files))
        if not changed and not stale and before:
            return 0
        for path in changed:
            _refuse_foreign(folder, path, before)
        folder.mkdir(parents=True, exist_ok=True)
        index = json.dumps({"version": 1, "files": sorted(self.files)}, indent=1) + "\n"
        staging = pathlib.Path(tempfile.mkdtemp(prefix=".platformspec-", dir=folder))
        try:
            for path in changed:
                target = staging / path
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_bytes(self.files[path])
            (staging / INDEX).write_text(index, "utf-8")
            for path in changed:
                (folder / path).parent.mkdir(parents=True, exist_ok=True)
            for path in [*changed, INDEX]:
                os.replace(staging / path, folder / path)
        finally:
            shutil.rmtree(staging, ignore_errors=True)
        for path in stale:
            (folder / path).unlink(missing_ok=True)
            _remove_empty(folder, (folder / path).parent)
        return len(changed) + len(stale)


def _index(folder: pathlib.Path) -> set[str]:
    try:
        data = json.loads((folder / INDEX).read_text("utf-8"))
        names = set(data["files"])
    except FileNotFoundError:
        return set()
    except (ValueError, KeyError, TypeError) as error:
        raise Failure(
            UNREADABLE_INDEX,
            f"{folder / INDEX} cannot be read ({error}), so it is not known which files are ours",
            f"compile into another folder, or remove {folder}",
        ) from error
    return {
        name for name in names if isinstance(name, str) and not name.startswith("/") and ".." not in name.split("/")
    }


def _same(path: pathlib.Path, content: bytes) -> bool:
    try:
        return not path.is_symlink() and path.read_bytes() == content
    except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
        return False


def _refuse_foreign(folder: pathlib.Path, path: str, ours: set[str]) -> None:
    target = folder / path
    for part in (target, *target.parents):
        if part == folder:
            break
        if part.is_symlink():
            raise Failure(SYMBOLIC_LINK, f"{part} is a symbolic link", "remove it, or compile into another folder")
    if target.is_dir() or (target.exists() and path not in ours):
        raise Failure(
            FOREIGN_FILE,
            f"{target} is there already, and was not written by platformspec",
            "remove it, or compile into another folder",
        )


def _remove_empty(root: pathlib.Path, folder: pathlib.Path) -> None:
    while folder != root and folder.is_dir() and not any(folder.iterdir()):
        folder.rmdir()
        folder = folder.parent
