"""The ten cases are sound, and emit what they should."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
import yaml

from platformspec.diagnostics import Report
from platformspec.emit.emit import emit
from platformspec.emit.settings import EmitSettings
from platformspec.ir.node import Node
from platformspec.ir.serialise import from_json, to_json
from platformspec.ir.verify import verify
from platformspec.providers import installed_providers
from tests.ir_fixtures import cases

SETTINGS = EmitSettings("acme", None, None, {"aws": {"source": "hashicorp/aws", "version": "~> 6.0"}})


def files(case: Callable[[], list[Node]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for path, content in emit(cases.program(case), SETTINGS).files.items():
        found[path] = json.loads(content) if path.endswith(".json") else yaml.safe_load(content)
    return found


@pytest.mark.parametrize("case", cases.CASES, ids=lambda case: case.__name__)
def test_sound(case: Callable[[], list[Node]]) -> None:
    program = cases.program(case)
    report = Report()
    verify(program, [p.catalogue for p in installed_providers().providers if p.catalogue is not None], report)
    assert report.ok, [d.message for d in report]
    assert to_json(from_json(to_json(program))) == to_json(program)


def test_known_arns_need_no_order() -> None:
    out = files(cases.key_policy_that_names_two_roles)
    policy = json.loads(
        out["terraform/stacks/data/cdk.tf.json"]["resource"]["aws_kms_key"]["bucket_models__key"]["policy"]
    )
    assert policy["Statement"][0]["Principal"]["AWS"] == [
        f"arn:aws:iam::111122223333:role/{name}" for name in ("reader", "writer")
    ]
    assert "terraform_remote_state" not in out["terraform/stacks/data/cdk.tf.json"].get("data", {})


def test_values_are_yaml_with_a_reference() -> None:
    (values,) = files(cases.helm_values_with_a_queue_name)["terraform/stacks/addons/cdk.tf.json"]["resource"][
        "helm_release"
    ]["cluster_main__karpenter"]["values"]
    assert yaml.safe_load(values) == {
        "settings": {"interruptionQueue": "${aws_sqs_queue.cluster_main__queue.name}", "flag": "no"}
    }


def test_a_late_value_is_one_binding() -> None:
    out = files(cases.connection_string_in_a_config_map)
    (binding,) = out["bindings.json"]
    assert binding["json_pointer"] == "/data/HOST"
    assert binding["output"] in out["terraform/stacks/data/cdk.tf.json"]["output"]
    assert out[binding["file"]]["data"]["PORT"] == "5432"


def test_an_embedded_document_reads_back() -> None:
    config = yaml.safe_load(
        files(cases.embedded_configuration_with_a_late_endpoint)["kubernetes/main/apps/configmap-config.yaml"]["data"][
            "config.yaml"
        ]
    )
    assert config["model_list"] == [{"model_name": "chat: ${x}"}]


def test_order_without_data() -> None:
    program = cases.program(cases.chart_then_definition_then_object)
    assert program.waves == (("addons",), ("kubernetes",))
    release = files(cases.chart_then_definition_then_object)["terraform/stacks/addons/cdk.tf.json"]["resource"][
        "helm_release"
    ]["cluster_main__keda"]
    assert release["depends_on"] == ["helm_release.cluster_main__crds"]


def test_placement_decides() -> None:
    out = files(cases.two_clusters_in_two_regions)
    assert out["terraform/stacks/cluster-west/cdk.tf.json"]["provider"]["aws"] == [{"region": "us-east-1"}]
    assert {"kubernetes/main/_cluster/namespace-apps.yaml", "kubernetes/west/_cluster/namespace-apps.yaml"} <= set(out)


def test_what_exists_is_read() -> None:
    out = files(cases.an_existing_network)["terraform/stacks/network/cdk.tf.json"]
    assert "resource" not in out
    assert out["data"]["aws_vpc"]["network_main__vpc"] == {"id": "vpc-0a1b2c3d4e5f60718"}


def test_a_rename_is_announced() -> None:
    (moved,) = files(cases.a_rename)["terraform/stacks/data/cdk.tf.json"]["moved"]
    assert moved == {"from": "aws_kms_key.database_old__key", "to": "aws_kms_key.database_new__key"}


def test_policies_belong_to_edges() -> None:
    program = cases.program(cases.one_role_from_three_edges)
    assert sorted(len(node.edges) for node in program) == [1, 1, 1, 3]


def test_a_secret_is_a_reference() -> None:
    out = files(cases.a_reference_to_a_secret)
    (binding,) = out["bindings.json"]
    assert binding["json_pointer"] == "/spec/data/0/remoteRef/key"
    assert "password" not in json.dumps(out["terraform/stacks/data/cdk.tf.json"]["output"])
