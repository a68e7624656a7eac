"""`platformspec set`: change one value of platform.yaml, keeping comments and everything else as it is."""

from __future__ import annotations

import argparse
import datetime
from collections.abc import Iterator

from platformspec.cli import exit
from platformspec.cli.arguments import add_input_arguments
from platformspec.cli.files import write_text
from platformspec.cli.session import Input, platform_input, say
from platformspec.diagnostics import Code, Diagnostic, Failure, Path, Report, dotted
from platformspec.driver import compile_platform
from platformspec.providers import installed_providers
from platformspec.source import Document, SourceTree, Texts, parse
from platformspec.source.compose import compose
from platformspec.source.edit import in_flow
from platformspec.source.edited import Edited, set_value
from platformspec.source.patch_path import PathNotRead, read_path

NOT_A_VALUE = Code(
    "PS641",
    "a value on the command line that YAML cannot read",
    explain="`set` reads its value as a platform file would. Text that YAML takes for something else is quoted twice: once for the shell, once for YAML.",
)
NOT_A_PATH = Code(
    "PS644",
    "a path on the command line that cannot be read",
    explain='Paths are names with dots between them and positions in brackets: models.chat.targets[0]. Names with dots are quoted: metadata.labels."a.b".',
)


def arguments(parser: argparse.ArgumentParser) -> None:
    """Its arguments."""
    parser.epilog = (
        "examples:\n  platformspec set models.chat.serve.context_tokens 32768\n"
        "  platformspec set gateways.main.routes.chat.targets '[chat, {fallback: claude}]'\n"
        "  platformspec set --env prod models.chat.scale.max 8"
    )
    parser.add_argument("path", metavar="PATH", help="where: names with dots, positions in brackets")
    parser.add_argument("value", metavar="VALUE", help="what: a value as platform.yaml writes it")
    add_input_arguments(parser)


def run(args: argparse.Namespace) -> int:
    """Run it. Nothing is written where the change would bring a new error; with --env the environment's patch is changed."""
    path, value = _path(args.path), _value(args.value)
    source = platform_input(args.file)
    report = Report()
    document = parse(source.tree, source.file, report)
    if document is None or not report.ok:
        say(list(report), Texts(source.tree), args)
        return exit.ERRORS
    if args.env is not None:
        path = ("environments", args.env, "patch", dotted(path))
    span = document.span(path)
    file = span.file if span is not None else source.file
    text = set_value(document.texts[file], path, value)
    edited = Edited(source.tree, {file: text})
    new = _new_errors(source, edited, document, args)
    if new:
        say(new, Texts(edited), args)
        return exit.ERRORS
    write_text(source.path_of(file), text)
    print(f"{file}: {dotted(path)}: {_before(document, path)} -> {in_flow(value)}")
    return exit.OK


def _path(text: str) -> Path:
    try:
        return read_path(text)
    except PathNotRead as problem:
        raise Failure(NOT_A_PATH, f"{text!r} is not a path: {problem.fact}", problem.help) from problem


def _value(text: str) -> object:
    report = Report()
    composed = compose(f"value: {text}\n", "VALUE", report)
    if composed is None or not report.ok or list(composed[0]) != ["value"]:
        reasons = [found.message for found in report] or ["it is more than one value"]
        raise Failure(NOT_A_VALUE, f"{text!r} is not a value: {reasons[0]}", "quote text twice, as in '\"12:30\"'")
    return composed[0]["value"]


def _before(document: Document, path: Path) -> str:
    here = document.data
    for part in path:
        try:
            here = here[part]  # type: ignore[index]
        except (KeyError, IndexError, TypeError):
            return "nothing"
    return in_flow(here)


def _new_errors(source: Input, edited: Edited, document: Document, args: argparse.Namespace) -> list[Diagnostic]:
    """Errors that the change brings, in the chosen environment or in all of them."""
    names = (args.env,) if args.env else document.environments or (None,)
    found: dict[tuple[str, str], Diagnostic] = {}
    for name in names:
        old = {(error.code.id, error.message) for error in _errors(source.tree, source.file, name, args.as_of)}
        for error in _errors(edited, source.file, name, args.as_of):
            if (error.code.id, error.message) not in old:
                found.setdefault((error.code.id, error.message), error)
    return list(found.values())


def _errors(tree: SourceTree, file: str, environment: str | None, as_of: datetime.date) -> Iterator[Diagnostic]:
    providers = installed_providers()
    yield from compile_platform(tree, file, environment=environment, as_of=as_of, providers=providers).report.errors
