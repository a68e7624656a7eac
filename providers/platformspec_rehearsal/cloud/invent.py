"""Values as a cloud makes them up: ids, addresses, names of endpoints. They follow from what was asked for, and so do not change
from run to run, but a second thing like the first gets others."""

from __future__ import annotations

import base64
import datetime
import hashlib
import re
import uuid
from collections.abc import Callable
from typing import Any, Final

LOWER: Final = "abcdefghijklmnopqrstuvwxyz0123456789"
TEMPLATE: Final = re.compile(r"\{\{|\}\}|\{([A-Za-z0-9_.]+)\}")
LENGTH: Final = re.compile(r"(hex|HEX|alnum|ALNUM)(\d+)")
# `eu-central-1` is `euc1` in ids of zones and in names of caches.
DIRECTIONS: Final = {
    "north": "n",
    "northeast": "ne",
    "northwest": "nw",
    "south": "s",
    "southeast": "se",
    "southwest": "sw",
    "east": "e",
    "west": "w",
    "central": "c",
}


def short_region(region: str) -> str:
    """`eu-central-1` -> `euc1`."""
    area, *middle, number = region.split("-")
    return area + "".join(DIRECTIONS.get(part, part) for part in middle) + number


def zone_id(zone: str) -> str:
    """`eu-central-1b` -> `euc1-az2`; which zone has which number differs between accounts."""
    return f"{short_region(zone[:-1])}-az{ord(zone[-1]) - ord('a') + 1}" if zone else ""


def digest(*parts: str) -> bytes:
    """Thirty-two bytes that follow from the parts."""
    return hashlib.blake2b("\0".join(parts).encode(), digest_size=32).digest()


def random_text(kind: str, length: int, *seed: str) -> str:
    """Text of `hex` or `alnum` digits, upper case where the kind is written so."""
    number = int.from_bytes(digest(*seed), "big")
    alphabet = "0123456789abcdef" if kind.lower() == "hex" else LOWER
    letters = []
    for _ in range(length):
        number, letter = divmod(number, len(alphabet))
        letters.append(alphabet[letter])
    text = "".join(letters)
    return text.upper() if kind.isupper() else text


def fill(template: Any, seed: str, salt: str, known: Callable[[str], Any]) -> Any:
    """A template with its `{names}` replaced; `salt` makes two templates of one resource differ."""
    if isinstance(template, dict):
        return {key: fill(item, seed, f"{salt}.{key}", known) for key, item in template.items()}
    if isinstance(template, list):
        return [fill(item, seed, salt, known) for item in template]
    if not isinstance(template, str):
        return template

    def one(found: re.Match[str]) -> str:
        name = found[1]
        if name is None:
            return found[0][0]
        if length := LENGTH.fullmatch(name):
            return random_text(length[1], int(length[2]), seed, salt)
        if name in INVENTED:
            return INVENTED[name](seed, salt)
        value = known(name)
        return "" if value is None else str(value)

    return TEMPLATE.sub(one, template)


def _address(seed: str) -> str:
    # 203.0.113.0/24 is for documentation (RFC 5737): it can be nobody's.
    return f"203.0.113.{digest(seed)[0]}"


def now() -> str:
    """The time in the form of the APIs."""
    return datetime.datetime.now(datetime.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


INVENTED: Final[dict[str, Callable[[str, str], str]]] = {
    "uuid": lambda seed, salt: str(uuid.UUID(bytes=digest(seed, salt)[:16], version=4)),
    "base64": lambda seed, salt: base64.b64encode(digest(seed, salt)).decode(),
    "public_ip": lambda seed, salt: _address(seed),
    "public_ip_dashed": lambda seed, salt: _address(seed).replace(".", "-"),
    "now": lambda seed, salt: now(),
}
