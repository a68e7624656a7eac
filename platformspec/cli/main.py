"""The command `platformspec`: arguments, dispatch, and what happens when we have a bug."""

from __future__ import annotations

import argparse
import importlib
import os
import shlex
import sys
from typing import Final, NoReturn

from platformspec.cli import exit
from platformspec.cli.output import wants_color
from platformspec.cli.stop import Stop
from platformspec.diagnostics import Code, Diagnostic, Failure
from platformspec.diagnostics.render import full
from platformspec.version import VERSION

# Command -> what it does. Each has a module of its name in platformspec.cli.commands, loaded only when it is used.
COMMANDS: Final = {
    "init": "write a commented platform.yaml to start from",
    "validate": "check a platform; nothing is written",
    "plan": "show what would change; needs no cloud, no cluster and no Node",
    "fit": "show on which nodes a model fits, and the cheapest of them",
    "cost": "estimate what the platform costs a month",
    "preflight": "ask the cloud account whether it has what the platform needs",
    "compile": "write Terraform CDK stacks and Kubernetes manifests",
    "review": "say what a change means: for a pull request, over all environments",
    "bootstrap": "make the S3 bucket for the state, or check it",
    "apply": "create and change what the plan says, with terraform and kubectl",
    "drift": "compare what exists with what was applied; nothing is changed",
    "rollback": "go back to what an earlier run applied",
    "destroy": "destroy everything that was applied",
    "approve": "approve what an apply would do",
    "record": "show who applied what, and what each step did",
    "unlock": "release the lock of an apply that was interrupted",
    "github": "review the pull request of a GitHub Actions run: comment, annotations, approvals",
    "gitlab": "review the merge request of a GitLab CI job: one note that is kept up to date",
    "graph": "print the graph of declarations",
    "show": "print the effective platform, its defaults, or its resources",
    "why": "say which lines a resource came from, and which passes made it",
    "annotate": "lead findings of other scanners back to the line of YAML",
    "impact": "show everything that depends on a line of the YAML",
    "schema": "print the JSON Schema of platform.yaml, for editors",
    "fmt": "write platform files in their canonical form; comments stay",
    "set": "change one value of platform.yaml; comments stay",
    "explain": "explain a diagnostic code, such as PS301",
    "completion": "print a completion script for bash, zsh or fish",
}

ISSUES: Final = "https://github.com/platformspec/platformspec/issues"


BUG: Final = Code(
    "PS900",
    "a bug in platformspec",
    explain="Whatever is in a platform file, the answer is an output or a message about a line. This was neither, and we would like to know.",
)


class _Parser(argparse.ArgumentParser):
    """argparse ends with 2, which plan --detailed-exitcode uses for changes."""

    def error(self, message: str) -> NoReturn:
        self.print_usage(sys.stderr)
        self.exit(exit.USAGE, f"{self.prog}: {message}\n")


def parser_for(command: str | None) -> argparse.ArgumentParser:
    """The parser; only the named command's own arguments are loaded (all with `None`)."""
    codes = "\n".join(f"  {code:>2}  {meaning}" for code, meaning in exit.MEANING.items())
    parser = _Parser(
        prog="platformspec",
        description="Compile one platform.yaml into Terraform CDK stacks and Kubernetes manifests.",
        epilog=f"start with:\n  platformspec init\n  platformspec plan\n  platformspec compile -o out\n\nexit codes:\n{codes}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("--version", action="version", version=f"platformspec {VERSION}")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True, parser_class=_Parser)
    for name, summary in COMMANDS.items():
        sub = commands.add_parser(
            name,
            help=summary,
            description=summary[0].upper() + summary[1:] + ".",
            allow_abbrev=False,
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        if command is None or command == name:
            importlib.import_module(f"platformspec.cli.commands.{name}").arguments(sub)
    return parser


def command_parser(command: str) -> argparse.ArgumentParser:
    """The parser of one command alone."""
    parser = argparse.ArgumentParser(prog=f"platformspec {command}")
    importlib.import_module(f"platformspec.cli.commands.{command}").arguments(parser)
    return parser


def main(argv: list[str]) -> int:
    """Run one command and return its exit code."""
    named = next((word for word in argv if word in COMMANDS), "")
    args = parser_for(named).parse_args(argv)
    args.typed = shlex.join(["platformspec", *argv])
    command = importlib.import_module(f"platformspec.cli.commands.{args.command}")
    try:
        result: int = command.run(args)
    except Stop as stop:
        return stop.code
    except Failure as failure:
        _say(failure.diagnostic)
        return exit.ERRORS
    except BrokenPipeError:
        # The reader (head, less) has seen enough.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return exit.OK
    except KeyboardInterrupt:
        sys.stderr.write("interrupted; nothing was written\n")
        return exit.ERRORS
    except Exception as error:
        if os.environ.get("PLATFORMSPEC_TRACEBACK"):
            raise
        help = f"please report it at {ISSUES} with the platform file; PLATFORMSPEC_TRACEBACK=1 prints where it happened"
        _say(Diagnostic(BUG, f"a bug in platformspec: {type(error).__name__}: {error}", None, help))
        return exit.BUG
    return result


def _say(diagnostic: Diagnostic) -> None:
    sys.stderr.write(full.render([diagnostic], {}, color=wants_color(sys.stderr)))


def entry_point() -> NoReturn:
    """The console script."""
    code = main(sys.argv[1:])
    sys.stdout.flush()
    sys.stderr.flush()
    sys.exit(code)
