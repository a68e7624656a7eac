"""The pull request that a run of GitHub Actions is about.

https://docs.github.com/actions/reference/workflows-and-actions/variables
"""

from __future__ import annotations

import json
import pathlib
from collections.abc import Mapping
from dataclasses import dataclass

from platformspec.diagnostics import Code, Failure

NO_PULL_REQUEST = Code(
    "PS650",
    "a run that is about no pull request",
    explain="The command reads what GitHub Actions tells a workflow that runs on `pull_request`: GITHUB_EVENT_PATH, GITHUB_REPOSITORY and what they lead to. Elsewhere, `platformspec review` prints the same review.",
)


@dataclass(frozen=True, slots=True)
class PullRequest:
    """`repository` is owner/name, `base` and `head` are commits. `api`: URL of the API, other than github.com's on GitHub Enterprise Server."""

    repository: str
    number: int
    base: str
    head: str
    from_fork: bool
    api: str


def pull_request(environment: Mapping[str, str]) -> PullRequest:
    """The pull request of this run. Raises `Failure` where there is none."""
    path = environment.get("GITHUB_EVENT_PATH", "")
    try:
        event = json.loads(pathlib.Path(path).read_text("utf-8"))
        pull = event["pull_request"]
        head_repository = (pull["head"].get("repo") or {}).get("full_name")
        repository = environment["GITHUB_REPOSITORY"]
        return PullRequest(
            repository,
            int(pull["number"]),
            str(pull["base"]["sha"]),
            str(pull["head"]["sha"]),
            head_repository != repository,
            environment.get("GITHUB_API_URL", "https://api.github.com"),
        )
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise Failure(
            NO_PULL_REQUEST,
            "this is no run for a pull request",
            "run it in a workflow `on: pull_request`, or use `platformspec review --base REF --head REF`",
        ) from error
