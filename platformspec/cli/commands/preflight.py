"""`platformspec preflight`: does the cloud account have what the platform needs?"""

from __future__ import annotations

import argparse
import json
import sys

from platformspec.apply.account import NO_CLIENT, NO_CREDENTIALS
from platformspec.cli import exit
from platformspec.cli.arguments import add_input_arguments
from platformspec.cli.output import progress
from platformspec.cli.session import compile_input, platform_input
from platformspec.diagnostics import Code, Failure
from platformspec.ir.requirement import Answer
from platformspec.lower.contract import AccountProblem

MISSING = Code(
    "PS740",
    "the account lacks something that the platform needs",
    explain="A quota, an offering, addresses, access to a model or a reservation is not what the platform needs at its largest. requirements.json lists everything; the help says how to ask for it.",
)
OTHER_ACCOUNT = Code(
    "PS743",
    "credentials of another account",
    explain="`cloud.account` of the platform, or of the environment chosen with --env, is not the account of the credentials. Its quotas would say nothing.",
)
UNCHECKED = Code(
    "PS744",
    "a requirement that could not be checked",
    explain="The credentials may not ask, or the service did not answer. The requirement counts as neither met nor missing, and the command ends with 4.",
)
PROBLEMS = {"boto3": NO_CLIENT, "credentials": NO_CREDENTIALS, "account": OTHER_ACCOUNT}
WORDS = {"met": "ok", "missing": "MISSING", "unchecked": "could not be checked"}


def arguments(parser: argparse.ArgumentParser) -> None:
    """Its arguments."""
    parser.epilog = (
        "examples:\n  platformspec preflight\n  AWS_PROFILE=prod platformspec preflight --env prod\n\n"
        "ends with 0 where everything is there, 1 where something is missing or nothing could be asked,\n"
        "4 where nothing is known to be missing but something could not be checked"
    )
    add_input_arguments(parser)
    parser.add_argument("--format", choices=("text", "json"), default="text", help="form of the answer (default: text)")


def run(args: argparse.Namespace) -> int:
    """Run it."""
    compilation = compile_input(platform_input(args.file), args)
    assert compilation.program is not None
    answers: list[Answer] = []
    try:
        with progress("asking the account"):
            for provider in compilation.providers.providers:
                if provider.preflight is not None:
                    answers += provider.preflight(compilation.program.requirements, compilation.program.platform)
    except AccountProblem as problem:
        raise Failure(PROBLEMS[problem.kind], problem.message, problem.help) from problem
    sys.stdout.write(_json(answers) if args.format == "json" else _text(answers))
    statuses = {answer.status for answer in answers}
    return exit.ERRORS if "missing" in statuses else exit.UNCHECKED if "unchecked" in statuses else exit.OK


def _text(answers: list[Answer]) -> str:
    lines = []
    for answer in answers:
        code = {"missing": f" [{MISSING.id}]", "unchecked": f" [{UNCHECKED.id}]"}.get(answer.status, "")
        needed = answer.requirement
        lines.append(f"{WORDS[answer.status]}{code}  {needed.id}: {needed.what}")
        lines.append(f"  {answer.found}; needed by {', '.join(needed.declarations)}")
        if answer.status != "met" and answer.help:
            lines.append(f"  = help: {answer.help}")
    counts = {status: sum(answer.status == status for answer in answers) for status in WORDS}
    lines.append("")
    lines.append(f"{counts['met']} met, {counts['missing']} missing, {counts['unchecked']} could not be checked")
    return "\n".join(lines) + "\n"


def _json(answers: list[Answer]) -> str:
    found = [
        {"id": v.requirement.id, "status": v.status, "what": v.requirement.what, "found": v.found, "help": v.help}
        for v in answers
    ]
    return json.dumps({"format_version": 1, "answers": found}, indent=2, ensure_ascii=False) + "\n"
