"""Renamed declarations, with the real terraform: what exists moves to its new address, and nothing is made anew."""

from __future__ import annotations

import json
import pathlib
import re
import shutil

import pytest
import yaml

from platformspec.apply.announced import refuse_half_moved
from platformspec.cli import exit
from platformspec.cli.main import main
from platformspec.diagnostics import Failure
from platformspec.driver import compile_platform
from platformspec.ir.node import Resource
from platformspec.ir.program import Program
from platformspec.lower.moves import moves
from platformspec.providers import installed_providers
from platformspec.source.tree import Folder
from tests.apply.bench import Bench, needs_terraform, program, refers, thing
from tests.properties.test_renames import renamed, renames_of
from tests.support.examples import AS_OF, ROOT
from tests.support.rehearsed import needs_kubectl

FORMER = {"database.new": ("database.oldest", "database.old")}


def called(name: str, value: str = "x") -> tuple[Resource, Resource, Resource]:
    """A database under this name, a grant on it, and something in another stack that reads it."""
    return (
        thing(f"database.{name}/cluster", "data", value),
        thing(f"agent.a/uses/database.{name}/grant", "data", refers(f"database.{name}/cluster", "output")),
        thing("agent.a/pod", "pods", refers(f"database.{name}/cluster")),
    )


def after(value: str = "x", *more: Resource) -> Program:
    nodes = (*called("new", value), *more)
    return Program.of("acme", None, [*nodes, *moves(nodes, FORMER)], former=FORMER)


def ids(bench: Bench) -> dict[str, str]:
    """Terraform's names of resources -> the ids that they were created with."""
    found = {}
    for stack in ("data", "pods"):
        state = json.loads((bench.folder / "terraform" / "state" / f"{stack}.tfstate").read_text())
        found |= {
            r["name"]: r["instances"][0]["attributes"]["id"] for r in state["resources"] if r["mode"] == "managed"
        }
    return found


@pytest.fixture
def bench(tmp_path: pathlib.Path) -> Bench:
    return Bench(tmp_path)


@needs_terraform
@pytest.mark.parametrize("name", ["old", "oldest"])
def test_everything_is_taken_over(bench: Bench, name: str) -> None:
    assert bench.apply(program(*called(name))).complete
    before = ids(bench)
    plan = bench.plan(bench.record(), after())
    assert {(change.action, change.id, change.was) for change in plan.changes} == {
        ("move", "database.new/cluster", f"database.{name}/cluster"),
        ("move", "agent.a/uses/database.new/grant", f"agent.a/uses/database.{name}/grant"),
    }
    assert bench.apply(after()).complete
    assert ids(bench) == {old.replace(f"_{name}", "_new"): id for old, id in before.items()}
    assert set(bench.record().known()) == {node.id for node in called("new")}
    again = bench.apply(after())
    assert again.complete
    assert not again.acted
    # The earlier names need not be kept once they are applied.
    assert not bench.apply(program(*called("new"))).acted
    assert bench.apply(Program.of("acme", None, [])).complete
    assert bench.record().known() == {}


@needs_terraform
def test_a_rename_and_a_change_at_once(bench: Bench) -> None:
    gone = thing("cache.c/rule", "data", refers("database.old/cluster"))
    assert bench.apply(program(*called("old"), gone)).complete
    before = ids(bench)
    head = after("y", thing("queue.q/queue", "data"))
    plan = bench.plan(bench.record(), head)
    found = {(change.action, change.id, change.was) for change in plan.changes}
    assert ("update", "database.new/cluster", "database.old/cluster") in found
    assert ("delete", "cache.c/rule", None) in found
    assert ("create", "queue.q/queue", None) in found
    assert bench.apply(head).complete
    assert ids(bench)["database_new__cluster"] == before["database_old__cluster"]
    assert set(bench.record().known()) == set(head.nodes) - {id for id in head.nodes if "/moved-" in id}


@needs_terraform
def test_a_rename_that_was_interrupted(bench: Bench) -> None:
    assert bench.apply(program(*called("old"))).complete
    before = ids(bench)
    # The record speaks of the new names already, and Terraform does not.
    record = bench.record()
    record.rename(FORMER)
    record.rename(FORMER)
    record.close()
    assert bench.plan(bench.record(), after()).changes == ()
    assert bench.apply(after()).complete
    assert set(ids(bench).values()) == set(before.values())


@needs_terraform
def test_without_the_earlier_name_it_is_another_one(bench: Bench) -> None:
    assert bench.apply(program(*called("old"))).complete
    plan = bench.plan(bench.record(), program(*called("new")))
    assert ("delete", "database.old/cluster") in {(change.action, change.id) for change in plan.changes}


def test_a_target_may_not_leave_half_of_it_behind(tmp_path: pathlib.Path) -> None:
    record = Bench(tmp_path).record()
    record.applied(called("old"))
    plan = Bench(tmp_path).plan(record, after())
    refuse_half_moved(plan, frozenset(after().nodes), "database.new")
    with pytest.raises(Failure, match="PS780.*agent.a is only a part"):
        refuse_half_moved(plan, frozenset({"agent.a/pod"}), "agent.a")


@pytest.mark.slow
@needs_terraform
@needs_kubectl
def test_all_of_a_platform_gets_other_names(
    tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    folder = tmp_path / "platform"
    shutil.copytree(ROOT / "examples/rag-assistant", folder, ignore=shutil.ignore_patterns(".platformspec"))
    options = [str(folder), "--rehearse", "--auto-approve"]
    assert main(["apply", *options]) == exit.OK, capsys.readouterr()
    before = compile_platform(
        Folder(folder), "platform.yaml", environment=None, as_of=AS_OF, providers=installed_providers()
    )
    for was in (True, False):
        data = renamed(before, renames_of(before), was=was)
        (folder / "platform.yaml").write_text(yaml.safe_dump(data, sort_keys=False))
        assert main(["apply", *options]) == exit.OK, capsys.readouterr()
        said = capsys.readouterr().out.splitlines()[-1]
        assert re.fullmatch(r"Done: \d+ moved\." if was else r"Done: no changes\.", said), said
