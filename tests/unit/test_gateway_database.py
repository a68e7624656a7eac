"""The SQL that gives a gateway its database, run by a real PostgreSQL as an administrator like Aurora's."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from platformspec_kubernetes.gateways.database import sql

from tests.support.postgres import Query, postgres


@pytest.fixture(scope="module")
def query() -> Iterator[Query]:
    with postgres() as ask:
        yield ask


def test_a_gateway_owns_its_database_and_may_run_again(query: Query) -> None:
    for _ in range(2):
        query("platform_admin", "platform", sql("gateway_main"))
    owner = "SELECT pg_get_userbyid(datdba) FROM pg_database WHERE datname = 'gateway_main'"
    assert query("root_user", "postgres", owner).strip() == "gateway_main"
    # What migrations do: tables in its own database.
    query("gateway_main", "gateway_main", "CREATE TABLE keys (id text PRIMARY KEY)")
    member = "SELECT pg_has_role('gateway_main', 'rds_iam', 'member')"
    assert query("root_user", "postgres", member).strip() == "t"


def test_gateways_do_not_enter_each_others_databases(query: Query) -> None:
    query("platform_admin", "platform", sql("gateway_one"))
    query("platform_admin", "platform", sql("gateway_two"))
    with pytest.raises(AssertionError, match="permission denied for database"):
        query("gateway_two", "gateway_one", "SELECT 1")
