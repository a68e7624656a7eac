"""The merge request that a job of GitLab CI is about.

https://docs.gitlab.com/ci/variables/predefined_variables/
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from platformspec.diagnostics import Code, Failure

NO_MERGE_REQUEST = Code(
    "PS798",
    "a job that is about no merge request",
    explain="The command reads what GitLab CI tells a job of a merge request pipeline: CI_MERGE_REQUEST_IID, CI_MERGE_REQUEST_PROJECT_ID, CI_SERVER_URL and the two "
    'commits. A job runs in such a pipeline where its `rules` ask for `$CI_PIPELINE_SOURCE == "merge_request_event"`. Elsewhere, `platformspec review` prints the same review.',
)


@dataclass(frozen=True, slots=True)
class MergeRequest:
    """`server` is the URL of GitLab, `project` the number of the project that holds the request, `base` and `head` are commits."""

    server: str
    project: int
    number: int
    base: str
    head: str
    from_fork: bool


def merge_request(environment: Mapping[str, str]) -> MergeRequest:
    """The merge request of this job. Raises `Failure` where there is none."""
    try:
        project = environment["CI_MERGE_REQUEST_PROJECT_ID"]
        # With merged results the job's own commit is a merge with the target, which holds the changes of others too.
        head = environment.get("CI_MERGE_REQUEST_SOURCE_BRANCH_SHA") or environment["CI_COMMIT_SHA"]
        return MergeRequest(
            environment["CI_SERVER_URL"],
            int(project),
            int(environment["CI_MERGE_REQUEST_IID"]),
            environment["CI_MERGE_REQUEST_DIFF_BASE_SHA"],
            head,
            environment.get("CI_MERGE_REQUEST_SOURCE_PROJECT_ID", project) != project,
        )
    except (KeyError, ValueError) as error:
        raise Failure(
            NO_MERGE_REQUEST,
            "this is no job for a merge request",
            'run it where `$CI_PIPELINE_SOURCE == "merge_request_event"`, or use `platformspec review --base REF --head REF`',
        ) from error
