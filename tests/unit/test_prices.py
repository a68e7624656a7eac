"""The price table that comes with the compiler, and how a price is found."""

from __future__ import annotations

import datetime

import pytest
from platformspec_aws.instances import instances
from platformspec_aws.prices import node_price, prices

from platformspec.cost.prices import PriceTable

# Types that AWS sells in Capacity Blocks only, or not in the region of the table.
WITHOUT_A_PRICE = {"p5e.48xlarge", "trn2.48xlarge"}

TABLE = PriceTable.of(
    {
        "reference_region": "us-east-1",
        "sources": {"list": {"text": "a list", "date": "2026-07-20"}},
        "regions": {
            "global": {"key": {"usd": 1, "per": "month", "source": "list"}},
            "us-east-1": {
                "node": {"usd": 2, "per": "hour", "source": "list"},
                "disk": {"usd": 3, "per": "gib_month", "source": "list"},
            },
            "eu-central-1": {"node": {"usd": 4, "per": "hour", "source": "list"}},
        },
    }
)


@pytest.mark.parametrize(
    ("key", "usd", "region", "exact"),
    [("node", 4, "eu-central-1", True), ("key", 1, "global", True), ("disk", 3, "us-east-1", False)],
)
def test_a_price_is_the_regions_own_or_says_whose_it_is(key: str, usd: float, region: str, exact: bool) -> None:
    found = TABLE.find(key, "eu-central-1")
    assert found is not None
    assert (found.usd, found.region, found.holds_in("eu-central-1")) == (usd, region, exact)


def test_what_nobody_knows_has_no_price() -> None:
    assert TABLE.find("unheard-of", "eu-central-1") is None


def test_every_instance_type_with_gpus_has_a_price() -> None:
    assert {name for name in instances() if node_price(name, "us-east-1") is None} == WITHOUT_A_PRICE


def test_every_row_has_an_amount_and_a_dated_source() -> None:
    table = prices()
    for source in table.sources.values():
        datetime.date.fromisoformat(source.date)
        assert len(source.text) > 10
    used = set()
    for region, rows in table.regions.items():
        for key in rows:
            price = table.find(key, region)
            assert price is not None
            assert price.usd > 0
            assert price.region == region
            used.add(rows[key]["source"])
    assert used == set(table.sources)
