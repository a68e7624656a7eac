"""Ten cases that other tools get wrong, written by hand. They shaped the types of the IR (docs/adr/0001)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from platformspec.ir.expr import Json, Yaml, concat
from platformspec.ir.node import Data, Manifest, Moved, Node, Placement, ProviderConfig, Resource
from platformspec.ir.program import Program

HERE = Placement("111122223333", "eu-central-1", "main")
THERE = Placement("111122223333", "us-east-1", "west")


def resource(id: str, type: str, stack: str, attrs: dict[str, Any], place: Placement = HERE, **more: Any) -> Resource:
    return Resource(id, type, stack, place, attrs, id.split("/")[0], **more)


def manifest(
    id: str,
    api: str,
    kind: str,
    body: dict[str, Any],
    place: Placement = HERE,
    namespace: str | None = "apps",
    **more: Any,
) -> Manifest:
    name = id.rsplit("/", 1)[1]
    metadata = {"name": name, **({"namespace": namespace} if namespace else {})}
    return Manifest(
        id,
        f"{api}/{kind}",
        "kubernetes",
        place,
        {"apiVersion": api, "kind": kind, "metadata": metadata, **body},
        id.split("/")[0],
        **more,
    )


def role(name: str, stack: str) -> Resource:
    trust = Json(
        {
            "Version": "2012-10-17",
            "Statement": [
                {"Effect": "Allow", "Principal": {"Service": "pods.eks.amazonaws.com"}, "Action": "sts:AssumeRole"}
            ],
        }
    )
    return resource(f"team.{name}/role", "aws_iam_role", stack, {"name": name, "assume_role_policy": trust})


def key_policy_that_names_two_roles() -> list[Node]:
    """The key is older than the roles' stack: their ARNs follow from names we set, so no stack waits for the other."""
    roles = [role(name, "identity") for name in ("reader", "writer")]
    arns = [r.attr("arn", known=f"arn:aws:iam::111122223333:role/{r.attrs['name']}") for r in roles]
    policy = Json(
        {
            "Version": "2012-10-17",
            "Statement": [{"Effect": "Allow", "Principal": {"AWS": arns}, "Action": "kms:Decrypt", "Resource": "*"}],
        }
    )
    return [*roles, resource("bucket.models/key", "aws_kms_key", "data", {"policy": policy})]


def helm_values_with_a_queue_name() -> list[Node]:
    """Helm values stay a tree; the queue's name is a reference inside the stack and a literal outside."""
    queue = resource("cluster.main/queue", "aws_sqs_queue", "addons", {"name": "acme-karpenter"})
    values = Yaml({"settings": {"interruptionQueue": queue.attr("name", known="acme-karpenter"), "flag": "no"}})
    return [
        queue,
        resource(
            "cluster.main/karpenter",
            "helm_release",
            "addons",
            {"name": "karpenter", "chart": "karpenter", "values": [values]},
        ),
    ]


def connection_string_in_a_config_map() -> list[Node]:
    """The endpoint is known only after creation: it is one output and one binding."""
    database = resource("database.keys/cluster", "aws_rds_cluster", "data", {"engine": "aurora-postgresql"})
    return [
        database,
        manifest(
            "gateway.main/keys-endpoints",
            "v1",
            "ConfigMap",
            {"data": {"HOST": database.attr("endpoint"), "PORT": "5432"}},
        ),
    ]


def embedded_configuration_with_a_late_endpoint() -> list[Node]:
    """The document itself names an environment variable; the value comes beside it."""
    cache = resource(
        "cache.limits/group",
        "aws_elasticache_replication_group",
        "data",
        {"replication_group_id": "limits", "description": "x"},
    )
    config = Yaml(
        {"router_settings": {"redis_host": "os.environ/REDIS_HOST"}, "model_list": [{"model_name": "chat: ${x}"}]}
    )
    return [
        cache,
        manifest("gateway.main/config", "v1", "ConfigMap", {"data": {"config.yaml": config}}),
        manifest(
            "gateway.main/endpoints",
            "v1",
            "ConfigMap",
            {"data": {"REDIS_HOST": cache.attr("primary_endpoint_address")}},
        ),
    ]


def chart_then_definition_then_object() -> list[Node]:
    """Order without data: the object waits for the chart, the chart for its definitions."""
    crds = resource("cluster.main/crds", "helm_release", "addons", {"name": "crds", "chart": "crds"})
    chart = resource(
        "cluster.main/keda",
        "helm_release",
        "addons",
        {"name": "keda", "chart": "keda"},
        after=((crds.id, "the controller watches its definitions"),),
    )
    scaled = manifest(
        "model.chat/scaled",
        "keda.sh/v1alpha1",
        "ScaledObject",
        {"spec": {"scaleTargetRef": {"name": "chat"}, "triggers": []}},
        after=((chart.id, "keda brings the definition"),),
    )
    return [crds, chart, scaled]


def two_clusters_in_two_regions() -> list[Node]:
    """Stacks, provider blocks and folders derive from the placement."""
    nodes: list[Node] = []
    for name, place in (("main", HERE), ("west", THERE)):
        stack = "cluster" if name == "main" else f"cluster-{name}"
        nodes.append(
            ProviderConfig(f"stack.{stack}/aws", "aws", stack, place, {"region": place.region}, "platform.main")
        )
        nodes.append(resource(f"cluster.{name}/key", "aws_kms_key", stack, {"description": place.region}, place))
        nodes.append(manifest(f"cluster.{name}/apps", "v1", "Namespace", {}, place, namespace=None))
    return nodes


def an_existing_network() -> list[Node]:
    """Nothing is created: what is there is read, or named by its id."""
    vpc = Data("network.main/vpc", "aws_vpc", "network", HERE, {"id": "vpc-0a1b2c3d4e5f60718"}, "network.main")
    group = resource("cache.limits/group", "aws_security_group", "data", {"name": "limits", "vpc_id": vpc.attr("id")})
    return [vpc, group]


def a_rename() -> list[Node]:
    """Terraform is told, so that nothing is replaced."""
    attrs = {"from": "aws_kms_key.database_old__key", "to": "aws_kms_key.database_new__key"}
    return [
        Moved("database.new/moved-key", "moved", "data", HERE, attrs, "database.new"),
        resource("database.new/key", "aws_kms_key", "data", {"description": "d"}),
    ]


def one_role_from_three_edges() -> list[Node]:
    """Each policy exists for its own edge; the role for any of them."""
    targets = ("model.a", "model.b", "database.c")
    edges = tuple(f"gateway.main/uses/{target}" for target in targets)
    trust = Json({"Version": "2012-10-17", "Statement": []})
    owner = resource(
        "gateway.main/role", "aws_iam_role", "identity", {"name": "gateway", "assume_role_policy": trust}, edges=edges
    )
    policies = [
        resource(
            f"{edge}/grant",
            "aws_iam_role_policy",
            "identity",
            {
                "name": f"grant-{number}",
                "role": owner.attr("name"),
                "policy": Json(
                    {
                        "Version": "2012-10-17",
                        "Statement": [
                            {
                                "Effect": "Allow",
                                "Action": "bedrock:InvokeModel",
                                "Resource": concat("arn:aws:bedrock:::", edge),
                            }
                        ],
                    }
                ),
            },
            edges=(edge,),
        )
        for number, edge in enumerate(edges)
    ]
    return [owner, *policies]


def a_reference_to_a_secret() -> list[Node]:
    """AWS makes the password; its ARN, known only later, reaches an ExternalSecret. The value is nowhere."""
    database = resource(
        "database.keys/cluster",
        "aws_rds_cluster",
        "data",
        {"engine": "aurora-postgresql", "manage_master_user_password": True},
    )
    spec = {
        "secretStoreRef": {"name": "cloud-secrets", "kind": "ClusterSecretStore"},
        "target": {"name": "keys"},
        "data": [
            {
                "secretKey": "password",
                "remoteRef": {"key": database.attr("master_user_secret[0].secret_arn"), "property": "password"},
            }
        ],
    }
    return [database, manifest("gateway.main/keys", "external-secrets.io/v1", "ExternalSecret", {"spec": spec})]


CASES: tuple[Callable[[], list[Node]], ...] = (
    key_policy_that_names_two_roles, helm_values_with_a_queue_name, connection_string_in_a_config_map, embedded_configuration_with_a_late_endpoint,
    chart_then_definition_then_object, two_clusters_in_two_regions, an_existing_network, a_rename, one_role_from_three_edges, a_reference_to_a_secret,
)  # fmt: skip


def program(case: Callable[[], list[Node]]) -> Program:
    return Program.of("acme", None, case())
