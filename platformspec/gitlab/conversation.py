"""What is said on a merge request: one note that is kept up to date. https://docs.gitlab.com/api/notes/"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final, Literal

from platformspec.diagnostics import Code, Failure
from platformspec.gitlab.job import MergeRequest

if TYPE_CHECKING:
    import gitlab

NOT_WRITTEN = Code(
    "PS799",
    "a note on a merge request that could not be written",
    explain="GitLab refused it, or did not answer. A job's own token (CI_JOB_TOKEN) may not write notes: the variable GITLAB_TOKEN holds the token of a project or of a "
    "person, with the scope `api` and the role Reporter or above. Variables that are protected or masked are not given to pipelines of forks. The review is "
    "in the job's log all the same. The package python-gitlab comes with the extra `gitlab`.",
)
PER_PAGE: Final = 100
TIMEOUT_SECONDS: Final = 30
TOKEN: Final = "GITLAB_TOKEN"

Outcome = Literal["created", "updated", "unchanged"]


class Conversation:
    """The merge request, written to with a token. Methods raise `Failure` where GitLab refuses."""

    def __init__(self, request: MergeRequest, token: str) -> None:
        self._request = request
        self._gitlab = _client(request.server, token)

    def publish(self, marker: str, body: str) -> Outcome:
        """Write the note that begins with `marker`: the one of the token's user that is there is edited, so there is never a second."""
        body = body.rstrip("\n")
        with _answers():
            self._gitlab.auth()
            user = self._gitlab.user
            assert user is not None
            project = self._gitlab.projects.get(self._request.project, lazy=True)
            notes = project.mergerequests.get(self._request.number, lazy=True).notes
            for note in notes.list(iterator=True, per_page=PER_PAGE):
                # Anybody can write a note with the marker.
                if note.system or note.author["id"] != user.id or not note.body.startswith(marker):
                    continue
                if note.body == body:
                    return "unchanged"
                note.body = body
                note.save()
                return "updated"
            notes.create({"body": body})
            return "created"


def _client(server: str, token: str) -> gitlab.Gitlab:
    try:
        import gitlab
    except ImportError as error:
        raise Failure(NOT_WRITTEN, "python-gitlab is not installed", "pip install 'platformspec[gitlab]'") from error
    return gitlab.Gitlab(server, private_token=token, timeout=TIMEOUT_SECONDS, keep_base_url=True)


@contextmanager
def _answers() -> Iterator[None]:
    import gitlab
    import requests

    try:
        yield
    except gitlab.GitlabError as error:
        if error.response_code in (401, 403, 404):
            raise Failure(
                NOT_WRITTEN,
                f"GitLab answers {error.response_code}: the token in {TOKEN} may not do this",
                "give it the scope `api` and the role Reporter; for forks, read the job's log",
            ) from error
        raise _no_answer(f"it answers {error.response_code}" if error.response_code else str(error)) from error
    except requests.exceptions.RequestException as error:
        raise _no_answer(type(error).__name__) from error


def _no_answer(reason: str) -> Failure:
    return Failure(NOT_WRITTEN, f"GitLab did not answer as expected: {reason}", "run the job again")
