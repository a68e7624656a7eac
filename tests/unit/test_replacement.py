"""Which arguments of AWS replace their resource: how the two sources are combined, and that the provider still says what is recorded."""

from __future__ import annotations

import json
import pathlib
import random
from typing import Any

import pytest
from platformspec_aws.replacement import DECIDED, verdict

from platformspec.diagnostics import Path
from scripts.ask_provider import Provider, Unavailable, ask

DATA = pathlib.Path(__file__).resolve().parents[2] / "providers/platformspec_aws/data"
ANSWERS: dict[str, Any] = json.loads((DATA / "provider_answers.json").read_text("utf-8"))
LISTED: dict[str, Any] = json.loads((DATA / "replacement.json").read_text("utf-8"))["types"]
SAID = {
    (type, key): kind
    for type, entry in ANSWERS["types"].items()
    for kind in sorted(entry)
    for key in sorted(entry[kind])
}
KINDS = {"replace": True, "update": False, "depends": None}


@pytest.mark.parametrize(
    ("type", "path", "replaces", "says"),
    [
        ("aws_vpc", ("cidr_block",), True, "AWS::EC2::VPC"),  # both
        ("aws_vpc", ("cidr_block",), True, "hashicorp/aws 3.39.0"),
        ("aws_s3_bucket_public_access_block", ("bucket",), True, "later version"),  # the provider alone
        ("aws_secretsmanager_secret_version", ("secret_id",), True, "later version"),
        ("aws_eks_access_entry", ("principal_arn",), True, "AWS::EKS::AccessEntry"),  # cfn-lint alone
        ("aws_elasticache_replication_group", ("engine",), None, "updated"),  # they contradict each other
        ("aws_elasticache_replication_group", ("engine_version",), None, "3.39.0"),  # upgrade or downgrade
        ("aws_placement_group", ("tags", "team"), False, ""),
        ("aws_eks_node_group", ("launch_template", 0, "version"), False, "AWS::EKS::Nodegroup"),  # nested
        ("aws_eks_node_group", ("launch_template", 0, "id"), True, "UpdateNodegroupVersion"),
        ("aws_eks_node_group", ("launch_template",), None, "3.39.0"),  # a block that comes or goes
        ("aws_eks_node_group", ("labels", "pool"), False, ""),  # within a map
        ("aws_eks_cluster", ("vpc_config", 0, "subnet_ids", 2), False, "5.25.0"),
        ("aws_eks_cluster", ("encryption_config", 0, "provider", 0, "key_arn"), None, "another key"),
        ("aws_iam_role_policy", ("policy", "Statement", 0, "Action"), False, ""),  # within a document
        ("aws_no_such_thing", ("name",), None, "no source"),
    ],
)
def test_verdict(type: str, path: Path, replaces: bool | None, says: str) -> None:
    found = verdict(type, path)
    assert found is not None
    assert found.replaces is replaces
    assert says in found.source


def test_no_contradiction_passes_for_certain_unless_it_was_decided() -> None:
    contradictions = set()
    for (type, key), kind in SAID.items():
        argument = key.split(".")[0]
        contrary = {"replace": "update", "update": "replace", "depends": "update"}[kind]
        if argument in LISTED.get(type, {}).get(contrary, ()) and argument != "tags":
            contradictions.add((type, key))
            found = verdict(type, tuple(key.split(".")))
            assert found is not None
            assert found.replaces is None or (type, key) in DECIDED, (type, key, found)
    assert contradictions
    # The provider 3.39 and CloudFormation both replace a cluster for its encryption; 6 does not.
    assert set(DECIDED) - contradictions == {("aws_eks_cluster", "encryption_config")}


def test_what_the_provider_alone_says_holds() -> None:
    for (type, key), kind in SAID.items():
        argument = key.split(".")[0]
        known = LISTED.get(type, {"replace": (), "update": ()})
        if key.endswith("[]") or argument in (*known["replace"], *known["update"], "tags"):
            continue
        if (type, argument) not in DECIDED and (type, key) not in DECIDED:
            found = verdict(type, tuple(key.split(".")))
            assert found is not None
            assert found.replaces is KINDS[kind], (type, key)


@pytest.mark.slow
def test_the_provider_says_it_again(tmp_path: pathlib.Path) -> None:
    try:
        provider = Provider(tmp_path)
    except Unavailable as why:
        pytest.skip(str(why))
    sample = frozenset(random.Random(3).sample(sorted(SAID), 20))
    again = {
        (type, key): kind
        for type, entry in ask(provider, sample).items()
        for kind, keys in entry.items()
        for key in keys
    }
    assert again == {key: SAID[key] for key in sample}
