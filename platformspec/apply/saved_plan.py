"""A saved plan: proof that what is applied is what somebody has seen."""

from __future__ import annotations

import json
import pathlib
from collections.abc import Mapping
from typing import Any, Final

from platformspec.diagnostics import Code, Failure

UNREADABLE = Code(
    "PS710",
    "a saved plan that cannot be read",
    explain="`platformspec plan --out FILE` writes a plan that `apply --plan FILE` holds the apply to.",
)
OTHER_VERSION = Code(
    "PS711",
    "a plan of another version of platformspec",
    explain="Another version may create other things from the same file, so its plan says nothing about this one.",
)
STALE = Code(
    "PS712",
    "a plan that no longer holds",
    explain="The plan was made from another platform file, or the environment has changed since it was made: somebody applied in between.",
)
TAMPERED = Code(
    "PS713",
    "a saved plan that was changed",
    explain="The plan names the right digests, and does not say what a plan of these says. Somebody has edited it.",
)

# What a plan says about the days that it looks at, and about how the file reads.
MAY_DIFFER: Final = ("as_of", "against", "warnings", "until", "endings")
NEEDED: Final = ("tool_version", "base_digest", "head_digest")
AGAIN: Final = "make a new one with `platformspec plan --out FILE`, and let it be looked at"


def refuse_other_plan(file: pathlib.Path, now: Mapping[str, Any]) -> None:
    """Raises `Failure` unless the saved plan says what the plan that was just made says. `now`: the latter, as JSON."""
    try:
        saved = json.loads(file.read_text("utf-8"))
    except OSError as error:
        raise Failure(UNREADABLE, f"{file} cannot be read: {error.strerror}", AGAIN) from error
    except ValueError as error:
        raise Failure(UNREADABLE, f"{file} is no saved plan: it is not JSON, or is cut short", AGAIN) from error
    lacks = [key for key in NEEDED if key not in saved] if isinstance(saved, dict) else list(NEEDED)
    if lacks:
        raise Failure(UNREADABLE, f"{file} is no saved plan: it has no {lacks[0]}", AGAIN)
    version, base, head = (saved[key] for key in NEEDED)
    if version != now["tool_version"]:
        raise Failure(OTHER_VERSION, f"{file} is by platformspec {version}, and this is {now['tool_version']}", AGAIN)
    if head != now["head_digest"]:
        raise Failure(STALE, f"the platform has changed since {file} was made", AGAIN)
    if base != now["base_digest"]:
        raise Failure(STALE, f"the environment has changed since {file} was made", AGAIN)
    if (
        any(saved.get(key) != value for key, value in now.items() if key not in MAY_DIFFER)
        or saved.keys() != now.keys()
    ):
        raise Failure(TAMPERED, f"{file} does not say what a plan of these digests says", AGAIN)
