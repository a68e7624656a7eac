"""Events of an apply, for people or for programs."""

from __future__ import annotations

import json
import sys
import threading
from dataclasses import asdict
from typing import Final

from platformspec.apply.events import FORMAT_VERSION, Event, Tell
from platformspec.apply.site import now

MARKS: Final = {"begins": "·", "done": "✓", "skipped": "-", "failed": "✗", "waits": "…"}
# Terraform speaks every ten seconds; people need to hear it less often.
LONG_WAIT_SECONDS: Final = 30


def teller(as_json: bool) -> Tell:
    """Prints each event on a line of standard output."""
    lock = threading.Lock()

    def tell(event: Event) -> None:
        text = _json(event) if as_json else _text(event)
        if text:
            with lock:
                sys.stdout.write(text + "\n")
                sys.stdout.flush()

    return tell


def _json(event: Event) -> str:
    return json.dumps({"format_version": FORMAT_VERSION, "at": now(), **asdict(event)}, ensure_ascii=False)


def _text(event: Event) -> str:
    if event.kind == "run":
        return ""
    if event.kind == "resource" and event.status == "begins":
        return ""
    if event.kind == "resource" and event.status == "waits" and (event.seconds or 0) % LONG_WAIT_SECONDS:
        return ""
    indent = "" if event.kind in ("step", "note") else "    "
    took = f" ({event.seconds:.0f} s)" if event.seconds and event.seconds >= 1 else ""
    message = f": {event.message}" if event.message else ""
    return "".join(char for char in f"{indent}{MARKS[event.status]} {event.name}{message}{took}" if char.isprintable())
