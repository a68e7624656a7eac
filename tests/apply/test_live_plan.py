"""plan --live: what an apply would do otherwise than the plan says, with the real terraform and a simulated cloud and cluster."""

from __future__ import annotations

import os
import pathlib
import shutil
import subprocess
from typing import Any

import pytest

from platformspec.apply.kubectl import REFUSED, UNREACHABLE, Identity
from platformspec.apply.record import Record
from platformspec.cli import exit
from platformspec.cli.main import main
from platformspec.diagnostics import Failure
from platformspec.drift.live import Live, Seen, compared, dry_runs, look
from platformspec.drift.render.live import SAID, render
from platformspec.ir.program import Program
from platformspec.plan.change import ACTIONS, AttributeChange, Change, Plan
from tests.apply.bench import AS_OF, Bench, header, needs_terraform, program, refers, thing
from tests.apply.test_drift import applied, cluster, platform, set_in_cloud
from tests.support.examples import ROOT
from tests.support.rehearsed import needs_kubectl

__all__ = ["applied", "platform"]

NODE = thing("a.a/x", "data")


def plan_of(*changes: Change) -> Plan:
    return Plan("acme", None, changes, None, "", AS_OF, "1", (), 0)


def live(planned: Change | None, deed: Any, *found: Any) -> Live:
    changes = () if planned is None else (planned,)
    return compared(plan_of(*changes), {NODE.id: NODE}, Seen({NODE.id: (deed, list(found))}))


def test_what_is_as_planned_is_counted_only() -> None:
    value = AttributeChange(("spec", "a"), 1, 2)
    for change, deed, found in (
        (Change("create", NODE), "create", ()),
        (Change("delete", NODE), "delete", ()),
        (Change("replace", NODE, (value,)), "replace", ((("other",), 1, 2),)),
        (Change("update", NODE, (value,)), "update", ((("spec", "a"), 1, 2),)),
        # The plan names a block, and the server a field of it.
        (Change("update", NODE, (AttributeChange(("spec",), 1, 2),)), "update", ((("spec", "a"), 1, 2),)),
    ):
        seen = live(change, deed, *found)
        assert (seen.agreed, seen.otherwise, seen.differs) == (1, (), False), change
    assert live(None, "nothing") == Live(0, ())
    # Terraform tells nothing of a move but the move.
    assert live(Change("move", NODE), "nothing") == Live(0, ())


# What goes cannot be changed, and what stays is not deleted.
PAIRS = [
    (planned, deed)
    for planned in (None, *ACTIONS)
    for deed in (*ACTIONS, "nothing")
    if "move" not in (planned, deed)
    and (planned == "delete") <= (deed in ("delete", "nothing"))
    and (deed == "delete") <= (planned in ("delete", None))
]


@pytest.mark.parametrize(("planned", "deed"), PAIRS)
def test_everything_else_has_its_words(planned: Any, deed: Any) -> None:
    seen = live(Change(planned, NODE) if planned else None, deed, (("more",), "old", "new"))
    if seen.otherwise:
        said = render(seen, {})
        assert SAID[planned, deed] in said
        assert 'more: "old" -> "new"' in said
    else:
        assert seen.agreed or (planned, deed) == (None, "nothing")


def test_what_follows_from_another_stack_is_not_called_done() -> None:
    change = Change("replace", NODE, reason="it refers to what is replaced")
    seen = Seen({NODE.id: ("nothing", [])}, later={NODE.id: "stack network is applied first"})
    assert compared(plan_of(change), {NODE.id: NODE}, seen) == Live(
        0, (), ((NODE.id, "stack network is applied first"),)
    )


class Server:
    """Refuses the objects of some names, as a webhook does: a batch as a whole."""

    def __init__(self, code: Any, *names: str) -> None:
        self.code, self.names = code, names

    def dry_run(self, objects: list[Any]) -> dict[Identity, Any]:
        refused = [o["metadata"]["name"] for o in objects if o["metadata"]["name"] in self.names]
        if refused:
            raise Failure(self.code, f"no {refused}", "help")
        return {Identity.of(o): o for o in objects}


def test_one_refused_object_hides_no_other() -> None:
    objects = {name: {"apiVersion": "v1", "kind": "Service", "metadata": {"name": name}} for name in "abc"}
    refused: dict[str, Any] = {}
    answers = dry_runs(Server(REFUSED, "b"), objects, refused)  # type: ignore[arg-type]
    assert {identity.name for identity in answers} == {"a", "c"}
    assert {id: diagnostic.message for id, diagnostic in refused.items()} == {"b": "no ['b']"}
    with pytest.raises(Failure, match="PS703"):
        dry_runs(Server(UNREACHABLE, "b"), objects, refused)  # type: ignore[arg-type]


def seen(bench: Bench, head: Program) -> Live:
    record = bench.record()
    before = record.program("acme", None)
    found = look(bench.site(record), head, before, bench.plan(record, head))
    record.close()
    return found


def said(found: Live) -> dict[str, tuple[Any, str]]:
    return {one.node.id: (one.planned, one.deed) for one in found.otherwise}


@needs_terraform
def test_stacks_are_planned_as_they_would_be_applied(tmp_path: pathlib.Path) -> None:
    bench = Bench(tmp_path)
    vpc, pod = thing("network.main/vpc", "network"), thing("model.a/pod", "pods", refers("network.main/vpc", "output"))
    head = program(vpc, pod)
    first = seen(bench, head)
    assert (first.agreed, first.otherwise) == (1, ())
    assert first.waiting == (("stack pods", "stack network is applied first"),)
    assert not (tmp_path / "terraform" / "state").exists(), "nothing was applied"
    assert bench.apply(head).complete
    assert seen(bench, head) == Live(0, ())

    # Another tag, one more and one less, as the plan says.
    other = program(thing("network.main/vpc", "network", "y"), pod, thing("cache.c/group", "network"))
    assert seen(bench, other) == Live(2, ())
    assert seen(bench, program(vpc)) == Live(1, ())
    assert seen(bench, Program.of("acme", None, [])) == Live(2, ())

    # Terraform replaces where our verdict says update.
    verdict = thing("network.main/vpc", "network", attrs={"triggers_replace": 1})
    record = bench.record()
    updates = Plan("acme", None, (Change("update", verdict),), None, "", AS_OF, "1", (), 0)
    found = look(bench.site(record), program(verdict, pod), record.program("acme", None), updates)
    record.close()
    assert said(found)["network.main/vpc"] == ("update", "replace")
    assert "--allow-destroy" in render(found, {})

    # Somebody took the pod out of the state, and somebody else deleted what is to be deleted.
    folder = tmp_path / "terraform/stacks/pods"
    subprocess.run(["terraform", "state", "rm", "terraform_data.model_a__pod"], cwd=folder, check=True)
    assert said(seen(bench, head)) == {"model.a/pod": (None, "create")}
    assert said(seen(bench, program(vpc))) == {"model.a/pod": ("delete", "nothing")}


@needs_terraform
def test_what_terraform_refuses_is_no_waiting(tmp_path: pathlib.Path) -> None:
    bench = Bench(tmp_path)
    with pytest.raises(Failure, match="PS716"):
        seen(bench, program(thing("network.main/vpc", "network", attrs={"no_such_argument": 1})))


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--rehearse"], "--rehearse does something only with --live"),
        (["--live", "--against", "HEAD"], "leave --against out"),
        (["--live", "--format", "json"], "leave --format out"),
    ],
)
def test_options_that_do_not_go_with_it(options: list[str], said: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["plan", *options]) == exit.USAGE
    assert said in capsys.readouterr().err


@pytest.mark.parametrize("command", [["plan", "--live"], ["drift"]])
def test_commands_that_look_at_a_real_cloud(
    command: list[str], tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Terraform is there and fails: its words are told, after the plan, and nothing is a bug."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path)
    shutil.copy(ROOT / "examples/bedrock-only/platform.yaml", tmp_path)
    answers = {
        "terraform": 'case "$1" in version) echo \'{"terraform_version": "1.11.4"}\';; *) echo no network >&2; exit 1;; esac',
        "kubectl": 'echo \'{"clientVersion": {"gitVersion": "v1.31.0"}}\'',
        "aws": 'echo \'{"Account": "111122223333"}\'',
    }
    (tmp_path / "bin").mkdir()
    for name, answer in answers.items():
        (tmp_path / "bin" / name).write_text(f"#!/bin/sh\n{answer}\n")
        (tmp_path / "bin" / name).chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:{os.environ['PATH']}")
    assert main(["record"]) == exit.OK
    (file,) = tmp_path.rglob("record.sqlite")
    record = Record(file, "bedrock", None)
    head = Program.of("bedrock", None, [thing("network.main/vpc", "network")])
    run = record.begin_run(header(Bench(tmp_path).plan(record, head)), head)
    record.applied(head)
    record.end_run(run, "complete", None)
    record.close()
    capsys.readouterr()
    assert main(command) == exit.ERRORS
    printed = capsys.readouterr()
    assert "error[PS716]: terraform init of stack" in printed.err
    assert "no network" in printed.err
    assert ("Total: " in printed.out) == (command[0] == "plan")


@pytest.mark.slow
@needs_terraform
@needs_kubectl
def test_a_platform_that_others_have_changed(platform: pathlib.Path, capsys: pytest.CaptureFixture[str]) -> None:
    options = [str(platform), "--rehearse"]
    file = platform / "platform.yaml"
    file.write_text(file.read_text("utf-8").replace("gpus_per_node: 1}", "gpus_per_node: 1, disk_gib: 300}"), "utf-8")
    set_in_cloud(platform, "aws_vpc", "enable_dns_hostnames", False)
    image = '{"spec": {"template": {"spec": {"containers": [{"name": "server", "image": "somewhere/else:1"}]}}}}'
    with cluster(platform) as kubectl:
        kubectl.must("patch", "deployment", "chat", "-n", "models", "--type=strategic", "-p", image)
        kubectl.must("delete", "service", "main", "-n", "gateway-main")
    (record,) = platform.rglob("record.sqlite")
    before = record.read_bytes()
    capsys.readouterr()
    assert main(["plan", *options, "--live", "--detailed-exitcode"]) == exit.CHANGES
    told = capsys.readouterr().out.split("Live: ")[1]
    assert "1 change of the plan as it says" in told
    assert "network.main/vpc: somebody changed it, and it is set back" in told
    assert "enable_dns_hostnames: false -> true" in told
    assert "Service main in gateway-main: is gone, and is made again" in told
    assert "Deployment chat in models: somebody changed it, and it is set back" in told
    assert 'containers[0].image: "somewhere/else:1" -> ' in told
    assert record.read_bytes() == before
    assert main(["apply", *options, "--auto-approve", "--force-conflicts"]) == exit.OK
    capsys.readouterr()
    assert main(["plan", *options, "--live", "--detailed-exitcode"]) == exit.OK
    assert "nothing is to be done" in capsys.readouterr().out
