"""`apply --target`: shown, approved and recorded is what the target changes, and the rest stays for another apply."""

from __future__ import annotations

import pathlib

import pytest

from platformspec.apply.record import Record
from platformspec.apply.target import closure, reached
from platformspec.cli import exit
from platformspec.cli.main import main
from platformspec.ir.cost import Amount, CostItem
from platformspec.ir.program import Program
from platformspec.plan.digest import digest
from tests.apply.bench import Bench, needs_terraform, program, refers, thing
from tests.support.rehearsed import needs_kubectl

POOL, OTHER_POOL = thing("gpu_pool.a/nodes", "pools"), thing("gpu_pool.b/nodes", "pools")
CHAT, USER = (
    thing("model.chat/pod", "pods", refers("gpu_pool.a/nodes")),
    thing("model.other/pod", "pods", refers("gpu_pool.a/nodes")),
)
CHAT_IN_B = thing("model.chat/server", "pods", refers("gpu_pool.b/nodes"))
BEFORE, HEAD = program(POOL, CHAT, USER), program(OTHER_POOL, CHAT_IN_B)


def test_what_goes_takes_nothing_along_that_others_still_need() -> None:
    scope = closure(HEAD, BEFORE, "model.chat")
    assert scope == {"model.chat/server", "gpu_pool.b/nodes", "model.chat/pod"}
    then = reached(BEFORE, HEAD, scope)
    assert set(then.nodes) == {"model.chat/server", "gpu_pool.b/nodes", "gpu_pool.a/nodes", "model.other/pod"}
    assert digest(reached(then, HEAD, closure(HEAD, then, "model.chat"))) == digest(then), "a resume leads there too"


def bill(id: str) -> CostItem:
    one = (Amount("EUC1-BoxUsage", 1.0),)
    return CostItem(id, "nodes", id.split("/")[0], None, "eu-central-1", one, one, one, ())


def test_the_bill_of_what_exists_then() -> None:
    before = Program.of("acme", None, BEFORE, [bill("gpu_pool.a/nodes/volumes"), bill("model.chat/pod/usage")])
    head = Program.of(
        "acme", None, HEAD, [bill("gpu_pool.b/nodes"), bill("model.chat/tokens"), bill("model.claude/tokens")]
    )
    then = reached(before, head, closure(head, before, "model.chat"))
    assert [item.id for item in then.costs] == ["gpu_pool.a/nodes/volumes", "gpu_pool.b/nodes", "model.chat/tokens"]
    assert [item.id for item in reached(None, head, closure(head, None, "gpu_pool.b")).costs] == ["gpu_pool.b/nodes"]


@needs_terraform
def test_what_the_target_left_out_is_neither_pruned_nor_taken_for_applied(tmp_path: pathlib.Path) -> None:
    bench = Bench(tmp_path)
    assert bench.apply(BEFORE).complete
    record = bench.record()
    scope = closure(HEAD, record.program("acme", None), "model.chat")
    plan = bench.plan(record, HEAD).within(scope, "")
    record.close()
    assert bench.apply(HEAD, scope=scope, plan=plan).complete
    assert bench.state("pools") == {"gpu_pool_a__nodes", "gpu_pool_b__nodes"}
    assert bench.state("pods") == {"model_other__pod", "model_chat__server"}
    rest = bench.plan(bench.record(), HEAD)
    assert [(change.action, change.id) for change in rest.changes] == [
        ("delete", "gpu_pool.a/nodes"),
        ("delete", "model.other/pod"),
    ]


def total(out: str) -> int:
    return int(next(line for line in out.splitlines() if line.startswith("Total:")).split()[1])


def test_shown_is_what_the_target_changes(
    platform: pathlib.Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PATH", "/nonexistent")
    assert main(["apply", "--env", "dev", "--auto-approve"]) == exit.ERRORS
    whole = capsys.readouterr().out
    assert main(["apply", "--env", "dev", "--auto-approve", "--target", "network.main"]) == exit.ERRORS
    part = capsys.readouterr().out
    assert "\ngateway.main " in whole
    assert "\ngateway.main " not in part
    left = total(whole) - total(part)
    assert f"Held to network.main: {left} other changes of the file left for another apply." in part
    assert "  model.claude  likely" in whole
    causes = [line for line in part.splitlines() if line.startswith("  ") and "likely +" in line]
    assert causes
    assert causes[0].startswith("  network.main")


def test_approved_is_what_the_target_changes(
    platform: pathlib.Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PATH", "/nonexistent")
    target = ["--target", "network.main"]

    def applied(*more: str) -> str:
        monkeypatch.setenv("LOGNAME", "lea")
        assert main(["apply", "--env", "prod", "--auto-approve", *more]) == exit.ERRORS
        return capsys.readouterr().err

    assert "`platformspec approve --target network.main`" in applied(*target)
    monkeypatch.setenv("LOGNAME", "kim")
    assert main(["approve", "--env", "prod", "--auto-approve", *target]) == exit.OK
    assert "\ngateway.main " not in capsys.readouterr().out
    assert "PS700" in applied(*target), "approved, and stopped by the missing terraform only"
    assert "PS721" in applied(), "the whole is another change"
    assert "PS721" in applied("--target", "cluster.main")


@needs_terraform
@needs_kubectl
def test_recorded_is_what_the_target_changed(platform: pathlib.Path, capsys: pytest.CaptureFixture[str]) -> None:
    options = ["--env", "dev", "--rehearse"]
    assert main(["plan", "--env", "dev"]) == exit.OK
    whole = total(capsys.readouterr().out)
    assert main(["apply", *options, "--auto-approve", "--target", "network.main"]) == exit.OK
    done = total(capsys.readouterr().out)
    (file,) = pathlib.Path(".platformspec").rglob("rehearsal/record.sqlite")
    record = Record(file, "bedrock", "dev")
    (run,) = record.runs()
    assert run.counts["create"] == done == len([item for item in record.known().values() if "aws_" in item.node.type])
    assert {item.declaration for item in record.program_of(run.id).costs} == {"network.main"}
    record.close()
    assert main(["approve", *options, "--auto-approve"]) == exit.OK
    rest = capsys.readouterr().out
    assert total(rest) == whole - done
    assert "  model.claude  likely" in rest
