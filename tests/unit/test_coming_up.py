"""What is compiled comes up: each test is a way in which a platform would not, seen in the nodes of small platforms."""

from __future__ import annotations

from typing import Any

import pytest

from platformspec.diagnostics import Report
from platformspec.ir.node import Manifest, Node
from platformspec.ir.program import Program
from platformspec.lower.lower import lower
from platformspec.providers import installed_providers
from tests.support.platforms import base, graph_of

CHAT = {"source": {"hugging_face": "Qwen/Qwen3-8B"}, "scale": {"min": 1, "max": 2}}
L4 = {"accelerator": "l4", "gpus_per_node": 1}
NETWORK = {
    "vpc_id": "vpc-0a1b2c3d4e5f60718",
    "cidr": "10.20.0.0/16",
    "private_subnet_ids": ["subnet-0a1b2c3d4e5f60711", "subnet-0a1b2c3d4e5f60712"],
    "public_subnet_ids": ["subnet-0a1b2c3d4e5f60713", "subnet-0a1b2c3d4e5f60714"],
}
FRONT = {"hostname": "llm.acme.example", "dns": {"zone": "acme.example"}}


def program(**sections: Any) -> Program:
    report = Report()
    lowered = lower(graph_of(base(**sections)), installed_providers(), report)
    assert lowered is not None, [(d.message, d.help) for d in report]
    return lowered.program


def served(**gateway: Any) -> Program:
    return program(
        gpu_pools={"l4": L4},
        models={"chat": CHAT},
        gateways={"main": {"routes": {"chat": {"targets": ["chat"]}}, **gateway}},
        databases={"db": {}},
        caches={"cache": {}},
    )


def nodes(of: Program, type: str) -> dict[str, Node]:
    return {id: node for id, node in of.nodes.items() if node.type == type}


def pod(of: Program, id: str) -> dict[str, Any]:
    found: dict[str, Any] = of.nodes[id].attrs["spec"]["template"]["spec"]
    return found


def variables(of: Program, id: str) -> dict[str, Any]:
    return {entry["name"]: entry.get("value") for entry in pod(of, id)["containers"][0]["env"]}


class TestSomebodyMayEnterTheCluster:
    def test_whoever_applies_where_no_administrator_is_named(self) -> None:
        of = program(clusters={"main": {}})
        entry = of.nodes["cluster.main/admin-applier"]
        session = of.nodes["cluster.main/applier-role"]
        assert session.type == "aws_iam_session_context"
        assert entry.attrs["principal_arn"].node == session.id
        assert "cluster.main/admin-applier-policy" in of.nodes

    def test_the_administrators_where_they_are_named(self) -> None:
        of = program(clusters={"main": {"admins": ["ops/lead", "ops-lead"]}})
        assert len(nodes(of, "aws_eks_access_entry")) == 2
        assert not nodes(of, "aws_iam_session_context")

    def test_the_private_endpoint_answers_the_network(self) -> None:
        rule = program(clusters={"main": {}}).nodes["cluster.main/api-ingress"].attrs
        assert (rule["from_port"], rule["cidr_ipv4"]) == (443, "10.0.0.0/16")


class TestSystemNodesGrow:
    def test_karpenter_starts_those_above_the_minimum(self) -> None:
        of = program(clusters={"main": {"system_nodes": {"min": 2, "max": 5}}})
        group = of.nodes["cluster.main/system-nodes"].attrs["scaling_config"][0]
        assert group == {"min_size": 2, "desired_size": 2, "max_size": 2}
        pool: Any = of.nodes["cluster.main/node-pool"].attrs["spec"]
        assert pool["limits"] == {"nodes": "3"}
        wanted = pod(served(), "gateway.main/deployment")["nodeSelector"]
        assert wanted.items() <= pool["template"]["metadata"]["labels"].items()

    def test_a_fixed_number_needs_no_karpenter(self) -> None:
        of = program(clusters={"main": {"system_nodes": {"min": 2, "max": 2}}})
        assert not nodes(of, "helm_release")


@pytest.mark.parametrize(("spot", "allowed"), [({}, True), (None, False)])
def test_karpenter_may_make_the_role_for_spot_where_there_is_spot(spot: Any, allowed: bool) -> None:
    pool = {**L4, "capacity": {"nodes": {"max": 2}, **({"spot": spot} if spot is not None else {})}}
    policy = program(gpu_pools={"l4": pool}).nodes["cluster.main/karpenter/policy"].attrs["policy"]
    sids = {statement["Sid"] for statement in policy.tree["Statement"]}
    assert ("CreateSpotRole" in sids) is allowed


class TestTheGateway:
    def test_starts_with_a_read_only_image(self) -> None:
        of = served(database="db")
        container = pod(of, "gateway.main/deployment")["containers"][0]
        assert container["securityContext"]["readOnlyRootFilesystem"]
        written = variables(of, "gateway.main/deployment")
        mounts = [mount["mountPath"] for mount in container["volumeMounts"] if not mount.get("readOnly")]
        for variable in ("HOME", "LITELLM_MIGRATION_DIR"):
            assert any(str(written[variable]).startswith(mount) for mount in mounts), variable

    def test_connects_as_its_own_user_with_its_identity(self) -> None:
        of = served(database="db")
        env = variables(of, "gateway.main/deployment")
        # A password would be another one after a week; the server would not hear of it.
        assert env["IAM_TOKEN_DB_AUTH"] == "True"
        assert "DATABASE_PASSWORD" not in env
        user = env["DATABASE_USERNAME"]
        assert of.nodes["gateway.main/endpoints"].attrs["data"]["DATABASE_NAME"] == user
        grant = of.nodes["gateway.main/keeps_state_in/database.db/grant-gateway-main-main"].attrs["policy"].tree
        assert grant["Statement"][0]["Action"] == ["rds-db:connect"]
        assert f"/{user}" in str(grant["Statement"][0]["Resource"])
        assert of.nodes["database.db/cluster"].attrs["iam_database_authentication_enabled"]

    def test_two_gateways_in_a_cluster_of_databases_have_one_each(self) -> None:
        route = {"routes": {"chat": {"targets": ["chat"]}}, "database": "db"}
        of = program(
            gpu_pools={"l4": L4}, models={"chat": CHAT}, gateways={"a": route, "b": route}, databases={"db": {}}
        )
        names = {of.nodes[f"gateway.{name}/endpoints"].attrs["data"]["DATABASE_NAME"] for name in "ab"}
        assert len(names) == 2

    def test_takes_the_port_of_an_adopted_database(self) -> None:
        existing = {
            "host": "db.acme.example",
            "port": 5433,
            "database": "litellm",
            "secret_arn": "arn:aws:secretsmanager:eu-central-1:111122223333:secret:keys-AbCdEf",
            "security_group_id": "sg-0a1b2c3d4e5f60719",
        }
        of = program(
            gpu_pools={"l4": L4},
            models={"chat": CHAT},
            databases={"db": {"existing": existing}},
            gateways={"main": {"routes": {"chat": {"targets": ["chat"]}}, "database": "db"}},
        )
        env = variables(of, "gateway.main/deployment")
        names = list(env)
        assert env["DATABASE_HOST"] == "$(DATABASE_ENDPOINT):$(DATABASE_PORT)"
        # Kubernetes expands only what stands before.
        assert max(names.index("DATABASE_ENDPOINT"), names.index("DATABASE_PORT")) < names.index("DATABASE_HOST")

    def test_stops_after_its_longest_answer(self) -> None:
        of = served(routes={"chat": {"targets": ["chat"], "timeout_seconds": 1800}}, **FRONT)
        assert variables(of, "gateway.main/deployment")["GRACEFUL_SHUTDOWN_TIMEOUT"] == "1800"
        assert pod(of, "gateway.main/deployment")["terminationGracePeriodSeconds"] > 1800
        annotations: Any = of.nodes["gateway.main/ingress"].attrs["metadata"]["annotations"]
        prefix = "alb.ingress.kubernetes.io"
        assert "deregistration_delay.timeout_seconds=1800" in annotations[f"{prefix}/target-group-attributes"]
        assert "idle_timeout.timeout_seconds=1810" in annotations[f"{prefix}/load-balancer-attributes"]

    @pytest.mark.parametrize(("exposure", "tier"), [("internal", "private"), ("internet", "public")])
    def test_names_the_subnets_of_an_adopted_network(self, exposure: str, tier: str) -> None:
        cloud = {"account": "111122223333", "region": "eu-central-1", "network": {"existing": NETWORK}}
        open_to = {"allow_cidrs": ["203.0.113.0/24"]} if exposure == "internet" else {}
        gateway = {"routes": {"chat": {"targets": ["chat"]}}, "exposure": exposure, **open_to, **FRONT}
        of = program(cloud=cloud, gpu_pools={"l4": L4}, models={"chat": CHAT}, gateways={"main": gateway})
        annotations: Any = of.nodes["gateway.main/ingress"].attrs["metadata"]["annotations"]
        assert annotations["alb.ingress.kubernetes.io/subnets"] == ",".join(NETWORK[f"{tier}_subnet_ids"])


def test_qdrant_marks_its_first_start_where_it_may_write() -> None:
    of = program(
        models={"e": {"external": {"provider": "bedrock", "model": "amazon.titan-embed-text-v2:0"}, "task": "embedding", "facts": {"dimensions": 1024}}},
        vector_stores={"v": {"engine": "qdrant", "collections": {"c": {"embed_with": "e"}}}},
    )  # fmt: skip
    marker = variables(of, "vector_store.v/stateful-set")["QDRANT_INIT_FILE_PATH"]
    mounts = pod(of, "vector_store.v/stateful-set")["containers"][0]["volumeMounts"]
    assert any(marker.startswith(mount["mountPath"]) for mount in mounts)


def test_models_whose_names_begin_alike_scale_on_their_own_queues() -> None:
    of = program(gpu_pools={"l4": L4}, models={"chat": CHAT, "chat-large": CHAT})
    queries = {
        id: node.attrs["spec"]["triggers"][0]["metadata"]["query"]
        for id, node in nodes(of, "keda.sh/v1alpha1/ScaledObject").items()
    }
    assert 'job="models/chat"' in queries["model.chat/scaled-object"]
    for id in queries:
        monitor = of.nodes[id.replace("scaled-object", "pod-monitor")].attrs["metadata"]
        assert f'job="{monitor["namespace"]}/{monitor["name"]}"' in queries[id]


def test_openings_of_names_with_dashes_stay_apart() -> None:
    route = {"targets": ["chat"]}
    of = program(
        gpu_pools={"l4": L4},
        models={"chat": CHAT},
        gateways={"main": {"routes": {"a-b": route}}, "main-a": {"routes": {"b": route}}},
    )
    names = [
        (node.attrs["metadata"]["namespace"], node.attrs["metadata"]["name"])
        for node in of.nodes.values()
        if isinstance(node, Manifest) and node.type.endswith("/NetworkPolicy")
    ]
    assert len(names) == len(set(names))


def test_everything_that_starts_instances_tags_them_and_their_parts() -> None:
    of = program(gpu_pools={"l4": {**L4, "capacity": {"nodes": {"min": 1, "max": 2}}}}, databases={"db": {}})
    for id, template in nodes(of, "aws_launch_template").items():
        tagged: Any = template.attrs["tag_specifications"]
        assert {entry["resource_type"] for entry in tagged} == {"instance", "volume", "network-interface"}, id
        assert all("platformspec:address" in entry["tags"] for entry in tagged), id
    for id, node in nodes(of, "karpenter.k8s.aws/v1/EC2NodeClass").items():
        assert "platformspec:address" in node.attrs["spec"]["tags"], id


def test_volumes_of_claims_carry_the_platforms_tags() -> None:
    of = program(gpu_pools={"l4": L4}, models={"chat": CHAT})
    addon = of.nodes["cluster.main/block-storage/addon-aws-ebs-csi-driver"].attrs["configuration_values"]
    assert addon.tree["controller"]["extraVolumeTags"]["platformspec:platform"] == "acme"


def test_sglang_knows_its_users_name() -> None:
    of = program(
        gpu_pools={"l4": L4}, models={"chat": {**CHAT, "serve": {"engine": "sglang", "gpu_memory_utilization": 0.85}}}
    )
    assert variables(of, "model.chat/deployment")["USER"]
