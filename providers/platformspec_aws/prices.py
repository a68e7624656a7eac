"""What AWS charges: the dated table of data/prices.json, without taxes, discounts and Savings Plans."""

from __future__ import annotations

import functools
import json
from importlib.resources import files

from platformspec.sdk import Price, PriceTable


@functools.cache
def prices() -> PriceTable:
    """The table that comes with this version."""
    return PriceTable.of(json.loads(files("platformspec_aws").joinpath("data/prices.json").read_text("utf-8")))


def node_price(instance_type: str, region: str, table: PriceTable | None = None) -> Price | None:
    """US dollars per hour for an EC2 instance on demand (Linux, shared tenancy); None where no source gives one.

    `Price.holds_in(region)` says whether the price is that region's own.
    """
    return (table or prices()).find(f"ec2/{instance_type}", region)
