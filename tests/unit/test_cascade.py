"""What a replaced resource takes along."""

from __future__ import annotations

import datetime

from platformspec.diagnostics import Path
from platformspec.ir.expr import Attr, Value
from platformspec.ir.node import Placement, Resource
from platformspec.ir.program import Program
from platformspec.lower.contract import Verdict
from platformspec.plan.change import Plan
from platformspec.plan.diff import diff

HERE = Placement("111122223333", "eu-central-1")


def node(id: str, attrs: dict[str, Value], stack: str = "s", **fields: object) -> Resource:
    return Resource(id, f"aws_{id.split('/')[1]}", stack, HERE, attrs, "x.y", **fields)  # type: ignore[arg-type]


def verdict(type: str, path: Path) -> Verdict:
    known = {"fixed": True, "free": False, "name": True, "size": False}
    return Verdict(known.get(str(path[0])), "the test")


def plan(before: list[Resource], after: list[Resource]) -> Plan:
    programs = [Program.of("p", None, nodes) for nodes in (before, after)]
    return diff(
        programs[0], programs[1], verdict, as_of=datetime.date(2026, 1, 1), tool_version="0", digests=(None, "")
    )


def actions(*holders: Resource) -> dict[str, tuple[str, bool]]:
    """What happens to the holders of `x/root` when that is replaced, because its name changes."""
    found = plan([node("x/root", {"name": "a"}), *holders], [node("x/root", {"name": "b"}), *holders])
    return {change.id: (change.action, change.certain) for change in found.changes if change.id != "x/root"}


def test_a_fixed_reference_is_replaced_and_takes_others_along() -> None:
    first = node("x/first", {"fixed": Attr("x/root", "id")})
    second = node("x/second", {"deep": "x", "fixed": [{"a": Attr("x/first", "arn")}]})
    assert actions(first, second) == {"x/first": ("replace", True), "x/second": ("replace", True)}


def test_a_free_reference_is_updated() -> None:
    assert actions(node("x/first", {"free": Attr("x/root", "id")})) == {"x/first": ("update", True)}


def test_what_no_source_knows_may_be_replaced() -> None:
    assert actions(node("x/first", {"other": Attr("x/root", "id")})) == {"x/first": ("replace", False)}


def test_a_value_that_we_set_and_that_stays_moves_nothing() -> None:
    root = [node("x/root", {"name": name, "size": 1}) for name in ("a", "b")]
    holder = node("x/first", {"fixed": Attr("x/root", "size")})
    found = plan([root[0], holder], [root[1], holder])
    assert [change.id for change in found.changes] == ["x/root"]
    assert found.unchanged == 1


def test_another_stack_gets_a_literal_and_keeps_it() -> None:
    known = Attr("x/root", "arn", known="arn:aws:iam::1:role/r")
    assert actions(node("x/first", {"fixed": known}, stack="other")) == {}
    assert actions(node("x/first", {"fixed": known})) == {"x/first": ("replace", True)}


def test_what_is_ignored_is_ignored() -> None:
    holder = node("x/first", {"fixed": Attr("x/root", "id")}, lifecycle={"ignore_changes": ["fixed[0].a"]})
    assert actions(holder) == {}


def test_an_update_becomes_a_replacement() -> None:
    before = [node("x/root", {"name": "a"}), node("x/first", {"size": 1, "fixed": Attr("x/root", "id")})]
    after = [node("x/root", {"name": "b"}), node("x/first", {"size": 2, "fixed": Attr("x/root", "id")})]
    found = {change.id: change for change in plan(before, after).changes}
    assert found["x/first"].action == "replace"
    assert [attribute.path for attribute in found["x/first"].attributes] == [("size",)]
    assert "follows x/root" in str(found["x/first"].reason)


def test_circles_end() -> None:
    first = node("x/first", {"fixed": Attr("x/root", "id"), "free": Attr("x/second", "id")})
    second = node("x/second", {"fixed": Attr("x/first", "id")})
    assert actions(first, second) == {"x/first": ("replace", True), "x/second": ("replace", True)}
