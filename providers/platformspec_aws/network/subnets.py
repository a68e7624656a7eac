"""How a VPC's range is divided. Room for six zones is kept, so that adding a zone renumbers nothing."""

from __future__ import annotations

import ipaddress
from typing import Final

LETTERS: Final = "abcdef"

# Regions whose first zones are not a, b, c. Source: the zone names that the EC2 console and API show for new accounts.
ZONE_LETTERS: Final = {"ap-northeast-1": "acd", "ca-central-1": "abd", "us-west-1": "ac"}
PRIVATE_BLOCKS: Final = 6


def zones(region: str, number: int) -> tuple[str, ...]:
    """Names of the first zones of a region; fewer where it has fewer.

    >>> zones("eu-central-1", 3)
    ('eu-central-1a', 'eu-central-1b', 'eu-central-1c')
    """
    return tuple(f"{region}{letter}" for letter in ZONE_LETTERS.get(region, LETTERS)[:number])


def divide(cidr: str) -> dict[str, tuple[str, ...]]:
    """Ranges of `private`, `public` and `data` subnets for six zones.

    Of eight equal blocks six are the private subnets of the six zones, where nodes and pods need the addresses; the seventh
    holds the public subnets and the eighth those for databases.

    >>> divide("10.0.0.0/16")["private"][:2], divide("10.0.0.0/16")["public"][0]
    (('10.0.0.0/19', '10.0.32.0/19'), '10.0.192.0/22')
    """
    blocks = list(ipaddress.IPv4Network(cidr).subnets(prefixlen_diff=3))
    return {
        "private": tuple(map(str, blocks[:PRIVATE_BLOCKS])),
        "public": tuple(map(str, list(blocks[6].subnets(prefixlen_diff=3))[:PRIVATE_BLOCKS])),
        "data": tuple(map(str, list(blocks[7].subnets(prefixlen_diff=3))[:PRIVATE_BLOCKS])),
    }
