"""The providers' lock files of the platform: in a folder beside it, and beside the Terraform states.

The folder is what people review and commit, so a file in it counts. What it lacks is taken from beside the states: an apply on
a machine that begins with a fresh checkout then installs the same providers as the one before.
"""

from __future__ import annotations

import pathlib
from collections.abc import Callable, Iterable
from typing import Final

from platformspec.lower.objects import Objects

FOLDER: Final = "terraform-locks"


def file_of(stack: str) -> str:
    """Name of a stack's lock file."""
    return f"{stack}.lock.hcl"


class KeptLocks:
    """The lock files beside the states. `key`: name of an object of the environment -> its key."""

    def __init__(self, objects: Objects, key: Callable[[str], str]) -> None:
        self._objects = objects
        self._key = key

    def fetch(self, stacks: Iterable[str], folder: pathlib.Path) -> None:
        """Put into the folder what it lacks. Raises `ObjectsProblem`."""
        for stack in stacks:
            file = folder / file_of(stack)
            if file.exists():
                continue
            there = self._objects.read(self._key(f"{FOLDER}/{file.name}"))
            if there is not None:
                folder.mkdir(parents=True, exist_ok=True)
                file.write_bytes(there.content)

    def keep(self, stacks: Iterable[str], folder: pathlib.Path) -> None:
        """Keep what the folder has. Raises `ObjectsProblem`."""
        for stack in stacks:
            file = folder / file_of(stack)
            if not file.exists():
                continue
            key, content = self._key(f"{FOLDER}/{file.name}"), file.read_bytes()
            there = self._objects.read(key)
            if there is None or there.content != content:
                self._objects.write(key, content, there.tag if there is not None else None)
