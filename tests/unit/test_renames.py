"""What plans say about renamed declarations."""

from __future__ import annotations

import pytest

from platformspec.cli.planning import notes_of, plan_between
from platformspec.driver import Compilation, compare_costs, compile_platform
from platformspec.plan.render import json, markdown, text
from platformspec.providers import installed_providers
from tests.support.examples import AS_OF, ROOT
from tests.support.memory_tree import MemoryTree

RAG = (ROOT / "examples/rag-assistant/platform.yaml").read_text()
OPENSEARCH = (ROOT / "examples/vector-opensearch/platform.yaml").read_text()


def compiled(content: str, lock: str | None = None) -> Compilation:
    files = {"platform.yaml": content, **({"platform.lock": lock} if lock is not None else {})}
    c = compile_platform(
        MemoryTree(files), "platform.yaml", environment=None, as_of=AS_OF, providers=installed_providers()
    )
    assert c.ok, [(d.code.id, d.message) for d in c.report]
    return c


def test_a_plan_counts_moves_and_names_the_earlier_address() -> None:
    before = compiled(OPENSEARCH)
    after = compiled(OPENSEARCH.replace("  docs:\n", "  pages:\n    was: docs\n"))
    assert before.program is not None
    assert after.program is not None
    plan = plan_between(before.program, after.program, after)
    assert {change.action for change in plan.changes} == {"move"}
    assert compare_costs(after, before.program) is None
    notes = notes_of(after, "the base")
    said = text.render(plan, notes)
    assert "vector_store.pages (was vector_store.docs)" in said
    assert "  > 2 IAM grants\n" in said
    assert f"Total: {len(plan.changes)} to move." in said
    marked = markdown.render(plan, notes)
    assert "| stack | create | update | replace | delete | move |" in marked
    assert "vector_store.pages (was vector_store.docs)" in marked
    assert '"was": "vector_store.docs/collection"' in json.render(plan, notes)


def test_without_a_rename_the_table_has_no_column_for_it() -> None:
    before, after = compiled(RAG), compiled(RAG.replace("keep_days: 14", "keep_days: 15"))
    assert before.program is not None
    assert after.program is not None
    marked = markdown.render(plan_between(before.program, after.program, after), notes_of(after, "the base"))
    assert "| stack | create | update | replace | delete |\n" in marked


@pytest.mark.parametrize(("was", "help"), [("doc", "did you mean docs?"), ("elsewhere", "remove `was`")])
def test_an_earlier_name_that_nothing_has(was: str, help: str) -> None:
    before = compiled(OPENSEARCH)
    after = compiled(OPENSEARCH.replace("  docs:\n", f"  pages:\n    was: {was}\n"))
    compare_costs(after, before.program)
    (found,) = [warning for warning in after.report.warnings if warning.code.id == "PS135"]
    assert (
        found.message
        == f"vector_store.pages was {was}, and nothing is known of that name: vector_store.pages is made anew"
    )
    assert found.help == help


def test_where_the_rename_was_applied_nothing_is_said() -> None:
    changed = OPENSEARCH.replace("  docs:\n", "  pages:\n    was: docs\n")
    before, after = compiled(changed), compiled(changed)
    compare_costs(after, before.program)
    assert not [warning for warning in after.report.warnings if warning.code.id == "PS135"]


def test_the_lock_keeps_the_names_when_the_earlier_one_is_gone() -> None:
    with_was = compiled(OPENSEARCH.replace("  docs:\n", "  pages:\n    was: docs\n"))
    without = compiled(OPENSEARCH.replace("  docs:\n", "  pages:\n"), with_was.lock.text())
    assert with_was.program is not None
    assert without.program is not None
    assert plan_between(with_was.program, without.program, without).changes == ()
