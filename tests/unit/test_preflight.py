"""What an account must have, and asking a simulated one for it."""

from __future__ import annotations

import builtins
import datetime
import json
import pathlib
from collections.abc import Iterator
from typing import Any

import boto3
import jsonschema
import pytest
from botocore.exceptions import ClientError
from moto import mock_aws
from moto.servicequotas.models import ServiceQuotasBackend
from platformspec_aws.preflight import CHECKS, preflight
from platformspec_aws.requirements.groups import vcpus
from platformspec_aws.requirements.machines import family_of

from platformspec.cli import exit
from platformspec.cli.main import main
from platformspec.driver import compile_platform
from platformspec.emit.requirements import SCHEMA, render
from platformspec.ir.requirement import Answer, Requirement
from platformspec.providers import installed_providers
from tests.support.examples import AS_OF, Case, cases, compiled
from tests.support.memory_tree import MemoryTree

ACCOUNT = "123456789012"  # the account of moto
PLATFORM = f"""apiVersion: platformspec.dev/v1
kind: Platform
metadata: {{name: acme}}
profile: dev
cloud: {{account: "{ACCOUNT}", region: us-east-1}}
gpu_pools:
  l4: {{accelerator: l4, instances: [g6.xlarge, g6.2xlarge], capacity: {{nodes: {{min: 1, max: 3}}, spot: {{share: 0.5}}}}}}
"""


def requirements(text: str) -> dict[str, Requirement]:
    tree = MemoryTree({"platform.yaml": text})
    c = compile_platform(tree, "platform.yaml", environment=None, as_of=AS_OF, providers=installed_providers())
    assert c.program is not None, [(d.code.id, d.message) for d in c.report]
    return {one.id: one for one in c.program.requirements}


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for name, value in {
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_DEFAULT_REGION": "us-east-1",
    }.items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("AWS_PROFILE", raising=False)
    with mock_aws():
        yield


@pytest.fixture
def quotas(monkeypatch: pytest.MonkeyPatch) -> dict[str, float]:
    """Quotas of the simulated account, by code; moto itself knows those of VPC only."""
    limits: dict[str, float] = {}
    known = ServiceQuotasBackend.get_service_quota

    def get(self: Any, service_code: str, quota_code: str) -> dict[str, Any]:
        if quota_code in limits:
            return {"QuotaCode": quota_code, "Value": limits[quota_code]}
        found: dict[str, Any] = known(self, service_code, quota_code)
        return found

    monkeypatch.setattr(ServiceQuotasBackend, "get_service_quota", get)
    return limits


def answer(one: Requirement) -> Answer:
    (found,) = preflight([one], "acme")
    return found


@pytest.mark.parametrize("case", cases(), ids=str)
def test_requirements_are_a_file_with_a_schema(case: Case) -> None:
    program = compiled(case).program
    assert program is not None
    content = render(program.platform, program.environment, program.requirements)
    assert content == render(program.platform, program.environment, reversed(program.requirements))
    data = json.loads(content)
    jsonschema.validate(data, SCHEMA)
    assert data["requirements"]
    for one in data["requirements"]:
        assert one["declarations"], one["id"]
        assert one["kind"] in CHECKS


def test_quotas_are_sums_of_maxima() -> None:
    found = requirements(PLATFORM)
    # Three nodes of 4 vCPUs or of 8, one of which may be spot.
    assert found["quota/ec2/L-DB2E81BA"].needs["value"] == 12
    assert "24 on the largest types" in found["quota/ec2/L-DB2E81BA"].what
    assert found["quota/ec2/L-3819A6DF"].needs["value"] == 4
    assert ("gpu_pools", "l4", "capacity", "nodes", "max") in found["quota/ec2/L-DB2E81BA"].sources
    more = requirements(PLATFORM.replace("max: 3", "max: 5"))
    assert more["quota/ec2/L-DB2E81BA"].needs["value"] == 20


def test_a_capacity_block_counts_in_no_quota() -> None:
    program = compiled(Case("capacity-block", None)).program
    assert program is not None
    ids = {one.id for one in program.requirements}
    assert "capacity-reservation/h100" in ids
    assert "quota/ec2/L-417A185B" not in ids


@pytest.mark.parametrize(
    ("type", "family", "count"),
    [("g6e.12xlarge", "g", 48), ("gr6.4xlarge", "gr", 16), ("p5.48xlarge", "p", 192), ("m7i.xlarge", "standard", 4),
     ("c7a.16xlarge", "standard", 64), ("t3.large", "standard", 2), ("inf2.8xlarge", "inf", 32), ("m7i.metal-24xl", "standard", None)],
)  # fmt: skip
def test_families_and_sizes(type: str, family: str, count: int | None) -> None:
    assert (family_of(type), vcpus(type)) == (family, count)


def test_a_quota_that_is_too_small_says_how_to_raise_it(aws: None, quotas: dict[str, float]) -> None:
    one = requirements(PLATFORM)["quota/ec2/L-DB2E81BA"]
    quotas["L-DB2E81BA"] = 8
    found = answer(one)
    assert (found.status, found.found) == ("missing", "the quota is 8 vCPUs: 4 too few")
    assert "--quota-code L-DB2E81BA --desired-value 12" in found.help
    quotas["L-DB2E81BA"] = 12
    assert answer(one).status == "met"


def test_what_others_have_counts_and_what_is_ours_does_not(aws: None, quotas: dict[str, float]) -> None:
    one = requirements(PLATFORM)["quota/ec2/L-0263D0A3"]
    quotas["L-0263D0A3"] = 2
    ec2 = boto3.client("ec2", region_name="us-east-1")
    ec2.allocate_address(Domain="vpc")
    assert answer(one).status == "met"
    ours = [{"Key": "platformspec:platform", "Value": "acme"}]
    ec2.allocate_address(Domain="vpc", TagSpecifications=[{"ResourceType": "elastic-ip", "Tags": ours}])
    assert answer(one).found == "the quota is 2, and 1 are taken by others"
    ec2.allocate_address(Domain="vpc")
    assert answer(one).status == "missing"


def test_vpcs_nat_gateways_and_clusters_are_counted(aws: None, quotas: dict[str, float]) -> None:
    found = requirements(PLATFORM)
    quotas |= {"L-F678F1CE": 2, "L-FE5A380F": 1, "L-1194D53C": 1}
    assert answer(found["quota/vpc/L-F678F1CE"]).status == "met"  # the default VPC is there
    assert answer(found["quota/vpc/L-FE5A380F"]).status == "met"
    assert answer(found["quota/eks/L-1194D53C"]).status == "met"
    ec2 = boto3.client("ec2", region_name="us-east-1")
    vpc = ec2.create_vpc(CidrBlock="10.9.0.0/16")["Vpc"]["VpcId"]
    subnet = ec2.create_subnet(VpcId=vpc, CidrBlock="10.9.0.0/24")["Subnet"]["SubnetId"]
    ec2.create_nat_gateway(SubnetId=subnet, ConnectivityType="private")
    boto3.client("eks", region_name="us-east-1").create_cluster(
        name="other", roleArn=f"arn:aws:iam::{ACCOUNT}:role/eks", resourcesVpcConfig={"subnetIds": [subnet]}
    )
    assert answer(found["quota/vpc/L-F678F1CE"]).status == "missing"
    assert answer(found["quota/vpc/L-FE5A380F"]).status == "missing"
    assert answer(found["quota/eks/L-1194D53C"]).status == "missing"


def test_offerings(aws: None) -> None:
    found = requirements(PLATFORM)
    assert answer(found["offering/cluster.main/system-nodes"]).status == "met"
    needs = {"instance_types": ["p5.48xlarge"], "zones": ["us-east-1z"]}
    missing = answer(Requirement("offering/x", "offering", "x", ACCOUNT, "us-east-1", needs, ("gpu_pool.x",), (), "x"))
    assert missing.status == "missing"
    assert missing.found.startswith("none of them is offered there; in the region: us-east-1")


def test_addresses_of_subnets_that_are_there(aws: None) -> None:
    ec2 = boto3.client("ec2", region_name="us-east-1")
    vpc = ec2.create_vpc(CidrBlock="10.9.0.0/16")["Vpc"]["VpcId"]
    subnets = [ec2.create_subnet(VpcId=vpc, CidrBlock=f"10.9.{n}.0/27")["Subnet"]["SubnetId"] for n in (0, 1)]
    needs = {"value": 50, "subnets": subnets, "room": None}
    one = Requirement("addresses/private", "addresses", "x", ACCOUNT, "us-east-1", needs, ("gpu_pool.l4",), (), "x")
    assert answer(one).found == "the subnets have 54 free"
    few = Requirement(
        "addresses/private", "addresses", "x", ACCOUNT, "us-east-1", {**needs, "value": 60}, ("gpu_pool.l4",), (), "x"
    )
    assert answer(few).status == "missing"


def test_addresses_of_our_own_subnets(aws: None) -> None:
    found = requirements(PLATFORM.replace("region: us-east-1}", "region: us-east-1, network: {cidr: 10.0.0.0/20}}"))
    assert answer(found["addresses/private"]).status == "met"
    many = requirements(
        PLATFORM.replace("region: us-east-1}", "region: us-east-1, network: {cidr: 10.0.0.0/20}}").replace(
            "max: 3", "max: 300"
        )
    )
    assert answer(many["addresses/private"]).help == "write a larger cloud.network.cidr"


class Stub:
    """A session whose clients answer from a table: for calls that moto does not have."""

    def __init__(self, **answers: Any) -> None:
        self.answers = answers

    def client(self, service: str) -> Stub:
        return self

    def __getattr__(self, name: str) -> Any:
        return lambda **_: self.answers[name]


RESERVATION = {
    "State": "active",
    "AvailabilityZone": "us-east-1b",
    "TotalInstanceCount": 2,
    "EndDate": datetime.datetime(2027, 6, 30, 11, 30, tzinfo=datetime.UTC),
}


@pytest.mark.parametrize(
    ("changes", "status", "found"),
    [
        ({}, "met", "active, 2 instances in us-east-1b until 2027-06-30"),
        ({"State": "expired"}, "missing", "it is expired"),
        ({"AvailabilityZone": "us-east-1c"}, "missing", "it is in us-east-1c"),
        ({"TotalInstanceCount": 1}, "missing", "it has 1 instances"),
        ({"EndDate": datetime.datetime(2027, 3, 1, tzinfo=datetime.UTC)}, "missing", "it ends on 2027-03-01"),
    ],
)
def test_capacity_reservations(changes: dict[str, Any], status: str, found: str) -> None:
    program = compiled(Case("capacity-block", None)).program
    assert program is not None
    one = next(one for one in program.requirements if one.kind == "capacity_reservation")
    session = Stub(describe_capacity_reservations={"CapacityReservations": [{**RESERVATION, **changes}]})
    said = CHECKS["capacity_reservation"](session, one, "reserved")
    assert (said.status, said.found) == (status, found)


AVAILABLE = {
    "agreementAvailability": {"status": "AVAILABLE"},
    "authorizationStatus": "AUTHORIZED",
    "entitlementAvailability": "AVAILABLE",
    "regionAvailability": "AVAILABLE",
}


@pytest.mark.parametrize(
    ("changes", "profile", "status"),
    [
        ({}, "ACTIVE", "met"),
        ({"regionAvailability": "NOT_AVAILABLE"}, "ACTIVE", "met"),
        ({"agreementAvailability": {"status": "NOT_AVAILABLE"}}, "ACTIVE", "missing"),
        ({"authorizationStatus": "NOT_AUTHORIZED"}, "ACTIVE", "missing"),
        ({}, "INACTIVE", "missing"),
    ],
)
def test_access_to_models(changes: dict[str, Any], profile: str, status: str) -> None:
    program = compiled(Case("bedrock-only", None)).program
    assert program is not None
    one = next(one for one in program.requirements if one.kind == "model_access")
    session = Stub(
        get_foundation_model_availability={**AVAILABLE, **changes}, get_inference_profile={"status": profile}
    )
    assert CHECKS["model_access"](session, one, "bedrock").status == status


def test_what_may_not_be_asked_is_never_met(aws: None, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: Any, **__: Any) -> Any:
        raise ClientError({"Error": {"Code": "AccessDeniedException", "Message": "no"}}, "GetServiceQuota")

    monkeypatch.setitem(CHECKS, "quota", refuse)
    found = answer(requirements(PLATFORM)["quota/ec2/L-DB2E81BA"])
    assert (found.status, found.found) == ("unchecked", "AWS answered AccessDeniedException")


@pytest.fixture
def here(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> pathlib.Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "platform.yaml").write_text(PLATFORM)
    return tmp_path


def all_met(quotas: dict[str, float]) -> None:
    quotas |= dict.fromkeys(
        ("L-DB2E81BA", "L-3819A6DF", "L-1216C47A", "L-0263D0A3", "L-F678F1CE", "L-FE5A380F", "L-1194D53C"), 10000.0
    )


def test_the_command_ends_with_what_it_found(
    here: pathlib.Path, aws: None, quotas: dict[str, float], capsys: pytest.CaptureFixture[str]
) -> None:
    all_met(quotas)
    assert main(["preflight"]) == exit.OK
    assert "0 missing, 0 could not be checked" in capsys.readouterr().out
    del quotas["L-1194D53C"]
    assert main(["preflight"]) == exit.UNCHECKED
    assert "could not be checked [PS744]  quota/eks/L-1194D53C" in capsys.readouterr().out
    quotas["L-DB2E81BA"] = 4
    assert main(["preflight", "--format", "json"]) == exit.ERRORS
    data = json.loads(capsys.readouterr().out)
    assert [one["id"] for one in data["answers"] if one["status"] == "missing"] == ["quota/ec2/L-DB2E81BA"]
    assert main(["preflight"]) == exit.ERRORS
    assert "MISSING [PS740]  quota/ec2/L-DB2E81BA" in capsys.readouterr().out


def test_credentials_of_another_account(here: pathlib.Path, aws: None, capsys: pytest.CaptureFixture[str]) -> None:
    (here / "platform.yaml").write_text(PLATFORM.replace(ACCOUNT, "111122223333"))
    assert main(["preflight"]) == exit.ERRORS
    err = capsys.readouterr().err
    assert "error[PS743]: the credentials are of account 123456789012, and the platform is in 111122223333" in err


def test_no_credentials(
    here: pathlib.Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(here / "none"))
    monkeypatch.setenv("AWS_CONFIG_FILE", str(here / "none"))
    assert main(["preflight"]) == exit.ERRORS
    assert "error[PS742]" in capsys.readouterr().err


def test_without_boto3_it_says_what_to_install(
    here: pathlib.Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    known = builtins.__import__

    def absent(name: str, *args: Any, **kwargs: Any) -> Any:
        if name == "boto3":
            raise ImportError(name)
        return known(name, *args, **kwargs)

    monkeypatch.setattr(builtins, "__import__", absent)
    assert main(["preflight"]) == exit.ERRORS
    err = capsys.readouterr().err
    assert "error[PS741]" in err
    assert "pip install 'platformspec[aws]'" in err
