"""The driver with a provider that nobody here wrote: hashicorp/aws 3.39.0, against a simulated AWS that it reaches over HTTP.

It is older than what the stacks are made for, so these are resources that both know. Its package is downloaded for the time of the test.
"""

from __future__ import annotations

import json
import pathlib
import shutil
from collections.abc import Iterator
from dataclasses import replace
from typing import Any, Final

import boto3
import pytest
from platformspec_aws.acting import IMPORT_IDS
from platformspec_aws.replacement import verdict

from platformspec.apply.apply import Outcome
from platformspec.apply.kept_locks import file_of
from platformspec.apply.process import Program as Tool
from platformspec.apply.record import Record
from platformspec.apply.site import Site
from platformspec.emit.settings import EmitSettings
from platformspec.ir.expr import Concat, Json
from platformspec.ir.node import Node, Placement, ProviderConfig, Resource
from platformspec.ir.program import Program
from platformspec.plan.change import Plan
from platformspec.plan.diff import diff
from platformspec.plan.digest import digest
from scripts.ask_provider import VERSION, Provider, Unavailable
from tests.apply.bench import AS_OF, Bench, needs_terraform, program, refers
from tests.support.moto_server import ACCOUNT, REGION, moto_server

pytestmark = [pytest.mark.slow, needs_terraform]

SETTINGS: Final = EmitSettings("acme", None, None, {"aws": {"source": "hashicorp/aws", "version": VERSION}})
PLACE: Final = Placement(ACCOUNT, REGION)
SERVICES: Final = ("ec2", "iam", "s3", "sqs", "sts")
TAGS: Final = {"platform": "acme"}
TRUST: Final = Json(
    {
        "Version": "2012-10-17",
        "Statement": [
            {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": "pods.eks.amazonaws.com"}}
        ],
    }
)


class Cloud(Bench):
    """An environment whose stacks go to a simulated account through the real provider."""

    def __init__(self, folder: pathlib.Path, provider: Provider, endpoint: str) -> None:
        super().__init__(folder)
        self.endpoint = endpoint
        plugins = folder / "plugins"
        plugins.mkdir()
        self.variables = {
            "TF_CLI_CONFIG_FILE": str(provider.folder / "terraform.rc"),
            "TF_PLUGIN_CACHE_DIR": str(plugins),
            "CHECKPOINT_DISABLE": "1",
        }

    def site(self, record: Record, **more: Any) -> Site:
        site = super().site(record, import_ids=IMPORT_IDS, **more)
        site.settings = SETTINGS
        site.terraform = Tool(shutil.which("terraform") or "terraform", self.variables)
        site.kept_locks = self.folder / "terraform-locks"
        return site

    def plan(self, record: Record, head: Program) -> Plan:
        before = record.program("acme", None)
        digests = (digest(before) if before is not None else None, digest(head))
        return diff(before, head, verdict, as_of=AS_OF, tool_version="1", digests=digests)

    def settings_of(self, stack: str, account: str = ACCOUNT) -> ProviderConfig:
        """The provider's block in a stack."""
        attrs = {
            "region": REGION,
            "allowed_account_ids": [account],
            "s3_force_path_style": True,
            "skip_get_ec2_platforms": True,
            "endpoints": [dict.fromkeys(SERVICES, self.endpoint)],
        }
        return ProviderConfig(f"{stack}/aws", "aws", stack, PLACE, attrs, stack)

    def platform(self, *more: Node, queue: str = "acme-jobs", account: str = ACCOUNT) -> Program:
        """A network in one stack, and what refers to it in another."""
        return program(
            self.settings_of("network", account),
            made("network.main/vpc", "aws_vpc", cidr_block="10.40.0.0/16", tags=TAGS),
            made(
                "network.main/subnet",
                "aws_subnet",
                vpc_id=refers("network.main/vpc"),
                cidr_block="10.40.1.0/24",
                tags=TAGS,
            ),
            self.settings_of("data", account),
            made("data.main/bucket", "aws_s3_bucket", bucket="acme-documents", force_destroy=True, tags=TAGS),
            made("data.main/queue", "aws_sqs_queue", name=queue, message_retention_seconds=3600, tags=TAGS),
            made("data.main/role", "aws_iam_role", name="acme-reader", assume_role_policy=TRUST),
            made(
                "data.main/grant",
                "aws_iam_role_policy",
                name="read",
                role=refers("data.main/role", "name"),
                policy=Json(
                    {
                        "Version": "2012-10-17",
                        "Statement": [
                            {
                                "Effect": "Allow",
                                "Action": "s3:GetObject",
                                "Resource": Concat((refers("data.main/bucket", "arn"), "/*")),
                            }
                        ],
                    }
                ),
            ),
            made(
                "data.main/access",
                "aws_security_group",
                name="acme-access",
                description="who may read",
                vpc_id=refers("network.main/vpc"),
            ),
            *more,
        )


def made(id: str, type: str, **attrs: Any) -> Resource:
    """One resource in the stack that its address begins with."""
    return Resource(id, type, id.partition(".")[0], PLACE, attrs, id.partition("/")[0])


@pytest.fixture(scope="module")
def provider(tmp_path_factory: pytest.TempPathFactory) -> Provider:
    try:
        return Provider(tmp_path_factory.mktemp("provider"))
    except Unavailable as why:
        pytest.skip(str(why))


@pytest.fixture
def cloud(provider: Provider, tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Cloud]:
    with moto_server() as variables:
        for name, value in variables.items():
            monkeypatch.setenv(name, value)
        monkeypatch.delenv("AWS_PROFILE", raising=False)
        yield Cloud(tmp_path, provider, variables["AWS_ENDPOINT_URL"])


def client(service: str) -> Any:
    return boto3.Session(region_name=REGION).client(service)


def queues() -> list[str]:
    return [url.rpartition("/")[2] for url in client("sqs").list_queues().get("QueueUrls", ())]


def subnets() -> list[Any]:
    found: list[Any] = client("ec2").describe_subnets(Filters=[{"Name": "tag:platform", "Values": ["acme"]}])["Subnets"]
    return found


def summaries(outcome: Outcome, cloud: Cloud) -> dict[str, str]:
    """Step -> what it did, of the last run."""
    assert outcome.complete, outcome.failures
    record = cloud.record()
    try:
        return {step.name: step.detail["summary"] for step in record.steps(record.runs()[-1].id)}
    finally:
        record.close()


def test_from_nothing_to_nothing(cloud: Cloud) -> None:
    head = cloud.platform()
    assert summaries(cloud.apply(head), cloud) == {"stack network": "2 created", "stack data": "5 created"}
    (vpc,) = client("ec2").describe_vpcs(Filters=[{"Name": "tag:platform", "Values": ["acme"]}])["Vpcs"]
    (group,) = client("ec2").describe_security_groups(GroupNames=["acme-access"])["SecurityGroups"]
    assert group["VpcId"] == vpc["VpcId"], "an output of one stack reached the other"
    policy = client("iam").get_role_policy(RoleName="acme-reader", PolicyName="read")["PolicyDocument"]
    assert policy["Statement"][0]["Resource"] == "arn:aws:s3:::acme-documents/*"
    kept = (cloud.folder / "terraform-locks" / file_of("network")).read_text()
    assert f'version     = "{VERSION}"' in kept

    again = cloud.apply(head)
    assert set(summaries(again, cloud).values()) == {"no changes"}
    assert not again.acted

    # Somebody deletes what stands in either stack: the record and the file say that it is there, and it is made again.
    (subnet,) = subnets()
    client("ec2").delete_subnet(SubnetId=subnet["SubnetId"])
    client("sqs").delete_queue(QueueUrl=client("sqs").get_queue_url(QueueName="acme-jobs")["QueueUrl"])
    assert summaries(cloud.apply(head), cloud) == {"stack network": "1 created", "stack data": "1 created"}
    assert len(subnets()) == 1
    assert queues() == ["acme-jobs"]

    client("s3").put_object(Bucket="acme-documents", Key="one", Body=b"text")
    destroyed = cloud.apply(program())
    assert summaries(destroyed, cloud) == {"retire data": "5 deleted", "retire network": "2 deleted"}
    assert (subnets(), queues(), client("s3").list_buckets()["Buckets"]) == ([], [], [])
    assert cloud.record().known() == {}


def test_what_the_provider_replaces_was_announced_or_is_refused(cloud: Cloud) -> None:
    assert cloud.apply(cloud.platform()).complete
    renamed = cloud.platform(queue="acme-work")
    record = cloud.record()
    plan = cloud.plan(record, renamed)
    record.close()
    assert {change.id: change.action for change in plan.changes} == {"data.main/queue": "replace"}
    refused = cloud.apply(renamed, plan=replace(plan, changes=()))
    assert [failure.code.id for failure in refused.failures] == ["PS714"]
    assert "replace data.main/queue, because of name" in refused.failures[0].message
    assert queues() == ["acme-jobs"]
    assert summaries(cloud.apply(renamed), cloud)["stack data"] == "1 replaced"
    assert queues() == ["acme-work"]


def test_what_a_killed_apply_has_created_is_adopted(cloud: Cloud) -> None:
    """The state knows nothing of two creations that it had begun: they are found by their names, under the provider's own ids."""
    head = cloud.platform()
    assert cloud.apply(head).complete
    file = cloud.folder / "terraform/state/data.tfstate"
    state = json.loads(file.read_text())
    lost = {"aws_sqs_queue.data_main__queue", "aws_s3_bucket.data_main__bucket"}
    state["resources"] = [one for one in state["resources"] if f"{one['type']}.{one['name']}" not in lost]
    state["serial"] += 1
    file.write_text(json.dumps(state))
    record = cloud.record()
    record.doubt("data", lost)
    record.close()
    assert summaries(cloud.apply(head), cloud)["stack network"] == "no changes"
    told = [event.message for event in cloud.events if event.kind == "note"]
    assert sorted(told) == [
        "it was there already and is adopted as acme-documents",
        f"it was there already and is adopted as https://sqs.{REGION}.amazonaws.com/{ACCOUNT}/acme-jobs",
    ]
    assert queues() == ["acme-jobs"]


def test_credentials_of_another_account(cloud: Cloud) -> None:
    outcome = cloud.apply(cloud.platform(account="111122223333"))
    assert [failure.code.id for failure in outcome.failures] == ["PS716"]
    assert "AWS Account ID not allowed" in outcome.failures[0].message
    assert not outcome.acted
    assert subnets() == []
