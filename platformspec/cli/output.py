"""Printing: colour only on a terminal, diagnostics and progress on standard error, results on standard output."""

from __future__ import annotations

import os
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, TextIO, cast

from platformspec.diagnostics import Diagnostic
from platformspec.diagnostics.render import concise, full, github, sarif
from platformspec.diagnostics.render import json as json_format
from platformspec.version import VERSION

DIAGNOSTIC_FORMATS = ("full", "concise", "json", "github", "sarif")
PATIENCE_SECONDS = 1.0


def wants_color(stream: TextIO) -> bool:
    """Whether the stream is a terminal and NO_COLOR (no-color.org) is not set."""
    return stream.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def diagnostics_text(diagnostics: list[Diagnostic], texts: Mapping[str, str], form: str, *, color: bool) -> str:
    """Diagnostics in one of `DIAGNOSTIC_FORMATS`."""
    if form == "full":
        return full.render(diagnostics, texts, color=color)
    if form == "concise":
        return concise.render(diagnostics, texts)
    if form == "github":
        return github.render(diagnostics, texts)
    if form == "sarif":
        return sarif.render(diagnostics, texts, version=VERSION)
    return json_format.render(diagnostics, texts)


class _Copied:
    """Standard error, with a copy of what is written."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self.text = ""

    def write(self, text: str) -> int:
        self.text += text
        return self._stream.write(text)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


@contextmanager
def copied_errors() -> Iterator[_Copied]:
    """Keep a copy of what the block says on standard error."""
    stream = sys.stderr
    copy = _Copied(stream)
    sys.stderr = cast(TextIO, copy)
    try:
        yield copy
    finally:
        sys.stderr = stream


@contextmanager
def progress(what: str) -> Iterator[None]:
    """Say on a terminal what is going on, once it has taken more than a second."""
    if not sys.stderr.isatty():
        yield
        return
    done = threading.Event()
    started = time.monotonic()
    terminal = sys.stderr

    def tell() -> None:
        while not done.wait(PATIENCE_SECONDS):
            terminal.write(f"\r\x1b[K{what} ({time.monotonic() - started:.0f} s)")
            terminal.flush()

    teller = threading.Thread(target=tell, daemon=True)
    teller.start()
    try:
        yield
    finally:
        done.set()
        teller.join()
        if time.monotonic() - started > PATIENCE_SECONDS:
            sys.stderr.write("\r\x1b[K")
            sys.stderr.flush()
