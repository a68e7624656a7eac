"""Each example compiles to its golden files, byte by byte."""

from __future__ import annotations

import pathlib
import shutil

import pytest

from platformspec.cli.commands.cost import cost_report
from platformspec.cli.emit_settings import emit_settings
from platformspec.driver import Compilation, compare_costs
from platformspec.emit.emit import emit
from platformspec.ir.delivery import deliveries
from platformspec.plan.diff import diff
from platformspec.plan.digest import digest
from platformspec.plan.notes import PlanNotes
from platformspec.plan.render import cost_text, text
from tests.support.examples import AS_OF, ROOT, Case, cases, compiled

GOLDEN = ROOT / "golden"


def plan_text(c: Compilation) -> str:
    """The plan against nothing, without what depends on the version."""
    assert c.program is not None
    assert c.graph is not None
    assert c.document is not None
    plan = diff(
        None, c.program, c.providers.verdict, as_of=AS_OF, tool_version="golden", digests=(None, digest(c.program))
    )
    places = {str(a): c.document.key_span(d.path) for a, d in c.graph.declarations.items()}
    notes = PlanNotes(
        "nothing: everything is new",
        c.report.warnings,
        c.document.span,
        {a: s for a, s in places.items() if s},
        c.providers.nouns,
        deliveries=tuple(deliveries(c.program).values()),
        cost=compare_costs(c, None),
    )
    return text.render(plan, notes)


@pytest.mark.parametrize("case", cases(), ids=str)
def test_golden(case: Case, update_golden: bool, tmp_path: pathlib.Path) -> None:
    c = compiled(case)
    assert c.program is not None
    files = dict(emit(c.program, emit_settings(c, "cdktf"), cache=tmp_path).files)
    files["plan.txt"] = plan_text(c).encode()
    files["cost.txt"] = cost_text.render(cost_report(c, None)).encode()
    folder = GOLDEN / case.name
    if update_golden:
        shutil.rmtree(folder, ignore_errors=True)
        for path, content in files.items():
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).write_bytes(content)
    there = {
        path.relative_to(folder).as_posix(): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()
    }
    assert sorted(there) == sorted(files), "files differ; read what changed, then run with --update-golden"
    different = [path for path, content in files.items() if there[path] != content]
    assert not different, f"{different[:5]} differ; read what changed, then run with --update-golden"


def test_no_golden_without_example() -> None:
    assert {path.name for path in GOLDEN.iterdir() if path.is_dir()} == {case.name for case in cases()}
