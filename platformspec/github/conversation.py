"""What is said on a pull request: one comment that is kept up to date, approvals read, and a status set.

https://docs.github.com/rest/issues/comments, /rest/pulls/reviews, /rest/commits/statuses
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Literal

from platformspec.diagnostics import Code, Failure
from platformspec.github.event import PullRequest

if TYPE_CHECKING:
    import github
    from github.NamedUser import NamedUser
    from github.Organization import Organization
    from github.Repository import Repository

NOT_INSTALLED = Code(
    "PS651",
    "the package that speaks to GitHub is not installed",
    explain="Comments and statuses are written with PyGithub, which comes with the extra `github`.",
)
NOT_ALLOWED = Code(
    "PS652",
    "a token that may not write to the pull request",
    explain="GitHub gives a read-only token to runs for pull requests from forks, and to workflows without `permissions: pull-requests: write` (and `statuses: write` for approvals). The review is in the summary of the run all the same.",
)
NO_ANSWER = Code(
    "PS653",
    "GitHub did not answer as expected",
    explain="The API could not be reached, was overloaded, or limited the rate of requests for longer than a run can wait.",
)

Outcome = Literal["created", "updated", "unchanged"]
State = Literal["success", "pending"]
PER_PAGE = 100
RETRIES, LONGEST_WAIT_SECONDS, TIMEOUT_SECONDS = 4, 60, 30
STATUS = "platformspec/approvals"
# GitHub cuts a status's description here.
MOST_CHARACTERS = 140


class Conversation:
    """The pull request, written to with a token. Methods raise `Failure` where GitHub refuses."""

    def __init__(self, pull: PullRequest, token: str) -> None:
        self._pull = pull
        self._github = _client(pull.api, token)

    def publish(self, marker: str, body: str) -> Outcome:
        """Write the comment that begins with `marker`: the one that is there is edited, so there is never a second."""
        with _answers():
            issue = self._repository().get_issue(self._pull.number)
            for comment in issue.get_comments():
                if not (comment.body or "").startswith(marker) or not self._wrote(comment.user):
                    continue
                if comment.body == body:
                    return "unchanged"
                comment.edit(body)
                return "updated"
            issue.create_comment(body)
            return "created"

    def approvers(self) -> frozenset[str]:
        """Logins whose latest review that decides something is an approval of the present head."""
        latest: dict[str, bool] = {}
        with _answers():
            for review in self._repository().get_pull(self._pull.number).get_reviews():
                if review.user is not None and review.state in ("APPROVED", "CHANGES_REQUESTED", "DISMISSED"):
                    latest[review.user.login] = review.state == "APPROVED" and review.commit_id == self._pull.head
        return frozenset(login for login, approved in latest.items() if approved)

    def set_status(self, state: State, description: str) -> None:
        """The commit status that a branch protection can require."""
        with _answers():
            commit = self._repository().get_commit(self._pull.head)
            commit.create_status(state, description=description[:MOST_CHARACTERS], context=STATUS)

    def _wrote(self, user: NamedUser | Organization | None) -> bool:
        """Whether it is a comment of ours: anybody can write one with the marker."""
        if user is None or user.type == "Bot":
            return user is not None
        import github

        try:
            return user.login == self._github.get_user().login
        except github.GithubException:
            # The token of a workflow is no user's.
            return False

    def _repository(self) -> Repository:
        return self._github.get_repo(self._pull.repository)


def _client(api: str, token: str) -> github.Github:
    try:
        import github
    except ImportError as error:
        raise Failure(NOT_INSTALLED, "PyGithub is not installed", "pip install 'platformspec[github]'") from error
    retry = github.GithubRetry(
        total=RETRIES, secondary_rate_wait=LONGEST_WAIT_SECONDS, max_rate_limit_wait=LONGEST_WAIT_SECONDS
    )
    return github.Github(
        auth=github.Auth.Token(token),
        base_url=api,
        per_page=PER_PAGE,
        timeout=TIMEOUT_SECONDS,
        retry=retry,
        seconds_between_requests=None,
        seconds_between_writes=None,
        lazy=True,
    )


@contextmanager
def _answers() -> Iterator[None]:
    import github
    import requests

    try:
        yield
    except github.RateLimitExceededException as error:
        raise _no_answer("it limits the rate of requests") from error
    except github.GithubException as error:
        if error.status in (401, 403, 404):
            raise Failure(
                NOT_ALLOWED,
                f"GitHub answers {error.status}: the token may not do this",
                "give the job `permissions: {contents: read, pull-requests: write, statuses: write}`; for forks, read the summary of the run",
            ) from error
        raise _no_answer(f"it answers {error.status}") from error
    except requests.exceptions.RequestException as error:
        raise _no_answer(type(error).__name__) from error


def _no_answer(reason: str) -> Failure:
    return Failure(NO_ANSWER, f"GitHub did not answer: {reason}", "run the job again")
