"""Folders of the user that the command line uses."""

from __future__ import annotations

import os
import pathlib


def cache_folder() -> pathlib.Path:
    """Where results that can always be made again are kept: `$XDG_CACHE_HOME/platformspec`, by default `~/.cache/platformspec`."""
    base = os.environ.get("XDG_CACHE_HOME")
    return (pathlib.Path(base) if base else pathlib.Path.home() / ".cache") / "platformspec"
