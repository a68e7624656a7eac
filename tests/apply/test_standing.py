"""Clusters that are there already are asked before Terraform changes anything."""

from __future__ import annotations

import json
import pathlib
from typing import Any

import pytest

from platformspec.apply.kubectl import REFUSED, UNREACHABLE
from platformspec.apply.record import Record
from platformspec.apply.standing import reach_standing
from platformspec.cli import exit
from platformspec.cli.main import main
from platformspec.diagnostics import Failure
from platformspec.driver import compile_platform
from platformspec.emit.terraform import address
from platformspec.ir.node import Manifest, Resource
from platformspec.ir.program import Program
from platformspec.providers import installed_providers
from platformspec.source.tree import Folder
from tests.apply.bench import Bench, header, program, thing
from tests.apply.test_cluster import config
from tests.support.examples import AS_OF, ROOT

CLUSTER = thing("cluster.main/cluster", "cluster")
GRANT = thing("cluster.main/admin", "cluster")
POD = config("a")


def record() -> Record:
    return Record(pathlib.Path(".platformspec/bedrock/_/record.sqlite"), "bedrock", None)


class Silent:
    """A cluster that answers nothing but this failure."""

    def __init__(self, code: Any, words: str) -> None:
        self.failure = Failure(code, words, "help")
        self.asked: list[str] = []

    def reach(self) -> str:
        raise self.failure


def asked(
    folder: pathlib.Path,
    known: Program,
    head: Program,
    words: str = "i/o timeout",
    code: Any = UNREACHABLE,
    scope: Any = None,
) -> tuple[list[str], list[str]]:
    """Which clusters are asked, and what is noted."""
    bench, names = Bench(folder), []

    def cluster(site: Any, name: str) -> Any:
        names.append(name)
        return Silent(code, words)

    record = bench.record()
    record.applied(list(known))
    site = bench.site(record, cluster=cluster)
    try:
        reach_standing(site, head, bench.plan(record, head), scope, {"terraform_data"})
    finally:
        record.close()
    return names, [event.message for event in bench.events]


def test_one_that_does_not_answer_stops_the_apply(tmp_path: pathlib.Path) -> None:
    with pytest.raises(Failure, match="PS703"):
        asked(tmp_path, program(CLUSTER), program(CLUSTER, POD))


def test_one_whose_objects_all_go_is_asked_too(tmp_path: pathlib.Path) -> None:
    with pytest.raises(Failure, match="PS703"):
        asked(tmp_path, program(CLUSTER, POD), program())


def test_who_is_not_asked(tmp_path: pathlib.Path) -> None:
    replaced = thing("cluster.main/cluster", "cluster", attrs={"triggers_replace": ["x"]})
    assert asked(tmp_path / "new", program(), program(CLUSTER, POD)) == ([], [])
    assert asked(tmp_path / "replaced", program(CLUSTER), program(replaced, POD)) == ([], [])
    assert asked(tmp_path / "bare", program(CLUSTER), program(CLUSTER)) == ([], [])
    assert asked(tmp_path / "aside", program(CLUSTER), program(CLUSTER, POD), scope={CLUSTER.id}) == ([], [])


def test_an_apply_that_may_open_it_goes_on(tmp_path: pathlib.Path) -> None:
    names, notes = asked(tmp_path / "grant", program(CLUSTER), program(CLUSTER, GRANT, POD), "Unauthorized")
    assert names == ["main"]
    assert notes == ["Unauthorized; this apply changes the cluster, so it is asked again before its manifests"]
    _, notes = asked(tmp_path / "gone", program(CLUSTER), program(CLUSTER, POD), "dial tcp: no such host")
    assert "it may be gone" in notes[0]
    with pytest.raises(Failure, match="PS717"):
        asked(tmp_path / "other", program(CLUSTER), program(CLUSTER, GRANT, POD), code=REFUSED)


def test_nothing_is_done_where_it_does_not_answer(
    tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The whole command, with a terraform that has nothing but the state of the cluster."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path)
    (tmp_path / "platform.yaml").write_text((ROOT / "examples/bedrock-only/platform.yaml").read_text("utf-8"), "utf-8")
    made = compile_platform(
        Folder(tmp_path), "platform.yaml", environment=None, as_of=AS_OF, providers=installed_providers()
    )
    assert made.program is not None
    (eks,) = (node for node in made.program if node.type == "aws_eks_cluster" and isinstance(node, Resource))
    attributes = {"name": "main", "endpoint": "https://10.0.0.1", "certificate_authority": [{"data": "Cg=="}]}
    resource = {
        "mode": "managed",
        "type": eks.type,
        "name": address(eks).partition(".")[2],
        "instances": [{"attributes": attributes}],
    }
    (tmp_path / "state.json").write_text(json.dumps({"resources": [resource]}))
    account = made.spec.cloud.account if made.spec is not None else ""
    scripts = {
        "terraform": f"""echo "$*" >> {tmp_path}/terraform.log
case "$*" in "version -json") echo '{{"terraform_version": "1.11.4"}}';; "state pull") cat {tmp_path}/state.json;; esac""",
        "kubectl": """case "$*" in *--client*) echo '{"clientVersion": {"gitVersion": "v1.31.0"}}';;
*) echo "Unable to connect to the server: dial tcp 10.0.0.1:443: i/o timeout" >&2; exit 1;; esac""",
        "aws": f"echo '{json.dumps({'Account': account})}'",
    }
    (tmp_path / "bin").mkdir()
    for name, script in scripts.items():
        file = tmp_path / "bin" / name
        file.write_text(f"#!/bin/sh\n{script}\n")
        file.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:/bin:/usr/bin")
    assert main(["record"]) == exit.OK
    here = record()
    here.applied(
        node for node in made.program if not isinstance(node, Manifest) and node.stack in ("network", "cluster")
    )
    here.close()
    capsys.readouterr()
    assert main(["apply", "--auto-approve"]) == exit.ERRORS
    said = capsys.readouterr().err
    assert "error[PS703]: cluster main does not answer" in said
    assert "over a VPN" in said
    assert "then `platformspec apply --auto-approve`" in said
    done = (tmp_path / "terraform.log").read_text().splitlines()
    assert [line.split()[0] for line in done] == ["version", "init", "state"], done
    assert record().runs() == ()
    # In the middle of an apply it is still in the middle.
    here = record()
    plan = Bench(tmp_path).plan(here, made.program)
    here.end_run(here.begin_run(header(plan), made.program), "failed", None)
    here.close()
    assert main(["apply", "--resume"]) == exit.PARTIAL
    said = capsys.readouterr().err
    assert "error[PS703]" in said
    assert "then `platformspec apply --resume`" in said
    assert "partly done" in said
