"""Values that AWS would refuse: names, lengths, ranges, identifiers, networks, policies, tags.

The table is `data/rules.json`: rules of attributes that mean the same in every type, and rules of single types, which come first.
A rule has a `pattern`, `min` and `max`, `one_of` or a `check`, what it `says`, and values that it `refuses`, which the tests try.
"""

from __future__ import annotations

import functools
import ipaddress
import json
import pathlib
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from platformspec_rehearsal.plugin.values import is_unknown

DATA: Final = pathlib.Path(__file__).resolve().parents[1] / "data"
MOST_TAGS: Final = 50
LONGEST_KEY: Final = 128
LONGEST_VALUE: Final = 256
# VPCs and subnets have between 16 and 65536 addresses.
SIZED: Final = ("aws_subnet", "aws_vpc")
WIDEST_PREFIX: Final = 16
NARROWEST_PREFIX: Final = 28


@functools.cache
def table() -> Mapping[str, Any]:
    """`attributes` and `types`."""
    data: Mapping[str, Any] = json.loads((DATA / "rules.json").read_text("utf-8"))
    return data


def has_rules(type: str) -> bool:
    """Whether rules of the type itself are known."""
    return type in table()["types"]


def rules_of(type: str) -> Mapping[str, Mapping[str, Any]]:
    """Attribute -> rule, for every attribute that a type may have."""
    return {**table()["attributes"], **table()["types"].get(type, {})} if type.startswith("aws_") else {}


def refusals(type: str, config: Mapping[str, Any]) -> Iterator[tuple[tuple[str, ...], str]]:
    """Path and sentence of every top-level value that would be refused; what is not known yet passes."""
    for name, rule in rules_of(type).items():
        value = config.get(name)
        for one in value if isinstance(value, list) else [value]:
            if one is not None and not is_unknown(one) and not fits(rule, one):
                yield (name,), f"{one!r} is refused: {rule['says']}"
    block = config.get("cidr_block")
    if type in SIZED and isinstance(block, str) and _network(block):
        prefix = ipaddress.ip_network(block).prefixlen
        if not WIDEST_PREFIX <= prefix <= NARROWEST_PREFIX:
            yield (
                ("cidr_block",),
                f"{block!r} is refused: the prefix is between /{WIDEST_PREFIX} and /{NARROWEST_PREFIX}",
            )


def fits(rule: Mapping[str, Any], value: Any) -> bool:
    """Whether a value keeps to a rule."""
    if "pattern" in rule:
        return isinstance(value, str) and re.fullmatch(rule["pattern"], value) is not None
    if "one_of" in rule:
        return value in rule["one_of"]
    if "check" in rule:
        return CHECKS[rule["check"]](value)
    return bool(rule["min"] <= float(value) <= rule["max"])


def _network(value: Any) -> bool:
    try:
        return ipaddress.ip_network(value).version == 4 and "/" in value
    except ValueError:
        return False


def _json(value: Any) -> bool:
    try:
        return isinstance(json.loads(value), (dict, list)) and value.strip() != "[]"
    except ValueError:
        return False


def _policy(value: Any) -> bool:
    return value == "" or (_json(value) and bool(json.loads(value).get("Statement")) and "Version" in json.loads(value))


def _tags(value: Mapping[str, Any]) -> bool:
    return len(value) <= MOST_TAGS and all(
        0 < len(key) <= LONGEST_KEY
        and not key.lower().startswith("aws:")
        and (is_unknown(text) or text is None or len(text) <= LONGEST_VALUE)
        for key, text in value.items()
    )


CHECKS: Final[dict[str, Callable[[Any], bool]]] = {"cidr": _network, "json": _json, "policy": _policy, "tags": _tags}
