"""Talking to GitHub: pages, limits, refusals, and never a second comment."""

from __future__ import annotations

import json
import pathlib
import shlex
import subprocess
from collections.abc import Iterator
from typing import Any

import pytest
import yaml

from platformspec.cli import exit
from platformspec.cli.main import command_parser, main
from platformspec.diagnostics import Failure
from platformspec.github.approvals import groups, missing
from platformspec.github.conversation import Conversation
from platformspec.github.event import PullRequest, pull_request
from tests.support.examples import ROOT
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


def test_groups_of_approvers() -> None:
    members = groups("finops: Lea tim\n\nsecurity: ada, eve\n")
    wanted = [("cost", ("finops",)), ("rules", ("security", "lead")), ("cost", ("finops",))]
    assert missing(wanted, members, []) == (("cost", ("finops",)), ("rules", ("security", "lead")))
    assert missing(wanted, members, ["LEA", "lead"]) == ()
    assert missing([("cost", ("finops",))], {}, ["finops"]) == ()
    for text in ("finops", "finops:", "Fin Ops: lea", ": lea"):
        with pytest.raises(Failure, match="PS654"):
            groups(text)


PLATFORM = (ROOT / "examples/quickstart/platform.yaml").read_text("utf-8")
POLICY = """policies:
  short: {max: {model.serve.context_tokens: 4096}, message: ask us, level: approve, approvers: [finops]}
"""


@pytest.fixture
def checkout(tmp_path: pathlib.Path, repository: Repository, monkeypatch: pytest.MonkeyPatch) -> pathlib.Path:
    """A checkout as GitHub Actions makes it for pull request 7, whose change asks for an approval."""
    folder = tmp_path / "checkout"
    folder.mkdir()

    def git(*words: str) -> str:
        identity = ("-c", "user.name=a", "-c", "user.email=a@example.com")
        done = subprocess.run(["git", *identity, *words], cwd=folder, check=True, capture_output=True, text=True)
        return done.stdout.strip()

    git("init", "-q")
    (folder / "platform.yaml").write_text(PLATFORM + POLICY)
    git("add", ".")
    git("commit", "-qm", "base")
    base = git("rev-parse", "HEAD")
    text = PLATFORM.replace("models:\n  chat: {", "models:\n  chat: {serve: {context_tokens: 16384}, ")
    assert text != PLATFORM
    (folder / "platform.yaml").write_text(text + POLICY.replace("4096", "12000"))
    git("commit", "-qam", "head")
    event = {
        "pull_request": {
            "number": 7,
            "base": {"sha": base},
            "head": {"sha": "head", "repo": {"full_name": "acme/platform"}},
        }
    }
    (tmp_path / "event.json").write_text(json.dumps(event))
    for name, value in {
        "GITHUB_EVENT_PATH": str(tmp_path / "event.json"),
        "GITHUB_REPOSITORY": "acme/platform",
        "GITHUB_API_URL": repository.url,
        "GITHUB_TOKEN": "token",
        "GITHUB_STEP_SUMMARY": str(tmp_path / "summary.md"),
        "GITHUB_OUTPUT": str(tmp_path / "output"),
    }.items():
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(folder)
    return folder


def test_a_run_for_a_pull_request(
    checkout: pathlib.Path, tmp_path: pathlib.Path, repository: Repository, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["github", "--sarif", "findings.sarif", "--approvers", "finops: lea"]) == exit.OK
    out = capsys.readouterr().out
    assert "::warning file=platform.yaml,line=" in out
    assert "comment created" in out
    (comment,) = repository.comments
    assert "context 8k -> 16k" in comment["body"]
    assert (tmp_path / "summary.md").read_text() == comment["body"]
    assert (tmp_path / "output").read_text().startswith("headline=")
    assert json.loads((checkout / "findings.sarif").read_text())["runs"]
    assert (repository.statuses[-1]["state"], "finops" in repository.statuses[-1]["description"]) == ("pending", True)
    repository.reviews.append(review("lea", "APPROVED"))
    assert main(["github", "--approvers", "finops: lea"]) == exit.OK
    assert "comment unchanged" in capsys.readouterr().out
    assert repository.statuses[-1]["state"] == "success"


def test_a_run_for_a_fork(
    checkout: pathlib.Path,
    tmp_path: pathlib.Path,
    repository: Repository,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    repository.read_only = True
    assert main(["github"]) == exit.OK
    assert "::warning title=PS652::" in capsys.readouterr().out
    assert "context" in (tmp_path / "summary.md").read_text()
    monkeypatch.delenv("GITHUB_TOKEN")
    assert main(["github"]) == exit.OK
    assert "summary of the run only" in capsys.readouterr().out


def test_a_head_that_does_not_compile(
    checkout: pathlib.Path, repository: Repository, capsys: pytest.CaptureFixture[str]
) -> None:
    (checkout / "platform.yaml").write_text(PLATFORM.replace("pools:", "pool:"))
    subprocess.run(
        ["git", "-c", "user.name=a", "-c", "user.email=a@b", "commit", "-qam", "x"], cwd=checkout, check=True
    )
    assert main(["github"]) == exit.ERRORS
    assert "::error file=platform.yaml" in capsys.readouterr().out
    assert "does not compile" in repository.comments[0]["body"]


def test_the_action_calls_the_command() -> None:
    action = yaml.safe_load((ROOT / "action.yml").read_text("utf-8"))
    script = action["runs"]["steps"][-1]["run"]
    words = shlex.split(script.replace('${SARIF:+--sarif "$SARIF"}', "--sarif x"))
    command_parser("github").parse_args(words[2:])
    assert {"file", "token", "approvers", "sarif"} == set(action["inputs"])
    # Values from outside reach a script through the environment only: pasted into it they could run.
    for step in action["runs"]["steps"]:
        assert "${{" not in step["run"]
