"""Exit codes. `platformspec --help` prints them."""

from __future__ import annotations

from typing import Final

OK: Final = 0
ERRORS: Final = 1
CHANGES: Final = 2
PARTIAL: Final = 3
UNCHECKED: Final = 4
USAGE: Final = 64
BUG: Final = 70

MEANING: Final = {
    OK: "done; with plan --detailed-exitcode: no changes",
    ERRORS: "the platform has errors, or a file could not be read or written; nothing was done",
    CHANGES: "plan --detailed-exitcode: there are changes; drift: something is not as it was applied",
    PARTIAL: "partly done: `platformspec apply --resume` goes on",
    UNCHECKED: "preflight: nothing is known to be missing, but something could not be checked",
    USAGE: "the command was used wrongly",
    BUG: "a bug in platformspec",
}
