"""Trees as YAML text. Every literal is written so that YAML 1.1 and 1.2 read it back alike; the only place that does it."""

from __future__ import annotations

import json
import re
from typing import Any, Final

# Text that stays itself without quotes in both versions of YAML: it begins with a letter, has nothing that YAML reads
# as syntax, and is none of the words below.
_PLAIN: Final = re.compile(r"[A-Za-z_/][A-Za-z0-9_./@%+-]*(?:[ ][A-Za-z0-9_./@%+-]+)*")
_WORDS: Final = frozenset({"null", "true", "false", "yes", "no", "on", "off", "y", "n"})
_BLOCK: Final = re.compile(r"[^\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\ufeff\ud800-\udfff]*")


def dump(value: Any) -> str:
    """Plain data (dicts, lists, strings, numbers, booleans, None) as one YAML document. Keys keep their order."""
    lines: list[str] = []
    if isinstance(value, (dict, list, tuple)) and value:
        _node(value, "", lines)
    else:
        lines.append(scalar(value))
    return "\n".join(lines) + "\n"


def _node(value: Any, indent: str, lines: list[str]) -> None:
    if isinstance(value, dict):
        for key, item in value.items():
            _entry(f"{indent}{scalar(key)}:", item, indent, lines)
    else:
        for item in value:
            if isinstance(item, (dict, list, tuple)) and item:
                start = len(lines)
                _node(item, indent + "  ", lines)
                # The first line of the entry stands behind the dash.
                lines[start] = f"{indent}- {lines[start][len(indent) + 2 :]}"
            else:
                _entry(f"{indent}-", item, indent, lines)


def _entry(head: str, item: Any, indent: str, lines: list[str]) -> None:
    if isinstance(item, dict) and item:
        lines.append(head)
        _node(item, indent + "  ", lines)
    elif isinstance(item, (list, tuple)) and item:
        lines.append(head)
        _node(item, indent, lines) if head.endswith(":") else _node(item, indent + "  ", lines)
    elif isinstance(item, str) and "\n" in item and _fits_block(item):
        _literal(head, item, indent + "  ", lines)
    else:
        lines.append(f"{head} {scalar(item)}")


def _fits_block(text: str) -> bool:
    # A first line that begins with a space would need an indentation indicator; trailing spaces are easily lost in review.
    return (
        bool(_BLOCK.fullmatch(text))
        and not text.startswith((" ", "\n", "\t"))
        and not re.search(r"[ \t](?:\n|$)", text)
    )


def _literal(head: str, text: str, indent: str, lines: list[str]) -> None:
    body = text.rstrip("\n")
    trailing = len(text) - len(body)
    lines.append(f"{head} |" + {0: "-", 1: ""}.get(trailing, "+"))
    lines.extend(f"{indent}{line}" if line else "" for line in body.split("\n"))
    lines.extend("" for _ in range(trailing - 1))


def scalar(value: Any) -> str:
    """One scalar, or an empty collection.

    >>> scalar("no"), scalar("1.5"), scalar("a b"), scalar(None)
    ('"no"', '"1.5"', 'a b', 'null')
    """
    if isinstance(value, str):
        if _PLAIN.fullmatch(value) and value.lower() not in _WORDS:
            return value
        return _quoted(value)
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, dict):
        return "{}"
    if isinstance(value, (list, tuple)):
        return "[]"
    # YAML 1.1 reads 5e-324 as text: its floats have a dot.
    return re.sub(r"^(-?\d+)e", r"\1.0e", json.dumps(value)) if isinstance(value, float) else json.dumps(value)


def _quoted(text: str) -> str:
    quoted = json.dumps(text, ensure_ascii=False)
    # JSON leaves these as they are; YAML reads them as line breaks, or does not allow them.
    return re.sub(
        r"[\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff\ud800-\udfff]", lambda match: f"\\u{ord(match[0]):04x}", quoted
    )
