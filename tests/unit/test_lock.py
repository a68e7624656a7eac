"""platform.lock: what a rename hands over, and which of several earlier names counts."""

from __future__ import annotations

from platformspec.address import Address
from platformspec.diagnostics import Report
from platformspec.lock import Lock
from tests.support.memory_tree import MemoryTree

NEW = Address("database", "new")


def renamed(lock: Lock, *was: str) -> Lock:
    return lock.renamed("prod", {NEW: was})


def test_a_pinned_name_goes_over_to_the_new_address() -> None:
    lock = Lock({"prod": {"database.old/cluster": "acme-old", "database.older/cluster": "x"}, "dev": {"a/b": "c"}})
    after = renamed(lock, "old")
    assert after.names == {
        "prod": {"database.new/cluster": "acme-old", "database.older/cluster": "x"},
        "dev": {"a/b": "c"},
    }
    assert after.called_in("prod") == {"database.new": "old"}
    assert after.called_in("dev") == {}
    assert renamed(after, "old") is after, "once is enough"


def test_it_is_read_back_and_left_out_where_there_is_nothing() -> None:
    after = renamed(Lock(), "old")
    assert Lock.read(MemoryTree({"platform.lock": after.text()}), "platform.yaml", Report()) == after
    assert "called" not in Lock({"": {"a/b": "c"}}).text()


def test_without_a_lock_the_oldest_name_counts() -> None:
    assert renamed(Lock(), "oldest", "old").called_in("prod") == {"database.new": "oldest"}


def test_what_the_lock_knows_of_an_earlier_name_counts_most() -> None:
    # It was made as `old`, before which there was a `was` for a name that nothing was ever made with.
    made = Lock({"prod": {"database.old/cluster": "acme-old"}})
    assert renamed(made, "oldest", "old").called_in("prod") == {"database.new": "old"}
    # A compile without `was` wrote down the new name as well.
    mistaken = Lock({"prod": {"database.old/cluster": "acme-old", "database.new/cluster": "acme-new"}})
    after = renamed(mistaken, "old")
    assert after.names_in("prod") == {"database.new/cluster": "acme-old"}
    assert after.called_in("prod") == {"database.new": "old"}


def test_a_second_rename_keeps_the_first_name() -> None:
    after = Lock().renamed("prod", {Address("database", "old"): ("oldest",)}).renamed("prod", {NEW: ("oldest", "old")})
    assert after.called_in("prod") == {"database.new": "oldest"}


def test_back_to_the_first_name() -> None:
    away = renamed(Lock({"prod": {"database.old/cluster": "acme-old"}}), "old")
    back = away.renamed("prod", {Address("database", "old"): ("new",)})
    assert back.names_in("prod") == {"database.old/cluster": "acme-old"}
    assert back.called_in("prod") == {"database.old": "old"}
