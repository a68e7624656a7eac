"""The bucket for state, on a simulated account: made, completed, left alone, and refused."""

from __future__ import annotations

import json
import pathlib
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from moto import mock_aws

from platformspec.cli import exit
from platformspec.cli.main import main
from tests.support.examples import ROOT
from tests.support.moto_server import ACCOUNT

BUCKET = "acme-state"
REGION = "eu-central-1"
STATE = f"{{bucket: {BUCKET}}}"
TLS_ONLY = {
    "Sid": "TlsOnly",
    "Effect": "Deny",
    "Principal": "*",
    "Action": "s3:*",
    "Resource": [f"arn:aws:s3:::{BUCKET}", f"arn:aws:s3:::{BUCKET}/*"],
    "Condition": {"Bool": {"aws:SecureTransport": "false"}},
}


@pytest.fixture
def s3(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    monkeypatch.delenv("AWS_PROFILE", raising=False)
    monkeypatch.chdir(tmp_path)
    with mock_aws():
        yield boto3.Session(region_name=REGION).client("s3")


def write(state: str | None = STATE, account: str = ACCOUNT) -> None:
    text = (ROOT / "examples/bedrock-only/platform.yaml").read_text("utf-8")
    cloud = f'cloud: {{account: "{account}", region: {REGION}' + (f", state: {state}" if state else "") + "}"
    text = text.replace('cloud: {account: "111122223333", region: us-east-1}', cloud)
    text = text.replace(
        "metadata: {name: bedrock}", 'metadata: {name: bedrock, owner: ai, labels: {cost_center: "44"}}'
    )
    pathlib.Path("platform.yaml").write_text(text)


def traits(text: str) -> dict[str, str]:
    return {line[7:].strip(): line[:7].strip() for line in text.splitlines() if line.startswith("  ")}


def test_made_once_as_it_should_be(s3: Any, capsys: pytest.CaptureFixture[str]) -> None:
    write()
    assert main(["bootstrap", "--check"]) == exit.ERRORS
    assert "error[PS767]: the bucket acme-state lacks: exists" in capsys.readouterr().err
    assert s3.list_buckets()["Buckets"] == [], "looking changes nothing"
    assert main(["bootstrap"]) == exit.OK
    made = traits(capsys.readouterr().out)
    assert len(made) == 8
    assert s3.get_bucket_location(Bucket=BUCKET)["LocationConstraint"] == REGION
    assert s3.get_bucket_versioning(Bucket=BUCKET)["Status"] == "Enabled"
    assert set(s3.get_public_access_block(Bucket=BUCKET)["PublicAccessBlockConfiguration"].values()) == {True}
    rules = s3.get_bucket_encryption(Bucket=BUCKET)["ServerSideEncryptionConfiguration"]["Rules"]
    assert rules[0]["ApplyServerSideEncryptionByDefault"] == {"SSEAlgorithm": "AES256"}
    assert json.loads(s3.get_bucket_policy(Bucket=BUCKET)["Policy"])["Statement"] == [TLS_ONLY]
    (rule,) = s3.get_bucket_lifecycle_configuration(Bucket=BUCKET)["Rules"]
    assert rule["NoncurrentVersionExpiration"]["NoncurrentDays"] == 90
    assert "Days" not in rule["Expiration"], "what is current never ends"
    tags = {tag["Key"]: tag["Value"] for tag in s3.get_bucket_tagging(Bucket=BUCKET)["TagSet"]}
    assert tags == {
        "cost_center": "44",
        "platformspec:owner": "ai",
        "platformspec:platform": "bedrock",
        "platformspec:purpose": "state",
    }
    for command in (["bootstrap"], ["bootstrap", "--check"]):
        assert main(command) == exit.OK
        out = capsys.readouterr().out
        assert set(traits(out).values()) == {"ok"}
        assert "nothing to do" in out


def test_what_others_have_put_on_the_bucket_stays(s3: Any, capsys: pytest.CaptureFixture[str]) -> None:
    write()
    s3.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": REGION})
    theirs = {"Sid": "Audit", "Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:root"}, "Action": "s3:GetObject",
              "Resource": f"arn:aws:s3:::{BUCKET}/*"}  # fmt: skip
    outdated = {**TLS_ONLY, "Resource": f"arn:aws:s3:::{BUCKET}"}
    policy = {"Version": "2012-10-17", "Statement": [theirs, outdated]}
    s3.put_bucket_policy(Bucket=BUCKET, Policy=json.dumps(policy))
    rule = {"ID": "audit", "Status": "Enabled", "Filter": {"Prefix": "audit/"}, "Expiration": {"Days": 400}}
    s3.put_bucket_lifecycle_configuration(Bucket=BUCKET, LifecycleConfiguration={"Rules": [rule]})
    kms = {"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms"}, "BucketKeyEnabled": True}
    s3.put_bucket_encryption(Bucket=BUCKET, ServerSideEncryptionConfiguration={"Rules": [kms]})
    s3.put_bucket_tagging(Bucket=BUCKET, Tagging={"TagSet": [{"Key": "cost_center", "Value": "7"}]})
    assert main(["bootstrap", "--check"]) == exit.ERRORS
    printed = capsys.readouterr()
    assert traits(printed.out)["only TLS is answered"] == "LACKS"
    assert "platformspec bootstrap" in printed.err
    assert main(["bootstrap"]) == exit.OK
    assert json.loads(s3.get_bucket_policy(Bucket=BUCKET)["Policy"])["Statement"] == [theirs, TLS_ONLY]
    rules = {one["ID"]: one for one in s3.get_bucket_lifecycle_configuration(Bucket=BUCKET)["Rules"]}
    assert rules["audit"]["Expiration"] == {"Days": 400}
    assert len(rules) == 2
    found = s3.get_bucket_encryption(Bucket=BUCKET)["ServerSideEncryptionConfiguration"]["Rules"][0]
    assert found["ApplyServerSideEncryptionByDefault"]["SSEAlgorithm"] == "aws:kms"
    tags = {tag["Key"]: tag["Value"] for tag in s3.get_bucket_tagging(Bucket=BUCKET)["TagSet"]}
    assert tags["cost_center"] == "7"
    assert tags["platformspec:purpose"] == "state"
    capsys.readouterr()
    assert main(["bootstrap"]) == exit.OK
    assert "nothing to do" in capsys.readouterr().out


def test_a_key_of_ones_own(s3: Any, capsys: pytest.CaptureFixture[str]) -> None:
    key = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/0a1b2c3d-1111-4222-8333-444455556666"
    write(f"{{bucket: {BUCKET}}}")
    assert main(["bootstrap"]) == exit.OK
    write(f'{{bucket: {BUCKET}, kms_key_arn: "{key}"}}')
    capsys.readouterr()
    assert main(["bootstrap", "--check"]) == exit.ERRORS
    assert traits(capsys.readouterr().out)["objects are encrypted"] == "LACKS"
    assert main(["bootstrap"]) == exit.OK
    (rule,) = s3.get_bucket_encryption(Bucket=BUCKET)["ServerSideEncryptionConfiguration"]["Rules"]
    assert rule["ApplyServerSideEncryptionByDefault"] == {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": key}
    assert main(["bootstrap", "--check"]) == exit.OK
    write(f'{{bucket: {BUCKET}, kms_key_arn: "{key[:-1]}7"}}')
    assert main(["bootstrap", "--check"]) == exit.OK, "the key of another environment stays the bucket's default"


@pytest.mark.parametrize("only_look", [[], ["--check"]])
def test_refused(
    s3: Any, only_look: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def code() -> str:
        assert main(["bootstrap", *only_look]) == exit.ERRORS
        return capsys.readouterr().err

    write(state=None)
    assert "error[PS765]" in code()
    write(account="444455556666")
    assert f"error[PS702]: the credentials are for account {ACCOUNT}, and this environment is in account" in code()
    assert s3.list_buckets()["Buckets"] == []
    write()
    boto3.Session(region_name="us-east-1").client("s3").create_bucket(Bucket=BUCKET)
    assert "error[PS764]: the bucket acme-state is in us-east-1, and the state should be in eu-central-1" in code()


def test_a_bucket_of_another_account_is_not_touched(
    s3: Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    write()
    monkeypatch.setenv("MOTO_S3_ALLOW_CROSSACCOUNT_ACCESS", "false")
    role = boto3.client("sts").assume_role(RoleArn="arn:aws:iam::999988887777:role/x", RoleSessionName="theirs")[
        "Credentials"
    ]
    keys = {
        "aws_access_key_id": role["AccessKeyId"],
        "aws_secret_access_key": role["SecretAccessKey"],
        "aws_session_token": role["SessionToken"],
    }
    theirs = boto3.Session(region_name=REGION, **keys).client("s3")
    theirs.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": REGION})
    for command in (["bootstrap"], ["bootstrap", "--check"]):
        assert main(command) == exit.ERRORS
        assert "error[PS763]: the bucket acme-state belongs to another account" in capsys.readouterr().err
