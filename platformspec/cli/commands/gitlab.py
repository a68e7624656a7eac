"""`platformspec gitlab`: the review of a merge request, where the people are who read it."""

from __future__ import annotations

import argparse
import os
import sys

from platformspec.cli import exit
from platformspec.cli.arguments import add_day_argument, add_file_argument
from platformspec.diagnostics import Failure
from platformspec.gitlab.conversation import TOKEN, Conversation
from platformspec.gitlab.job import MergeRequest, merge_request


def arguments(parser: argparse.ArgumentParser) -> None:
    """Its arguments."""
    parser.epilog = (
        "reads what GitLab CI sets in a merge request pipeline (CI_SERVER_URL, CI_MERGE_REQUEST_*), and GITLAB_TOKEN.\n"
        "Without a token that may write (merge requests from forks) the review is in the job's log.\n\n"
        "examples:\n  platformspec gitlab\n  platformspec gitlab platforms/acme"
    )
    add_file_argument(parser)
    add_day_argument(parser)


def run(args: argparse.Namespace) -> int:
    """Run it. Ends with 1 where the head does not compile; a note that cannot be written is a warning."""
    from platformspec.cli.commands.review import reviewed
    from platformspec.review.render import markdown, text

    request = merge_request(os.environ)
    review = reviewed(
        argparse.Namespace(file=args.file, base=request.base, head=request.head, env="all", as_of=args.as_of)
    )
    sys.stdout.write(text.render(review))
    print(_say(request, markdown.marker(review), markdown.render(review)))
    return exit.ERRORS if review.broken else exit.OK


def _say(request: MergeRequest, marker: str, body: str) -> str:
    """What became of the note."""
    token = os.environ.get(TOKEN)
    if not token:
        why = ", as it is in pipelines of forks" if request.from_fork else ""
        return f"{TOKEN} is not set{why}: the review is in this log only"
    try:
        return f"note {Conversation(request, token).publish(marker, body)}"
    except Failure as failure:
        found = failure.diagnostic
        return f"warning[{found.code.id}]: {found.message}\n  help: {found.help}"
