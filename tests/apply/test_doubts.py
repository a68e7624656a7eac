"""Creations whose end nobody heard: adopted where the name is ours, reported where it is not. On the simulated cloud."""

from __future__ import annotations

import contextlib
import json
import os
import pathlib
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest
from platformspec_rehearsal.inject import FILE

from platformspec.apply.process import Program as Tool
from platformspec.apply.terraform import creations_in_doubt
from platformspec.diagnostics import Report
from platformspec.emit.settings import EmitSettings
from platformspec.ir.node import ProviderConfig, Resource
from platformspec.ir.program import Program
from platformspec.lower.stage import Stage
from platformspec.providers import installed_providers
from tests.apply.bench import PLACE, Bench, needs_terraform, program, refers

TRUST = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"}],
    }
)


def cloud() -> Program:
    tags = {"platformspec:address": "network.main"}
    return program(
        ProviderConfig("network.main/aws", "aws", "network", PLACE, {"region": "eu-central-1"}, "network.main"),
        Resource("network.main/role", "aws_iam_role", "network", PLACE, {"name": "acme", "assume_role_policy": TRUST}, "network.main"),
        Resource("network.main/vpc", "aws_vpc", "network", PLACE, {"cidr_block": "10.0.0.0/16", "tags": tags}, "network.main"),
    )  # fmt: skip


class CloudBench(Bench):
    """A bench whose terraform sees the simulated cloud."""

    def __init__(self, folder: pathlib.Path, stage: Stage) -> None:
        super().__init__(folder)
        self.stage = stage

    def site(self, record: Any, **more: Any) -> Any:
        providers = installed_providers()
        site = super().site(record, import_ids=providers.acting.import_ids, **more)
        site.settings = EmitSettings("acme", None, None, {"aws": {"source": "hashicorp/aws", "version": "~> 6.0"}})
        site.terraform = Tool(site.terraform.path, self.stage.environment)
        return site

    def count(self, type: str) -> int:
        with sqlite3.connect(self.folder / "stage" / "pretence.sqlite") as database:
            return int(database.execute("select count(*) from resources where type = ?", (type,)).fetchone()[0])


@contextlib.contextmanager
def opened(folder: pathlib.Path, type: str) -> Iterator[CloudBench]:
    """A bench on which the provider dies once, after it has created a resource of this type."""
    rehearse = next(p.rehearse for p in installed_providers().providers if p.rehearse is not None)
    report = Report()
    with rehearse(folder / "stage", installed_providers(), report) as stage:
        assert stage is not None, list(report)
        rule = {"type": type, "op": "create", "crash": True, "when": "after", "times": 1}
        (folder / "stage" / FILE).write_text(json.dumps([rule]))
        yield CloudBench(folder, stage)


@needs_terraform
def test_what_has_our_name_is_adopted(tmp_path: pathlib.Path) -> None:
    with opened(tmp_path, "aws_iam_role") as bench:
        failed = bench.apply(cloud())
        assert not failed.complete
        assert bench.count("aws_iam_role") == 1
        resumed = bench.resume(cloud(), create_again=False)
        if [failure.code.id for failure in resumed.failures] == ["PS727"]:
            # The provider died with the VPC in its hands as well.
            resumed = bench.resume(cloud(), create_again=True)
        assert resumed.complete, resumed.failures
        assert bench.count("aws_iam_role") == 1
        assert any("adopted as acme" in event.message for event in bench.events)


@needs_terraform
def test_what_the_cloud_names_is_reported_with_its_tags_until_a_person_decides(tmp_path: pathlib.Path) -> None:
    with opened(tmp_path, "aws_vpc") as bench:
        assert not bench.apply(cloud()).complete
        assert bench.count("aws_vpc") == 1
        for _ in range(2):
            asked = bench.resume(cloud())
            assert [failure.code.id for failure in asked.failures] == ["PS727"]
            assert "platformspec:address=network.main" in asked.failures[0].message
            assert bench.count("aws_vpc") == 1
        assert bench.resume(cloud(), create_again=True).complete
        assert bench.apply(cloud()).complete


@needs_terraform
def test_what_a_person_imported_has_its_dependencies_though_nothing_is_left_to_do(tmp_path: pathlib.Path) -> None:
    rule = {"security_group_id": refers("network.main/group"), "ip_protocol": "-1", "cidr_ipv4": "10.0.0.0/16"}
    head = program(
        *cloud().nodes.values(),
        Resource("network.main/group", "aws_security_group", "network", PLACE, {"name": "acme", "vpc_id": refers("network.main/vpc")}, "network.main"),
        Resource("network.main/rule", "aws_vpc_security_group_egress_rule", "network", PLACE, rule, "network.main"),
    )  # fmt: skip
    with opened(tmp_path, "aws_vpc_security_group_egress_rule") as bench:
        assert not bench.apply(head).complete
        assert [failure.code.id for failure in bench.resume(head).failures] == ["PS727"]
        with sqlite3.connect(tmp_path / "stage" / "pretence.sqlite") as database:
            query = "select state from resources where type = 'aws_vpc_security_group_egress_rule'"
            there = json.loads(database.execute(query).fetchone()[0])["id"]
        subprocess.run(
            ["terraform", "import", "aws_vpc_security_group_egress_rule.network_main__rule", there],
            cwd=tmp_path / "terraform/stacks/network",
            env={**os.environ, **bench.stage.environment},
            check=True,
        )
        assert bench.resume(head, create_again=True).complete
        state = json.loads((tmp_path / "terraform/state/network.tfstate").read_text())
        found = {resource["name"]: resource["instances"][0] for resource in state["resources"]}
        assert found["network_main__rule"]["dependencies"] == [
            "aws_security_group.network_main__group",
            "aws_vpc.network_main__vpc",
        ]


@needs_terraform
def test_another_machine_has_no_log_and_still_creates_nothing_twice(
    tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with opened(tmp_path, "aws_vpc") as bench:
        with monkeypatch.context() as killed:
            # Killed, the process writes nothing down about how terraform ended.
            killed.setattr("platformspec.apply.stack_step.narrow_doubts", lambda *_: None)
            assert not bench.apply(cloud()).complete
        shutil.rmtree(tmp_path / "logs")
        for _ in range(2):
            assert [failure.code.id for failure in bench.resume(cloud()).failures] == ["PS727"]
        assert not any("adopted" in event.message for event in bench.events), (
            "nothing is changed while a person is asked"
        )
        assert bench.count("aws_vpc") == 1
        assert bench.resume(cloud(), create_again=True).complete
        assert bench.count("aws_iam_role") == 1


@needs_terraform
def test_nothing_is_in_doubt_where_terraform_had_not_begun(tmp_path: pathlib.Path) -> None:
    with opened(tmp_path, "aws_none") as bench:
        with pytest.MonkeyPatch.context() as killed:
            killed.setattr("platformspec.apply.terraform.Stack.apply", lambda *_: sys.exit(9))
            with pytest.raises(SystemExit):
                bench.apply(cloud())
        assert bench.resume(cloud()).complete


def line(**message: Any) -> str:
    return json.dumps(message) + "\n"


def start(address: str, action: str = "create") -> str:
    return line(type="apply_start", hook={"resource": {"addr": address}, "action": action})


def error(address: str, summary: str) -> str:
    return line(**{"@level": "error", "type": "diagnostic", "diagnostic": {"address": address, "summary": summary}})


@pytest.mark.parametrize(
    ("log", "doubts"),
    [
        (start("a.b") + start("c.d", "update"), {"a.b"}),
        (start("a.b") + start("c.d") + '{"type": "apply_st', {"a.b", "c.d"}),
        (start("a.b") + line(type="change_summary", changes={"operation": "apply"}), set()),
        (start("a.b") + error("a.b", "quota is used up"), set()),
        (start("a.b") + start("c.d") + error("a.b", "Plugin did not respond") + error("c.d", "no"), {"a.b"}),
        (start("a.b") + error("a.b", "Request cancelled"), {"a.b"}),
        ("", set()),
    ],
)
def test_the_log_says_what_is_in_doubt(tmp_path: pathlib.Path, log: str, doubts: set[str]) -> None:
    (tmp_path / "log").write_text(log)
    assert creations_in_doubt(tmp_path / "log") == doubts
    assert creations_in_doubt(tmp_path / "none") == frozenset()
