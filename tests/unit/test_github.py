"""Talking to GitHub: pages, limits, refusals, and never a second comment."""

from __future__ import annotations

import json
import pathlib
from collections.abc import Iterator
from typing import Any

import pytest

from platformspec.diagnostics import Failure
from platformspec.github.conversation import Conversation
from platformspec.github.event import PullRequest, pull_request
from tests.support.github_api import BOT, Repository, github_api

MARKER = "<!-- platformspec-review: platform.yaml -->"
LEA = {"login": "lea", "type": "User", "id": 2}


@pytest.fixture
def repository() -> Iterator[Repository]:
    with github_api() as served:
        yield served


def conversation(repository: Repository) -> Conversation:
    return Conversation(PullRequest("acme/platform", 7, "base", "head", False, repository.url), "token")


def test_one_comment_is_kept_up_to_date(repository: Repository) -> None:
    assert conversation(repository).publish(MARKER, f"{MARKER}\none") == "created"
    assert conversation(repository).publish(MARKER, f"{MARKER}\none") == "unchanged"
    assert conversation(repository).publish(MARKER, f"{MARKER}\ntwo") == "updated"
    assert [comment["body"] for comment in repository.comments] == [f"{MARKER}\ntwo"]


def test_the_comment_is_found_on_a_later_page(repository: Repository) -> None:
    for number in range(250):
        repository.comment(f"comment {number}", LEA)
    ours = repository.comment(f"{MARKER}\nold", BOT)
    assert conversation(repository).publish(MARKER, f"{MARKER}\nnew") == "updated"
    assert ours["body"] == f"{MARKER}\nnew"
    assert len(repository.comments) == 251


def test_a_person_who_copies_the_marker_is_not_overwritten(repository: Repository) -> None:
    theirs = repository.comment(f"{MARKER}\nnot yours", LEA)
    assert conversation(repository).publish(MARKER, f"{MARKER}\nours") == "created"
    assert theirs["body"] == f"{MARKER}\nnot yours"


def test_the_token_of_a_user_edits_the_comment_of_that_user(repository: Repository) -> None:
    repository.token_of = "lea"
    repository.comment(f"{MARKER}\nby somebody else", {"login": "tim", "type": "User"})
    repository.comment(f"{MARKER}\nold", LEA)
    assert conversation(repository).publish(MARKER, f"{MARKER}\nnew") == "updated"
    assert [comment["body"].split("\n")[1] for comment in repository.comments] == ["by somebody else", "new"]


def test_a_rate_limit_is_waited_for(repository: Repository) -> None:
    repository.limited = 1
    assert conversation(repository).publish(MARKER, f"{MARKER}\none") == "created"


def test_a_fork_may_not_write(repository: Repository) -> None:
    repository.read_only = True
    with pytest.raises(Failure, match="PS652"):
        conversation(repository).publish(MARKER, "x")
    assert not repository.comments


def test_a_server_that_fails(repository: Repository) -> None:
    repository.broken = True
    with pytest.raises(Failure, match="PS653"):
        conversation(repository).publish(MARKER, "x")


def test_a_server_that_is_not_there(repository: Repository) -> None:
    gone = PullRequest("acme/platform", 7, "base", "head", False, "http://127.0.0.1:9")
    with pytest.raises(Failure, match="PS653"):
        Conversation(gone, "token").publish(MARKER, "x")


def review(user: str, state: str, commit: str = "head") -> dict[str, Any]:
    return {"user": {"login": user, "type": "User"}, "state": state, "commit_id": commit}


def test_approvals_are_the_latest_and_of_the_present_head(repository: Repository) -> None:
    repository.reviews += [
        review("lea", "APPROVED"),
        review("tim", "APPROVED"),
        review("tim", "CHANGES_REQUESTED"),
        review("ada", "APPROVED", "an older head"),
        review("eve", "APPROVED"),
        review("eve", "COMMENTED"),
        review("dan", "DISMISSED"),
    ]
    assert conversation(repository).approvers() == {"lea", "eve"}


def test_status(repository: Repository) -> None:
    conversation(repository).set_status("pending", "x" * 200)
    (status,) = repository.statuses
    assert (status["state"], status["context"], len(status["description"])) == (
        "pending",
        "platformspec/approvals",
        140,
    )


def test_event(tmp_path: pathlib.Path) -> None:
    event = {
        "pull_request": {
            "number": 7,
            "base": {"sha": "b"},
            "head": {"sha": "h", "repo": {"full_name": "somebody/platform"}},
        }
    }
    file = tmp_path / "event.json"
    file.write_text(json.dumps(event))
    environment = {"GITHUB_EVENT_PATH": str(file), "GITHUB_REPOSITORY": "acme/platform"}
    assert pull_request(environment) == PullRequest("acme/platform", 7, "b", "h", True, "https://api.github.com")
    event["pull_request"]["head"]["repo"] = None  # type: ignore[index]
    file.write_text(json.dumps(event))
    assert pull_request(environment).from_fork


@pytest.mark.parametrize("content", ["", "{}", "[]", '{"pull_request": {}}', "not json"])
def test_no_pull_request(content: str, tmp_path: pathlib.Path) -> None:
    (tmp_path / "event.json").write_text(content)
    with pytest.raises(Failure, match="PS650"):
        pull_request({"GITHUB_EVENT_PATH": str(tmp_path / "event.json"), "GITHUB_REPOSITORY": "acme/platform"})
    with pytest.raises(Failure, match="PS650"):
        pull_request({})
