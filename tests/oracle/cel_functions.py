"""Functions of the Kubernetes CEL dialect that the engine lacks, or has in another way.

Sources: the Kubernetes reference "Common Expression Language in Kubernetes" (list, regex, URL, IP and CIDR libraries) and
cel-go's `strings` extension. The engine's own `size` counts bytes of a string (CEL: code points) and its `matches` follows
another dialect at the edges, and built-ins cannot be replaced: so both are renamed in the source before compilation
(`RENAMED`), and defined here.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import Any

from tests.oracle.formats import is_cidr, is_ip, is_url
from tests.oracle.regex import go_regex

RENAMED = {"size": "k8sSize", "matches": "k8sMatches"}

_TO_LOWER = {upper: upper + 32 for upper in range(ord("A"), ord("Z") + 1)}
_TO_UPPER = {lower: lower - 32 for lower in range(ord("a"), ord("z") + 1)}


def _matches(text: str, pattern: str) -> bool:
    return go_regex(pattern).search(text) is not None


def _find(text: str, pattern: str) -> str:
    found = go_regex(pattern).search(text)
    return found.group() if found else ""


def _find_all(text: str, pattern: str, limit: int = -1) -> list[str]:
    found = [one.group() for one in go_regex(pattern).finditer(text)]
    return found if limit < 0 else found[:limit]


def _split(text: str, separator: str, limit: int = -1) -> list[str]:
    if limit == 0:
        return []
    if separator == "":
        letters = list(text)
        return letters if limit < 0 or limit >= len(letters) else [*letters[: limit - 1], "".join(letters[limit - 1 :])]
    return text.split(separator, limit - 1 if limit > 0 else -1)


def _substring(text: str, start: int, end: int | None = None) -> str:
    stop = len(text) if end is None else end
    if not 0 <= start <= stop <= len(text):
        raise ValueError(f"substring {start}..{stop} of {len(text)} characters")
    return text[start:stop]


def _replace(text: str, old: str, new: str, limit: int = -1) -> str:
    return text.replace(old, new, limit)


def _index_of(where: Any, what: Any, start: int = 0) -> int:
    if isinstance(where, str):
        return where.find(what, start)
    return next((position for position, item in enumerate(where) if item == what), -1)


def _last_index_of(where: Any, what: Any) -> int:
    if isinstance(where, str):
        return where.rfind(what)
    return max((position for position, item in enumerate(where) if item == what), default=-1)


def _join(parts: list[str], separator: str = "") -> str:
    return separator.join(parts)


def _char_at(text: str, position: int) -> str:
    return text[position] if position < len(text) else ""


def _is_sorted(items: list[Any]) -> bool:
    return all(first <= second for first, second in pairwise(items))


FUNCTIONS: dict[str, Callable[..., Any]] = {
    "charAt": _char_at,
    "find": _find,
    "findAll": _find_all,
    "indexOf": _index_of,
    "isCIDR": is_cidr,
    "isIP": is_ip,
    "isSorted": _is_sorted,
    "isURL": is_url,
    "join": _join,
    "k8sMatches": _matches,
    "k8sSize": len,
    "lastIndexOf": _last_index_of,
    "lowerAscii": lambda text: text.translate(_TO_LOWER),
    "max": lambda items: max(items),
    "min": lambda items: min(items),
    "replace": _replace,
    "split": _split,
    "substring": _substring,
    "sum": lambda items: sum(items),
    "trim": lambda text: text.strip(),
    "upperAscii": lambda text: text.translate(_TO_UPPER),
}
