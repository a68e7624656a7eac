"""Taking over what exists, with the real terraform: nothing of it is replaced, and an apply that would is refused."""

from __future__ import annotations

import json
import pathlib
import re
import shutil

import pytest

from platformspec.apply.taken_over import refuse_planned_replacements
from platformspec.cli import exit
from platformspec.cli.main import main
from platformspec.diagnostics import Failure
from platformspec.ir.naming import terraform_name
from platformspec.ir.node import Import, Resource
from tests.apply.bench import PLACE, Bench, needs_terraform, program, thing
from tests.support.examples import ROOT
from tests.support.rehearsed import needs_kubectl


@pytest.fixture
def bench(tmp_path: pathlib.Path) -> Bench:
    return Bench(tmp_path)


def taken(node: Resource, id: str) -> Import:
    to = f"{node.type}.{terraform_name(node.id)}"
    return Import(f"{node.id}/import", "import", node.stack, PLACE, {"to": to, "id": id}, node.declaration)


def test_a_plan_says_what_is_imported(tmp_path: pathlib.Path) -> None:
    vpc, other = thing("network.main/vpc", "network"), thing("network.main/other", "network")
    plan = Bench(tmp_path).plan(Bench(tmp_path).record(), program(vpc, other, taken(vpc, "vpc-1")))
    assert [(c.action, c.id, c.imported) for c in plan.changes] == [
        ("create", "network.main/other", None),
        ("import", "network.main/vpc", "vpc-1"),
    ]
    assert plan.counts["import"] == 1


@needs_terraform
def test_what_is_there_is_taken_over_once(bench: Bench) -> None:
    vpc = thing("network.main/vpc", "network", attrs={"input": None})
    head = program(vpc, taken(vpc, "vpc-1"))
    assert bench.apply(head).complete
    notes = [event.message for event in bench.events if event.kind == "note"]
    assert notes == ["takes over vpc-1, as it is"]
    record = bench.record()
    assert record.steps(1)[0].detail["summary"] == "1 imported"
    assert set(record.known()) == {"network.main/vpc"}
    record.close()
    state = json.loads((bench.folder / "terraform/state/network.tfstate").read_text())
    assert state["resources"][0]["instances"][0]["attributes"]["id"] == "vpc-1"
    bench.events.clear()
    again = bench.apply(head)
    assert again.complete
    assert not again.acted
    assert not [event for event in bench.events if event.kind == "note"]
    # What was taken over stays when the file no longer says where it came from.
    assert not bench.apply(program(vpc)).acted


@needs_terraform
def test_what_differs_is_said_before_it_is_changed(bench: Bench) -> None:
    vpc = thing("network.main/vpc", "network", "x")
    assert bench.apply(program(vpc, taken(vpc, "vpc-1"))).complete
    assert [event.message for event in bench.events if event.kind == "note"] == [
        "takes over vpc-1 and changes its input"
    ]


@needs_terraform
def test_nothing_that_is_imported_is_replaced(bench: Bench) -> None:
    vpc = thing("network.main/vpc", "network", attrs={"triggers_replace": ["10.0.0.0/16"]})
    head = program(vpc, taken(vpc, "vpc-1"))
    outcome = bench.apply(head, allowed=frozenset({vpc.id}))
    assert [failure.code.id for failure in outcome.failures] == ["PS795"]
    assert not outcome.acted
    message = outcome.failures[0].message
    assert (
        'network.main/vpc, which is imported as vpc-1: triggers_replace is null and would be ["10.0.0.0/16"]' in message
    )
    assert not (bench.folder / "terraform/state/network.tfstate").exists()


@needs_terraform
def test_nor_is_it_later(bench: Bench) -> None:
    vpc = thing("network.main/vpc", "network")
    assert bench.apply(program(vpc, taken(vpc, "vpc-1"))).complete
    changed = thing("network.main/vpc", "network", attrs={"triggers_replace": ["other"]})
    head = program(changed, taken(changed, "vpc-1"))
    plan = bench.plan(bench.record(), head)
    assert [(c.action, c.imported) for c in plan.changes] == [("replace", "vpc-1")]
    with pytest.raises(Failure, match=r"PS795.*network.main/vpc, which is imported as vpc-1"):
        refuse_planned_replacements(plan)
    refuse_planned_replacements(plan.within({"cluster.main/nodes"}, ""))
    outcome = bench.apply(head)
    assert [failure.code.id for failure in outcome.failures] == ["PS795"]


NETWORK = "network: {imports: {vpc: vpc-0a1b2c3d4e5f60718, subnet-private-a: subnet-0a1b2c3d4e5f60711}}"
DATABASE = "imports: {cluster: keys-prod, writer: keys-prod-instance-1, subnets: old-subnets, monitoring-role: rds}"


@pytest.mark.slow
@needs_terraform
@needs_kubectl
def test_a_rehearsal_takes_it_to_exist(
    tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    folder = tmp_path / "platform"
    shutil.copytree(ROOT / "examples/rag-assistant", folder, ignore=shutil.ignore_patterns(".platformspec"))
    file = folder / "platform.yaml"
    text = file.read_text().replace("region: us-east-1}", f"region: us-east-1, {NETWORK}}}")
    file.write_text(text.replace("rag-db: {size: small,", f"rag-db: {{{DATABASE}, size: small,"))
    options = [str(folder), "--rehearse", "--auto-approve"]
    assert main(["apply", *options]) == exit.OK, capsys.readouterr()
    said = capsys.readouterr().out
    assert re.search(r"Done: \d+ created, 6 imported\.", said)
    assert "Taken to exist in the account:" in said
    assert "aws_rds_cluster keys-prod" in said
    assert main(["apply", *options]) == exit.OK, capsys.readouterr()
    assert capsys.readouterr().out.splitlines()[-1] == "Done: no changes."
