"""Stacks with the real terraform: order, what is announced, what goes last, and how failures end."""

from __future__ import annotations

import json
import pathlib
from dataclasses import replace

import pytest

from platformspec.apply.target import closure
from platformspec.ir.node import Output
from tests.apply.bench import Bench, needs_terraform, program, refers, thing

pytestmark = needs_terraform


@pytest.fixture
def bench(tmp_path: pathlib.Path) -> Bench:
    return Bench(tmp_path)


BASE = thing("network.main/vpc", "network")
USER = thing("cluster.main/nodes", "cluster", refers("network.main/vpc"))


def steps(bench: Bench) -> list[str]:
    return [event.name for event in bench.events if event.kind == "step" and event.status == "done"]


def test_stacks_in_the_order_of_the_graph_and_again_without_changes(bench: Bench) -> None:
    head = program(USER, BASE)
    outcome = bench.apply(head)
    assert outcome.complete, outcome
    assert outcome.acted
    assert steps(bench) == ["stack network", "stack cluster"]
    assert bench.state("network") == {"network_main__vpc"}
    bench.events.clear()
    again = bench.apply(head)
    assert again.complete
    assert not again.acted
    record = bench.record()
    assert [(run.status, run.counts["create"]) for run in record.runs()] == [("complete", 2), ("complete", 0)]
    assert [step.detail["summary"] for step in record.steps(2)] == ["no changes", "no changes"]
    assert {item.certainty for item in record.known().values()} == {"applied"}


def test_what_goes_goes_last_and_in_reverse(bench: Bench) -> None:
    extra = thing("database.a/cluster", "network")
    rule = thing("cluster.main/rule", "cluster", refers("database.a/cluster"))
    assert bench.apply(program(BASE, USER, extra, rule)).complete
    bench.events.clear()
    assert bench.apply(program(BASE, USER)).complete
    assert steps(bench) == ["stack network", "stack cluster", "retire cluster", "retire network"]
    assert bench.state("network") == {"network_main__vpc"}
    assert bench.state("cluster") == {"cluster_main__nodes"}
    assert set(bench.record().known()) == {"network.main/vpc", "cluster.main/nodes"}


def test_a_whole_stack_goes_and_a_destroy_leaves_nothing(bench: Bench) -> None:
    assert bench.apply(program(BASE, USER)).complete
    assert bench.apply(program(BASE)).complete
    assert bench.state("cluster") == set()
    assert not (bench.folder / "terraform/stacks/cluster/cdk.tf.json").exists()
    assert bench.apply(program()).complete
    assert bench.state("network") == set()
    assert bench.record().known() == {}


def test_a_destruction_that_the_plan_did_not_announce_is_refused(bench: Bench) -> None:
    assert bench.apply(program(BASE)).complete
    changed = program(thing("network.main/vpc", "network", attrs={"triggers_replace": ["other"]}))
    record = bench.record()
    silent = bench.plan(record, changed)
    assert silent.counts["replace"] == 1
    record.close()
    outcome = bench.apply(changed, plan=replace(silent, changes=()))
    assert [failure.code.id for failure in outcome.failures] == ["PS714"]
    assert not outcome.acted
    assert "network.main/vpc" in outcome.failures[0].message
    assert bench.apply(changed, plan=replace(silent, changes=()), allowed=frozenset({"network.main/vpc"})).complete


def test_what_was_made_and_is_now_only_read_is_given_up_as_announced(bench: Bench) -> None:
    assert bench.apply(program(BASE, USER)).complete
    attrs = {"name": "nodes", "value": "elsewhere"}
    read = Output(USER.id, "output", USER.stack, USER.placement, attrs, USER.declaration)
    plan = bench.plan(bench.record(), program(BASE, read))
    assert [(change.action, change.id) for change in plan.changes] == [("delete", USER.id)]
    assert bench.apply(program(BASE, read)).complete
    assert bench.state("cluster") == set()


def test_a_failure_leaves_a_record_from_which_the_next_apply_goes_on(bench: Bench) -> None:
    command = {"provisioner": [{"local-exec": {"command": "echo quota is used up; exit 1"}}]}
    bad = program(BASE, thing("cluster.main/nodes", "cluster", refers("network.main/vpc"), attrs=command))
    outcome = bench.apply(bad)
    assert [failure.code.id for failure in outcome.failures] == ["PS716"]
    assert "quota is used up" in outcome.failures[0].message
    assert outcome.acted
    record = bench.record()
    assert record.known()["network.main/vpc"].certainty == "applied"
    assert record.known()["cluster.main/nodes"].certainty == "attempted"
    assert record.runs()[-1].status == "failed"
    record.close()
    assert bench.apply(program(BASE, USER)).complete
    assert {item.certainty for item in bench.record().known().values()} == {"applied"}


def test_what_was_done_before_two_interruptions_is_not_done_again(bench: Bench) -> None:
    command = {"provisioner": [{"local-exec": {"command": "exit 1"}}]}
    bad = program(BASE, thing("cluster.main/nodes", "cluster", refers("network.main/vpc"), attrs=command))
    assert not bench.apply(bad).complete
    for _ in range(2):
        bench.events.clear()
        assert not bench.resume(bad).complete
        assert "stack network" not in [event.name for event in bench.events]
    assert {step.name: step.status for step in bench.record().steps(3)} == {
        "stack network": "done",
        "stack cluster": "failed",
    }


@pytest.mark.parametrize("damage", ["missing", "empty", "cut", "older", "another"])
def test_a_state_that_is_not_the_last_one_is_refused(bench: Bench, damage: str) -> None:
    assert bench.apply(program(BASE)).complete
    file = bench.folder / "terraform/state/network.tfstate"
    old = file.read_text()
    assert bench.apply(program(BASE, thing("network.main/b", "network"))).complete
    text = file.read_text()
    state = json.loads(text)
    if damage == "missing":
        file.unlink()
    else:
        file.write_text(
            {"empty": "", "cut": text[:100], "older": old, "another": json.dumps({**state, "lineage": "x"})}[damage]
        )
    before = file.read_text() if file.exists() else None
    outcome = bench.apply(program(BASE))
    assert [failure.code.id for failure in outcome.failures] == ["PS726"], outcome.failures
    assert not outcome.acted
    assert (file.read_text() if file.exists() else None) == before


def test_target_holds_the_apply_to_what_a_declaration_needs(bench: Bench) -> None:
    other = thing("database.a/cluster", "network")
    head = program(BASE, USER, other)
    scope = closure(head, None, "cluster.main")
    assert scope == {"network.main/vpc", "cluster.main/nodes"}
    assert bench.apply(head, scope=scope).complete
    assert bench.state("network") == {"network_main__vpc"}
    assert set(bench.record().known()) == scope
    assert bench.apply(head).complete
    assert bench.state("network") == {"network_main__vpc", "database_a__cluster"}
