"""The stage of a rehearsal, by the plug-in that offers one."""

from __future__ import annotations

import argparse
import contextlib
import os
import pathlib
from collections.abc import Iterator

from platformspec.cli import exit
from platformspec.cli.session import say
from platformspec.cli.stop import Stop
from platformspec.diagnostics import Code, Failure, Report
from platformspec.driver import Compilation
from platformspec.emit.terraform import known_arguments
from platformspec.ir.node import Import
from platformspec.ir.program import Program
from platformspec.lower.stage import Existing, Stage
from platformspec.source import Texts
from platformspec.source.document import parse
from platformspec.source.tree import Folder

NO_STAGE = Code(
    "PS731",
    "no plug-in that rehearses",
    explain="`--rehearse` needs a provider plug-in that simulates a cloud and a cluster. platformspec brings one; in this installation it is missing.",
)
CRDS_VARIABLE = "PLATFORMSPEC_CRDS"


@contextlib.contextmanager
def open_stage(compilation: Compilation, folder: pathlib.Path, args: argparse.Namespace) -> Iterator[Stage]:
    """Open it in a folder in which it lasts. Raises `Stop` where the plug-in says why there is none."""
    rehearse = next((p.rehearse for p in compilation.providers.providers if p.rehearse is not None), None)
    if rehearse is None:
        raise Failure(NO_STAGE, "no provider plug-in offers a rehearsal", "pip install 'platformspec[rehearsal]'")
    report = Report()
    inject = getattr(args, "inject", None)
    tree = Folder(pathlib.Path(inject).absolute().parent) if inject is not None else Folder(pathlib.Path.cwd())
    rules = parse(tree, pathlib.Path(inject).name, report) if inject is not None else None
    crds = os.environ.get(CRDS_VARIABLE)
    with contextlib.ExitStack() as stack:
        stage = None
        if report.ok:
            stage = stack.enter_context(
                rehearse(folder, compilation.providers, report, inject=rules, crds=pathlib.Path(crds) if crds else None)
            )
        say(list(report), Texts(tree), args)
        if stage is None or not report.ok:
            raise Stop(exit.ERRORS)
        assert compilation.program is not None
        stage.expect(_taken_over(compilation.program))
        yield stage


def _taken_over(program: Program) -> Iterator[Existing]:
    """What is imported is taken to be as the file says: nothing else is known of it here."""
    for node in program:
        if isinstance(node, Import):
            resource = program.nodes[node.resource]
            place = resource.placement
            yield Existing(resource.type, place.account, place.region, str(node.attrs["id"]), known_arguments(resource))
