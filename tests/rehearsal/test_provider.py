"""What terraform shows of the simulated provider: refusals, replacement, import, drift, and no secret anywhere."""

from __future__ import annotations

import json
import pathlib
from typing import Any

from platformspec_rehearsal.pretence import Pretence

from platformspec.lower.stage import Stage
from tests.support.rehearsed import Stacks, needs_terraform

HEAD = {
    "terraform": {"required_providers": {"aws": {"source": "hashicorp/aws", "version": "~> 6.0"}}},
    "provider": {"aws": {"region": "eu-central-1", "allowed_account_ids": ["111122223333"]}},
}
APPLY = ("apply", "-auto-approve", "-input=false")


def stack(folder: pathlib.Path, stage: Stage, **blocks: Any) -> Stacks:
    place = folder / "stack"
    place.mkdir(exist_ok=True)
    (place / "main.tf.json").write_text(json.dumps({**HEAD, **blocks}))
    stacks = Stacks(folder, ("stack",), stage)
    stacks.must("stack", "init", "-input=false")
    return stacks


@needs_terraform
def test_a_value_that_aws_refuses_fails_before_anything_is_made(tmp_path: pathlib.Path, stage: Stage) -> None:
    vpc = {"aws_vpc": {"x": {"cidr_block": "10.0.0.0/8"}}}
    run = stack(tmp_path, stage, resource=vpc).terraform("stack", *APPLY)
    assert run.code == 1
    assert "prefix is between /16 and /28" in run.err
    assert "simulated" in run.err
    assert stage.summary().resources == {}


@needs_terraform
def test_an_argument_that_cannot_change_replaces(tmp_path: pathlib.Path, stage: Stage) -> None:
    vpc = {"x": {"cidr_block": "10.0.0.0/16"}}
    stack(tmp_path, stage, resource={"aws_vpc": vpc}).must("stack", *APPLY)
    vpc["x"]["tags"] = {"a": "b"}
    assert "0 to add, 1 to change, 0 to destroy" in stack(tmp_path, stage, resource={"aws_vpc": vpc}).must(
        "stack", "plan"
    )
    vpc["x"]["cidr_block"] = "10.1.0.0/16"
    plan = stack(tmp_path, stage, resource={"aws_vpc": vpc}).must("stack", "plan")
    assert "must be replaced" in plan
    assert "1 to add, 0 to change, 1 to destroy" in plan


@needs_terraform
def test_what_is_there_is_imported_and_what_went_comes_again(tmp_path: pathlib.Path, stage: Stage) -> None:
    bucket = {"aws_s3_bucket": {"x": {"bucket": "rehearsed-data"}}}
    stacks = stack(tmp_path, stage, resource=bucket)
    stacks.must("stack", *APPLY)
    (tmp_path / "stack/terraform.tfstate").unlink()
    assert "BucketAlreadyExists" in stacks.terraform("stack", *APPLY).err
    stacks.must("stack", "import", "aws_s3_bucket.x", "rehearsed-data")
    assert stacks.terraform("stack", "plan", "-detailed-exitcode").code == 0
    pretence = Pretence(tmp_path / "rehearsal")
    pretence.database.execute("delete from resources")
    pretence.close()
    assert "1 to add" in stacks.must("stack", "plan")


@needs_terraform
def test_an_ephemeral_password_is_kept_nowhere(tmp_path: pathlib.Path, stage: Stage) -> None:
    password = "${ephemeral.aws_secretsmanager_random_password.x.random_password}"
    stacks = stack(
        tmp_path,
        stage,
        ephemeral={"aws_secretsmanager_random_password": {"x": {"password_length": 40}}},
        resource={
            "aws_secretsmanager_secret": {"x": {"name": "x"}},
            "aws_secretsmanager_secret_version": {
                "x": {
                    "secret_id": "${aws_secretsmanager_secret.x.id}",
                    "secret_string_wo": f"canary-{password}",
                    "secret_string_wo_version": 1,
                }
            },
        },
    )
    stacks.must("stack", *APPLY)
    kept = [path for path in tmp_path.rglob("*") if path.is_file() and path.name not in ("main.tf.json", "schemas.bin")]
    assert [path for path in kept if b"canary-" in path.read_bytes()] == []


@needs_terraform
def test_aliases_are_other_regions(tmp_path: pathlib.Path, stage: Stage) -> None:
    stacks = stack(
        tmp_path,
        stage,
        provider={"aws": [{"region": "eu-central-1"}, {"alias": "us", "region": "us-east-1"}]},
        resource={"aws_sqs_queue": {"here": {"name": "q"}, "there": {"name": "q", "provider": "aws.us"}}},
        output={"there": {"value": "${aws_sqs_queue.there.arn}"}, "here": {"value": "${aws_sqs_queue.here.arn}"}},
    )
    stacks.must("stack", *APPLY)
    found = json.loads(stacks.must("stack", "output", "-json"))
    assert [found[name]["value"].split(":")[3] for name in ("here", "there")] == ["eu-central-1", "us-east-1"]


@needs_terraform
def test_hundreds_of_resources_are_planned_and_made(tmp_path: pathlib.Path, stage: Stage) -> None:
    queues = {f"q{number}": {"name": f"q{number}"} for number in range(300)}
    stacks = stack(tmp_path, stage, resource={"aws_sqs_queue": queues})
    stacks.must("stack", *APPLY)
    assert stage.summary().resources == {"aws_sqs_queue": 300}
    assert stacks.terraform("stack", "plan", "-detailed-exitcode").code == 0
