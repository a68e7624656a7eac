"""Talking to GitLab: pages, limits, refusals, and never a second note."""

from __future__ import annotations

import pathlib
import subprocess
from collections.abc import Iterator

import pytest

from platformspec.cli import exit
from platformspec.cli.main import main
from platformspec.diagnostics import Failure
from platformspec.gitlab.conversation import Conversation
from platformspec.gitlab.job import MergeRequest, merge_request
from tests.support.gitlab_api import Project, gitlab_api

MARKER = "<!-- platformspec-review: platform.yaml -->"
OURS, LEA = 11, 2


@pytest.fixture
def project() -> Iterator[Project]:
    with gitlab_api() as served:
        yield served


def conversation(project: Project, token: str = "token") -> Conversation:
    return Conversation(MergeRequest(project.url, 5, 7, "base", "head", False), token)


def test_one_note_is_kept_up_to_date(project: Project) -> None:
    assert conversation(project).publish(MARKER, f"{MARKER}\none\n") == "created"
    assert conversation(project).publish(MARKER, f"{MARKER}\none\n") == "unchanged"
    assert conversation(project).publish(MARKER, f"{MARKER}\ntwo\n") == "updated"
    assert [note["body"] for note in project.notes] == [f"{MARKER}\ntwo"]


def test_the_note_is_found_on_a_later_page(project: Project) -> None:
    ours = project.note(f"{MARKER}\nold", OURS)
    for number in range(250):
        project.note(f"note {number}", LEA)
    assert conversation(project).publish(MARKER, f"{MARKER}\nnew") == "updated"
    assert ours["body"] == f"{MARKER}\nnew"
    assert len(project.notes) == 251
    assert project.requests.count("GET /api/v4/projects/5/merge_requests/7/notes") == 3


def test_who_copies_the_marker_is_not_overwritten(project: Project) -> None:
    theirs = project.note(f"{MARKER}\nnot yours", LEA)
    told = project.note(f"{MARKER}\nby GitLab itself", OURS, system=True)
    assert conversation(project).publish(MARKER, f"{MARKER}\nours") == "created"
    assert (theirs["body"], told["body"]) == (f"{MARKER}\nnot yours", f"{MARKER}\nby GitLab itself")


def test_a_rate_limit_is_waited_for(project: Project) -> None:
    project.limited = 1
    assert conversation(project).publish(MARKER, f"{MARKER}\none") == "created"


@pytest.mark.parametrize(("token", "answer"), [("reader", "403"), ("unknown", "401")])
def test_a_token_that_may_not(project: Project, token: str, answer: str) -> None:
    with pytest.raises(Failure, match=f"PS799.*GitLab answers {answer}"):
        conversation(project, token).publish(MARKER, "x")
    assert not project.notes


def test_a_server_that_fails(project: Project) -> None:
    project.broken = True
    with pytest.raises(Failure, match="PS799.*it answers 500"):
        conversation(project).publish(MARKER, "x")


def test_a_server_that_is_not_there() -> None:
    gone = MergeRequest("http://127.0.0.1:9", 5, 7, "base", "head", False)
    with pytest.raises(Failure, match="PS799.*did not answer"):
        Conversation(gone, "token").publish(MARKER, "x")


JOB = {
    "CI_SERVER_URL": "https://gitlab.acme.example",
    "CI_MERGE_REQUEST_PROJECT_ID": "5",
    "CI_MERGE_REQUEST_SOURCE_PROJECT_ID": "5",
    "CI_MERGE_REQUEST_IID": "7",
    "CI_MERGE_REQUEST_DIFF_BASE_SHA": "b",
    "CI_COMMIT_SHA": "h",
}


def test_job() -> None:
    assert merge_request(JOB) == MergeRequest("https://gitlab.acme.example", 5, 7, "b", "h", False)
    merged = merge_request(
        {**JOB, "CI_MERGE_REQUEST_SOURCE_BRANCH_SHA": "s", "CI_MERGE_REQUEST_SOURCE_PROJECT_ID": "9"}
    )
    assert (merged.head, merged.from_fork) == ("s", True)
    with pytest.raises(Failure, match="PS798"):
        merge_request({})


PLATFORM = """apiVersion: platformspec.dev/v1
kind: Platform
metadata: {name: acme}
cloud: {account: "111122223333", region: eu-central-1}
databases: {keys: {size: %s}}
"""


def test_the_command(
    project: Project, tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def git(*arguments: str) -> str:
        names = ["-c", "user.name=lea", "-c", "user.email=lea@acme.example"]
        return subprocess.run(
            ["git", *names, *arguments], cwd=tmp_path, check=True, capture_output=True, text=True
        ).stdout

    git("init", "-q")
    for size in ("large", "small"):
        (tmp_path / "platform.yaml").write_text(PLATFORM % size)
        git("add", "platform.yaml")
        git("commit", "-q", "-m", size)
    commits = git("log", "--format=%H").split()
    monkeypatch.chdir(tmp_path)
    for name, value in JOB.items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("CI_MERGE_REQUEST_SOURCE_BRANCH_SHA", raising=False)
    monkeypatch.delenv("GITLAB_TOKEN", raising=False)
    monkeypatch.setenv("CI_SERVER_URL", project.url)
    monkeypatch.setenv("CI_MERGE_REQUEST_SOURCE_PROJECT_ID", "9")
    monkeypatch.setenv("CI_MERGE_REQUEST_DIFF_BASE_SHA", commits[1])
    monkeypatch.setenv("CI_COMMIT_SHA", commits[0])
    assert main(["gitlab"]) == exit.OK
    said = capsys.readouterr().out
    assert said.startswith("database keys: size large -> small\n")
    assert said.endswith("GITLAB_TOKEN is not set, as it is in pipelines of forks: the review is in this log only\n")
    monkeypatch.setenv("GITLAB_TOKEN", "reader")
    assert main(["gitlab"]) == exit.OK
    assert "warning[PS799]: GitLab answers 403" in capsys.readouterr().out
    monkeypatch.setenv("GITLAB_TOKEN", "token")
    assert main(["gitlab"]) == exit.OK
    assert capsys.readouterr().out.endswith("note created\n")
    (note,) = project.notes
    assert note["body"].startswith(f"{MARKER}\n### database keys: size large -> small\n")
