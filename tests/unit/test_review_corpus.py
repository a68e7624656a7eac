"""The corpus of tests/reviews: what a review says about each change, and that the dangerous part is what it says it about."""

from __future__ import annotations

import pytest

from platformspec.review.review import NO_EFFECT, Review
from tests.support.reviews import Change, corpus, reviewed

CORPUS = corpus()
DANGEROUS = [change for change in CORPUS if change.file == "dangerous"]


def first_lines(review: Review) -> tuple[str, tuple[tuple[str | None, str, str], ...]]:
    """What stands in the open: the intent, and the dangers."""
    return review.headline, tuple(
        (environment.environment, danger.diagnostic.code.id, danger.diagnostic.message)
        for environment in review.environments
        for danger in environment.dangers
    )


def expected_dangers(change: Change, environment: str | None) -> list[tuple[str, str]]:
    wanted = change.data["dangers"]
    entries = wanted.get(environment, []) if isinstance(wanted, dict) else wanted
    return [(code, has) for code, has in entries]


@pytest.mark.parametrize("change", CORPUS, ids=str)
def test_change(change: Change) -> None:
    review = reviewed(change.base, change.head())
    assert not review.base_errors
    assert not review.head_errors
    if "first" in change.data:
        assert review.headline == change.data["first"]
    assert change.data.get("first_has", "") in review.headline
    for environment in review.environments:
        assert not environment.base_errors, [e.message for e in environment.base_errors]
        assert not environment.head_errors, [e.message for e in environment.head_errors]
        got = [(d.diagnostic.code.id, d.diagnostic.message) for d in environment.dangers]
        wanted = expected_dangers(change, environment.environment)
        for code, has in wanted:
            assert any(code == c and has in message for c, message in got), (environment.environment, code, has, got)
        if not change.data.get("also"):
            assert {c for c, _ in got} == {c for c, _ in wanted}, (environment.environment, got)
        for part in change.data.get("effects", {}).get(environment.environment, []):
            assert any(part in effect for effect in environment.effects), environment.effects
        if "approvals" in change.data:
            approvers = [who for finding in environment.approvals for who in finding.approvers]
            assert approvers == change.data["approvals"][environment.environment]


@pytest.mark.parametrize("change", DANGEROUS, ids=str)
def test_without_its_dangerous_part_a_change_reads_otherwise(change: Change) -> None:
    whole = first_lines(reviewed(change.base, change.head()))
    for position in range(len(change.data["edits"])):
        part = reviewed(change.base, change.head(without=position))
        if any(environment.head_errors for environment in part.environments):
            # The edits hang together: half of them is no platform, and is not described as safe.
            assert "does not compile" in part.headline
            continue
        assert first_lines(part) != whole, position
    if len(change.data["edits"]) == 1:
        assert reviewed(change.base, change.head(without=0)).headline == NO_EFFECT


@pytest.mark.parametrize("change", CORPUS, ids=str)
def test_a_change_and_nothing_is_nothing(change: Change) -> None:
    review = reviewed(change.head(), change.head())
    assert review.headline == NO_EFFECT
    assert not review.groups


def test_the_corpus_has_every_danger_and_is_large() -> None:
    from platformspec.review.dangers import RULES

    shown = {
        code
        for change in CORPUS
        for entries in (
            change.data["dangers"].values() if isinstance(change.data["dangers"], dict) else [change.data["dangers"]]
        )
        for code, _ in entries
    }
    assert len(CORPUS) >= 60
    assert {
        f"PS{n}" for n in (616, 617, 618, 619, 620, 621, 622, 623, 624, 625, 626, 627, 628, 629, 630, 631, 632, 633)
    } | {"PS796", "PS797"} == shown
    assert len(RULES) >= 10
