"""A disk of a few megabytes, to be full when it matters."""

from __future__ import annotations

import os
import pathlib
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import pytest

MEGABYTES: Final = 32
BLOCK_BYTES: Final = 4096


def _as_root(*command: str) -> bool:
    """Whether it could be done: as root, or with a sudo that does not ask."""
    root = [] if os.getuid() == 0 else ["sudo", "-n"]
    try:
        return subprocess.run([*root, *command], capture_output=True, check=False).returncode == 0
    except FileNotFoundError:
        return False


def _mount(folder: pathlib.Path) -> bool:
    options = f"size={MEGABYTES}m,uid={os.getuid()},mode=700"
    return _as_root("mount", "-t", "tmpfs", "-o", options, "small", str(folder))


def _unmount(folder: pathlib.Path) -> None:
    assert _as_root("umount", "-l", str(folder))


@contextmanager
def small_disk(folder: pathlib.Path) -> Iterator[None]:
    """A file system of its own on this folder, which must exist."""
    if not _mount(folder):
        pytest.skip("no file system can be mounted here: this is neither root, nor a sudo that does not ask")
    try:
        yield
    finally:
        _unmount(folder)


def fill(folder: pathlib.Path) -> pathlib.Path:
    """Write a file until nothing more fits, and return it."""
    filler = folder / "filler"
    with filler.open("wb", buffering=0) as file:
        while True:
            try:
                file.write(bytes(BLOCK_BYTES))
            except OSError:
                return filler
