"""Go's regular expressions (RE2), which Kubernetes uses in patterns and in CEL, as Python ones."""

from __future__ import annotations

import re
from functools import cache

_POSIX_CLASSES = {
    "alnum": "0-9A-Za-z",
    "alpha": "A-Za-z",
    "digit": "0-9",
    "lower": "a-z",
    "punct": r"!-/:-@\[-`{-~",
    "space": r"\t\n\v\f\r ",
    "upper": "A-Z",
    "word": "0-9A-Za-z_",
    "xdigit": "0-9A-Fa-f",
}
_TOKEN = re.compile(
    r"""(?P<escape>\\.)
      |(?P<class>\[\^?\]?(?:\\.|\[:\w+:\]|[^\]\\])*\])
      |(?P<flags>\(\?[imsU]+\))
      |(?P<named>\(\?P?<(?![=!]))
      |(?P<other>.)""",
    re.VERBOSE | re.DOTALL,
)


@cache
def go_regex(pattern: str) -> re.Pattern[str]:
    """Compile an RE2 pattern; use it with `search`, for Go does not anchor.

    Three things differ: Python's `$` also matches before a final newline, Python refuses flags that do not stand first
    (in Go they hold to the end of their group), and Go's `\\d`, `\\w`, `\\s` know ASCII only. Raises re.error.
    """
    written: list[str] = []
    flags_of_group: list[list[str]] = [[]]
    for token in _TOKEN.finditer(pattern):
        text = token.group()
        match token.lastgroup:
            case "escape":
                written.append(r"\Z" if text == r"\z" else text)
            case "class":
                written.append(re.sub(r"\[:(\w+):\]", lambda found: _POSIX_CLASSES[found[1]], text))
            case "flags":
                opening = f"{text[:-1]}:"
                flags_of_group[-1].append(opening)
                written.append(opening)
            case "named":
                flags_of_group.append([])
                written.append("(?P<")
            case _:
                _write_plain(text, written, flags_of_group)
    written.append(")" * len(flags_of_group[-1]))
    return re.compile("".join(written), re.ASCII)


def _write_plain(text: str, written: list[str], flags_of_group: list[list[str]]) -> None:
    if text == "(":
        flags_of_group.append([])
        written.append(text)
    elif text == ")":
        written.append(")" * len(flags_of_group.pop()) + text)
    elif text == "|":
        held = flags_of_group[-1]
        written.append(")" * len(held) + text + "".join(held))
    else:
        written.append(r"\Z" if text == "$" else text)
