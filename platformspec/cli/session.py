"""From the arguments of a command to a compilation."""

from __future__ import annotations

import argparse
import os
import pathlib
import sys
from collections.abc import Mapping
from dataclasses import dataclass

from platformspec.cli import exit
from platformspec.cli.arguments import DEFAULT_FILE
from platformspec.cli.output import diagnostics_text, wants_color
from platformspec.cli.stop import Stop
from platformspec.diagnostics import Code, Diagnostic, Failure
from platformspec.driver import Compilation, compile_platform
from platformspec.lock import FILE as LOCK_FILE
from platformspec.lower.contract import ProviderSet
from platformspec.providers import ProviderProblem, installed_providers
from platformspec.source import Texts
from platformspec.source.tree import Folder, GitRevision, Refused, SourceTree

PROVIDER_NOT_LOADED = Code(
    "PS502",
    "a provider plug-in cannot be loaded",
    explain="Providers are found through the entry-point group platformspec.providers. Reinstall or remove the package that brings the named one.",
)

NOT_IN_REVISION = Code(
    "PS602",
    "a revision without the platform file",
    explain="To compare with a git revision means to read the same file there. The revision is older than the file, or the file has moved.",
)


@dataclass(frozen=True)
class Input:
    """Where a platform is read from: a tree, and the file in it."""

    tree: SourceTree
    file: str

    def path_of(self, file: str) -> pathlib.Path:
        """Where a file of the tree is on disk. The tree is a folder."""
        assert isinstance(self.tree, Folder)
        return self.tree.root / pathlib.PurePosixPath(file)


def platform_input(name: str) -> Input:
    """The platform file that the user named; a folder stands for the platform.yaml in it."""
    path = pathlib.Path(name)
    if path.is_dir():
        path = path / DEFAULT_FILE
    absolute, here = pathlib.Path(os.path.abspath(path)), pathlib.Path.cwd()
    if absolute.is_relative_to(here):
        return Input(Folder(here), absolute.relative_to(here).as_posix())
    return Input(Folder(absolute.parent), absolute.name)


def revision_of(revision: str, of: Input) -> GitRevision:
    """The folder of the input as a git revision has it."""
    return GitRevision(of.tree.root if isinstance(of.tree, Folder) else pathlib.Path.cwd(), revision)


def revision_input(revision: str, of: Input) -> Input:
    """The same file in a git revision. Raises `Failure` where git has no such revision, or the revision no such file."""
    tree = revision_of(revision, of)
    try:
        label = tree.label
    except Refused as refused:
        raise Failure(refused.code, refused.message, refused.help) from refused
    if not tree.exists(of.file):
        raise Failure(
            NOT_IN_REVISION,
            f"the revision {label} has no {of.file}",
            "write `--against none`, or name a revision that has the file",
        )
    return Input(tree, of.file)


def providers_or_stop(args: argparse.Namespace) -> ProviderSet:
    """All installed providers. Says which one cannot be loaded, and raises `Stop`."""
    try:
        return installed_providers()
    except ProviderProblem as problem:
        say(
            [Diagnostic(PROVIDER_NOT_LOADED, str(problem), None, "reinstall the package that brings it, or remove it")],
            {},
            args,
        )
        raise Stop(exit.ERRORS) from problem


def compile_input(source: Input, args: argparse.Namespace) -> Compilation:
    """Compile and print every diagnostic. Raises `Stop` where there is an error."""
    providers = providers_or_stop(args)
    compilation = compile_platform(
        source.tree, source.file, environment=args.env, as_of=args.as_of, providers=providers
    )
    say(list(compilation.report), texts_of(compilation), args)
    if not compilation.report.ok:
        raise Stop(exit.ERRORS)
    return compilation


def beside(source: Input) -> pathlib.Path:
    """The folder of the platform file."""
    assert isinstance(source.tree, Folder)
    return source.tree.root / pathlib.PurePosixPath(source.file).parent


def write_lock(source: Input, compilation: Compilation) -> None:
    """Write platform.lock beside the platform file, if it changes. Raises `OSError`."""
    lock = beside(source) / LOCK_FILE
    text = compilation.lock.text()
    if compilation.lock.names and (not lock.exists() or lock.read_text("utf-8") != text):
        lock.write_text(text, "utf-8")


def texts_of(compilation: Compilation) -> Mapping[str, str]:
    """The source text of every file, for snippets; read when it is needed, also of a file that did not parse."""
    return Texts(compilation.tree)


def say(diagnostics: list[Diagnostic], texts: Mapping[str, str], args: argparse.Namespace) -> None:
    """Print diagnostics: for people on standard error, for programs on standard output."""
    form = getattr(args, "diagnostics", "full")
    machine = form in ("json", "github", "sarif")
    stream = sys.stdout if machine and args.command == "validate" else sys.stderr
    if not diagnostics and not machine:
        return
    text = diagnostics_text(diagnostics, texts, form, color=wants_color(stream))
    if text:
        stream.write(text if text.endswith("\n") else text + "\n")
