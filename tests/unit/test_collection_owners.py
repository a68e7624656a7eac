"""Who may use a collection of pgvector, asked of a real PostgreSQL; the extension itself is not needed for that."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from platformspec_kubernetes.vector_stores.pgvector import grants, table

from tests.support.postgres import Query, postgres


@pytest.fixture(scope="module")
def query() -> Iterator[Query]:
    with postgres() as ask:
        for statement in (
            'CREATE SCHEMA "team-docs"',
            f"CREATE TABLE {table('team-docs', 'pages')} (id text)",
            f"CREATE TABLE {table('team-docs', 'notes')} (id text)",
        ):
            ask("platform_admin", "platform", statement)
        yield ask


def own(query: Query, collection: str, owner: str | None) -> None:
    query("platform_admin", "platform", grants("team-docs", collection, owner))


def test_an_owner_reads_and_writes_and_cannot_drop(query: Query) -> None:
    for _ in range(2):
        own(query, "pages", "team_search")
    pages = table("team-docs", "pages")
    query(
        "team_search", "platform", f"INSERT INTO {pages} VALUES ('a'); UPDATE {pages} SET id = 'b'; DELETE FROM {pages}"
    )
    with pytest.raises(AssertionError, match="must be owner"):
        query("team_search", "platform", f"DROP TABLE {pages}")
    member = "SELECT pg_has_role('team_search', 'rds_iam', 'member')"
    assert query("root_user", "postgres", member).strip() == "t"


def test_another_team_stays_out(query: Query) -> None:
    own(query, "pages", "team_search")
    own(query, "notes", "team_claims")
    with pytest.raises(AssertionError, match="permission denied for table"):
        query("team_claims", "platform", f"SELECT 1 FROM {table('team-docs', 'pages')}")


@pytest.mark.parametrize("after", ["team_claims", None])
def test_a_former_owner_loses_the_collection(query: Query, after: str | None) -> None:
    own(query, "pages", "team_search")
    own(query, "pages", after)
    with pytest.raises(AssertionError, match="permission denied for table"):
        query("team_search", "platform", f"SELECT 1 FROM {table('team-docs', 'pages')}")
