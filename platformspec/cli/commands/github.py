"""`platformspec github`: the review of a pull request, where the people are who read it."""

from __future__ import annotations

import argparse
import os
import pathlib
import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING

from platformspec.cli import exit
from platformspec.cli.arguments import add_day_argument, add_file_argument
from platformspec.cli.files import write_text
from platformspec.diagnostics import Diagnostic, Failure
from platformspec.github.approvals import groups, missing
from platformspec.github.conversation import Conversation
from platformspec.github.event import PullRequest, pull_request

if TYPE_CHECKING:
    from platformspec.review.review import Review


def arguments(parser: argparse.ArgumentParser) -> None:
    """Its arguments."""
    parser.epilog = (
        "reads what GitHub Actions sets (GITHUB_EVENT_PATH, GITHUB_REPOSITORY, GITHUB_API_URL, GITHUB_STEP_SUMMARY), and GITHUB_TOKEN.\n"
        "Without a token that may write (pull requests from forks) the review is in the summary of the run.\n\n"
        "examples:\n  platformspec github\n  platformspec github platforms/acme --sarif findings.sarif --approvers 'finops: lea tim'"
    )
    add_file_argument(parser)
    add_day_argument(parser)
    parser.add_argument(
        "--approvers",
        default="",
        metavar="LINES",
        help="members of the groups that policies name as approvers, one group a line: 'finops: lea tim'",
    )
    parser.add_argument("--sarif", metavar="F", help="write the findings as SARIF to this file as well")


def run(args: argparse.Namespace) -> int:
    """Run it. Ends with 1 where the head does not compile; a comment that cannot be written is a warning."""
    from platformspec.cli.commands.review import reviewed
    from platformspec.diagnostics.render import github, sarif
    from platformspec.review.findings import findings
    from platformspec.review.render import markdown
    from platformspec.version import VERSION

    members = groups(args.approvers)
    pull = pull_request(os.environ)
    review = reviewed(argparse.Namespace(file=args.file, base=pull.base, head="HEAD", env="all", as_of=args.as_of))
    found = findings(review)
    body = markdown.render(review)
    sys.stdout.write(github.render(found, {}))
    if args.sarif:
        write_text(pathlib.Path(args.sarif), sarif.render(found, {}, version=VERSION))
    _append("GITHUB_STEP_SUMMARY", body)
    _append("GITHUB_OUTPUT", f"headline={' '.join(review.headline.split())}\n")
    refused = _say(pull, markdown.marker(review), body, review, members)
    if refused is not None:
        sys.stdout.write(github.render([refused], {}))
    return exit.ERRORS if review.broken else exit.OK


def _say(
    pull: PullRequest, marker: str, body: str, review: Review, members: Mapping[str, frozenset[str]]
) -> Diagnostic | None:
    """Comment and status on the pull request; the reason, as a warning, where that cannot be done."""
    token = os.environ.get("GITHUB_TOKEN")
    if not token:
        print("no GITHUB_TOKEN: the review is in the summary of the run only")
        return None
    try:
        conversation = Conversation(pull, token)
        print(f"comment {conversation.publish(marker, body)}")
        wanted = [(f.policy, f.approvers) for one in review.environments for f in one.approvals]
        waits = missing(wanted, members, conversation.approvers()) if wanted else ()
        words = "; ".join(f"{policy} needs {' or '.join(approvers)}" for policy, approvers in waits)
        conversation.set_status(
            "pending" if waits else "success", words or "nothing needs approval, or all is approved"
        )
    except Failure as failure:
        found = failure.diagnostic
        return Diagnostic(found.code, found.message, None, found.help, severity="warning")
    return None


def _append(variable: str, text: str) -> None:
    path = os.environ.get(variable)
    if path:
        with open(path, "a", encoding="utf-8") as file:
            file.write(text)
