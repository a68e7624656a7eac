"""What AWS bills for single resources: one function for each type that costs something by being there."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from typing import Any, Final

from platformspec.sdk import Amount, CostItem, Json, Manifest, Node, Path, Resource, Yaml
from platformspec_aws.compatibility import KUBERNETES_SUPPORT
from platformspec_aws.costs.billing import HOURS, LOAD, Billing, sources
from platformspec_aws.costs.gpu_pools import gib, is_system_pool, node_class
from platformspec_aws.gpu_pool.labels import POOL_LABEL
from platformspec_aws.patched import read

Rule = Callable[[Billing, Node], Iterator[CostItem]]

# AWS OpenSearch Serverless guide, "Managing capacity limits" and "cost-effective search at any scale": half a unit each for
# indexing and search, twice with standby replicas, for every KMS key; an account may use 10 and 10 until it raises the limit.
IDLE_UNITS: Final = {"ENABLED": 2.0, "DISABLED": 1.0}
ACCOUNT_UNITS: Final = 20


def control_plane(billing: Billing, node: Node) -> Iterator[CostItem]:
    """The EKS control plane; extended support where the version has outlived the standard one and the cluster stays on it."""
    attrs: Any = node.attrs
    version = attrs["version"]
    stays = attrs.get("upgrade_policy", [{}])[0].get("support_type", "EXTENDED") == "EXTENDED"
    ends = KUBERNETES_SUPPORT.get(version)
    late = ends is not None and billing.ctx.as_of > ends.standard
    key = "eks/control-plane-extended-support" if late and stays else "eks/control-plane"
    note = f"EKS upgrades it from {version}, whose standard support ended on {ends.standard}" if late and not stays and ends else ""  # fmt: skip
    yield billing.steady(node, f"control plane, Kubernetes {version}", key, HOURS, ("version",), note=note)


def node_group(billing: Billing, node: Node) -> Iterator[CostItem]:
    """Nodes without GPUs that are always there."""
    attrs: Any = node.attrs
    if POOL_LABEL in (attrs.get("labels") or {}):
        return
    template = billing.ctx.node(attrs["launch_template"][0]["id"].node)
    shape: Any = template.attrs
    size, types = attrs["scaling_config"][0], attrs["instance_types"]
    counts = size["min_size"], size["desired_size"], size["max_size"]
    paths = sources(node, ("instance_types",), ("scaling_config", 0, "min_size"), ("scaling_config", 0, "max_size"))
    # On demand, EKS takes the first type that it can have.
    yield billing.line(
        node,
        "nodes",
        [Amount(f"ec2/{type}", HOURS * counts[0]) for type in types],
        (Amount(f"ec2/{types[0]}", HOURS * counts[1]),),
        [Amount(f"ec2/{type}", HOURS * counts[2]) for type in types],
        paths,
    )
    volume = float(shape["block_device_mappings"][0]["ebs"][0]["volume_size"])
    least, likely, most = ((Amount("ebs/gp3", volume * count),) for count in counts)
    yield billing.line(node, "node volumes", least, likely, most, paths, role="volumes")


def elastic_nodes(billing: Billing, node: Node) -> Iterator[CostItem]:
    """Nodes without GPUs that come when pods wait. The file does not say how often, so the likely number is none."""
    if not isinstance(node, Manifest) or not is_system_pool(node):
        return
    attrs: Any = node.attrs
    spec = attrs["spec"]["template"]["spec"]
    place, types = next(
        (position, item["values"])
        for position, item in enumerate(spec["requirements"])
        if item["key"] == "node.kubernetes.io/instance-type"
    )
    most = int(attrs["spec"]["limits"]["nodes"])
    volume, volume_paths = node_class(billing, spec["nodeClassRef"]["name"], node)
    requirement = ("spec", "template", "spec", "requirements", place, "values")
    paths = (*sources(node, ("spec", "limits", "nodes"), requirement), *volume_paths)
    none = Amount(f"ec2/{types[0]}", 0)
    yield billing.line(
        node, "nodes above the minimum", [none], (none,), [Amount(f"ec2/{type}", HOURS * most) for type in types], paths
    )
    gone = (Amount("ebs/gp3", 0),)
    yield billing.line(node, "their volumes", gone, gone, (Amount("ebs/gp3", volume * most),), paths, role="volumes")


def _role(node: Node) -> str:
    return node.id.removeprefix(f"{node.declaration}/")


def nat_gateway(billing: Billing, node: Node) -> Iterator[CostItem]:
    yield billing.steady(node, f"NAT gateway {_role(node)}", "ec2/nat-gateway", HOURS)
    yield billing.uncounted(node, "data through the NAT gateway", "nothing in the file says how much")


def elastic_ip(billing: Billing, node: Node) -> Iterator[CostItem]:
    yield billing.steady(node, f"public IPv4 address {_role(node)}", "ec2/public-ipv4", HOURS)


def vpc_endpoint(billing: Billing, node: Node) -> Iterator[CostItem]:
    """Interface endpoints cost per zone; gateway endpoints nothing."""
    attrs: Any = node.attrs
    if attrs.get("vpc_endpoint_type") != "Interface":
        return
    name = str(attrs["service_name"]).split(".", 3)[-1]
    zones = len(attrs["subnet_ids"])
    yield billing.steady(
        node, f"endpoint {name} in {zones} zones", "ec2/interface-endpoint", HOURS * zones, ("subnet_ids",)
    )
    yield billing.uncounted(node, "data through endpoints", "nothing in the file says how much")


def kms_key(billing: Billing, node: Node) -> Iterator[CostItem]:
    yield billing.steady(node, f"KMS key {_role(node)}", "kms/key", 1)


def secret(billing: Billing, node: Node) -> Iterator[CostItem]:
    yield billing.steady(node, f"secret {_role(node)}", "secretsmanager/secret", 1)


def hosted_zone(billing: Billing, node: Node) -> Iterator[CostItem]:
    yield billing.steady(node, "hosted zone", "route53/zone", 1)


def aurora_instance(billing: Billing, node: Node) -> Iterator[CostItem]:
    """Each Serverless v2 instance scales between the cluster's bounds."""
    cluster = billing.ctx.node(node.attrs["cluster_identifier"].node)  # type: ignore[union-attr]
    if node.attrs["instance_class"] != "db.serverless":
        yield billing.steady(node, "database instance", f"rds/{node.attrs['instance_class']}", HOURS)
        return
    block: Any = cluster.attrs["serverlessv2_scaling_configuration"]
    scaling = block[0]
    where = ("serverlessv2_scaling_configuration", 0)
    bounds = (*sources(cluster, (*where, "min_capacity"), (*where, "max_capacity")), *sources(node), *LOAD)
    least, most = scaling["min_capacity"], scaling["max_capacity"]
    low, middle, high = (
        (Amount("aurora/acu", HOURS * units),) for units in (least, billing.average(least, most), most)
    )
    yield billing.line(node, f"Aurora {_role(node)}, {least:g} to {most:g} units", low, middle, high, bounds)


def aurora_cluster(billing: Billing, node: Node) -> Iterator[CostItem]:
    yield billing.uncounted(node, "database storage, I/O and backups", "they grow with the data")


def valkey(billing: Billing, node: Node) -> Iterator[CostItem]:
    attrs: Any = node.attrs
    key = f"elasticache/{attrs['engine']}/{attrs['node_type']}"
    count = attrs["num_cache_clusters"]
    yield billing.steady(node, "Valkey nodes", key, HOURS * count, ("node_type",), ("num_cache_clusters",))
    yield billing.uncounted(node, "cache snapshots", "they grow with the data")


def opensearch_collection(billing: Billing, node: Node) -> Iterator[CostItem]:
    """Units that never sleep. The upper bound is the account's, so nothing says that a collection comes near it."""
    attrs: Any = node.attrs
    others = sum(1 for other in billing.nodes if other.type == node.type)
    idle = IDLE_UNITS[attrs["standby_replicas"]]
    most = max(idle, ACCOUNT_UNITS / others)
    key = "opensearch-serverless/ocu"
    yield billing.line(
        node, "OpenSearch Serverless units",
        (Amount(key, HOURS * idle),), (Amount(key, HOURS * idle),), (Amount(key, HOURS * most),),
        sources(node, ("standby_replicas",)),
        note=f"at most this collection's part of the {ACCOUNT_UNITS} units that an account may use by default",
    )  # fmt: skip
    yield billing.uncounted(node, "index storage", "it grows with the data")


def opensearch_endpoint(billing: Billing, node: Node) -> Iterator[CostItem]:
    attrs: Any = node.attrs
    zones = len(attrs["subnet_ids"])
    yield billing.steady(node, f"OpenSearch Serverless endpoint in {zones} zones", "opensearch-serverless/endpoint", HOURS * zones, ("subnet_ids",))  # fmt: skip


def load_balancer(billing: Billing, node: Node) -> Iterator[CostItem]:
    """An Ingress becomes an Application Load Balancer, with an address in each zone where the internet reaches it."""
    attrs: Any = node.attrs
    annotations = attrs["metadata"].get("annotations", {})
    where = ("metadata", "annotations", "alb.ingress.kubernetes.io/scheme")
    yield billing.steady(node, "application load balancer", "elb/application", HOURS)
    if annotations.get("alb.ingress.kubernetes.io/scheme") == "internet-facing":
        zones = len(billing.ctx.network.public_subnet_ids.value)
        yield billing.steady(node, f"public IPv4 addresses in {zones} zones", "ec2/public-ipv4", HOURS * zones, where, role="addresses")  # fmt: skip
    yield billing.uncounted(node, "load balancer capacity units", "they follow the requests")


def network_load_balancer(billing: Billing, node: Node) -> Iterator[CostItem]:
    spec: Any = node.attrs["spec"]
    if spec.get("type") != "LoadBalancer":
        return
    yield billing.steady(node, "network load balancer", "elb/network", HOURS)
    yield billing.uncounted(node, "load balancer capacity units", "they follow the requests")


def stateful_volumes(billing: Billing, node: Node) -> Iterator[CostItem]:
    """A volume of each claim for each replica."""
    spec: Any = node.attrs["spec"]
    claims = spec.get("volumeClaimTemplates", ())
    size = sum(gib(claim["spec"]["resources"]["requests"]["storage"]) for claim in claims)
    if size:
        count = spec.get("replicas", 1)
        yield billing.steady(node, "volumes", "ebs/gp3", size * count, ("spec", "volumeClaimTemplates", 0, "spec", "resources", "requests", "storage"), ("spec", "replicas"))  # fmt: skip


def claimed_volume(billing: Billing, node: Node) -> Iterator[CostItem]:
    spec: Any = node.attrs["spec"]
    if "volumeName" in spec:
        # It claims a volume that is there already: the folder of a node, whose disk is counted with the node.
        return
    where = ("spec", "resources", "requests", "storage")
    yield billing.steady(node, "volume", "ebs/gp3", gib(spec["resources"]["requests"]["storage"]), where)


def release_volumes(billing: Billing, node: Node) -> Iterator[CostItem]:
    """Volumes that a chart's values claim, such as those of Prometheus."""
    for path, holder in _holders(node.attrs.get("values"), (), "volumeClaimTemplate"):
        size = gib(holder["volumeClaimTemplate"]["spec"]["resources"]["requests"]["storage"])
        above = [value for length in range(len(path)) for value in (_at(node.attrs["values"], path[: length + 1]),)]
        replicas = next(
            (value["replicas"] for value in reversed(above) if isinstance(value, dict) and "replicas" in value), 1
        )
        yield billing.steady(node, "volumes", "ebs/gp3", size * replicas, ("values", *path))


def _holders(value: Any, path: Path, key: str) -> Iterator[tuple[Path, Any]]:
    if isinstance(value, (Json, Yaml)):
        value = value.tree
    if isinstance(value, dict):
        if key in value:
            yield path, value
        for name, item in value.items():
            yield from _holders(item, (*path, name), key)
    elif isinstance(value, (list, tuple)):
        for position, item in enumerate(value):
            yield from _holders(item, (*path, position), key)


def _at(value: Any, path: Path) -> Any:
    for part in path:
        value = value.tree if isinstance(value, (Json, Yaml)) else value
        value = value[part]
    return value.tree if isinstance(value, (Json, Yaml)) else value


def _usage(what: str, why: str) -> Rule:
    def rule(billing: Billing, node: Node) -> Iterator[CostItem]:
        yield billing.uncounted(node, what, why)

    return rule


RULES: Final[dict[str, Rule]] = {
    "aws_bedrock_guardrail": _usage("Bedrock guardrail", "it bills the texts that it judges"),
    "aws_cloudwatch_log_group": _usage("logs in CloudWatch", "they follow what is logged"),
    "aws_eip": elastic_ip,
    "aws_eks_cluster": control_plane,
    "aws_eks_node_group": node_group,
    "aws_elasticache_replication_group": valkey,
    "aws_flow_log": _usage("flow logs", "they follow the traffic"),
    "aws_kms_key": kms_key,
    "aws_nat_gateway": nat_gateway,
    "aws_opensearchserverless_collection": opensearch_collection,
    "aws_opensearchserverless_vpc_endpoint": opensearch_endpoint,
    "aws_prometheus_workspace": _usage("Amazon Managed Prometheus", "it bills samples, storage and queries"),
    "aws_rds_cluster": aurora_cluster,
    "aws_rds_cluster_instance": aurora_instance,
    "aws_route53_zone": hosted_zone,
    "aws_secretsmanager_secret": secret,
    "aws_sqs_queue": _usage("queue requests", "they follow the events"),
    "aws_vpc_endpoint": vpc_endpoint,
    "helm_release": release_volumes,
    "Ingress": load_balancer,
    "NodePool": elastic_nodes,
    "PersistentVolumeClaim": claimed_volume,
    "Service": network_load_balancer,
    "StatefulSet": stateful_volumes,
}

PATCHED: Final = "a patch under extend gave it a shape that no rule can read"
FREE: Final = frozenset(
    {
        "aws_acm_certificate", "aws_acm_certificate_validation", "aws_budgets_budget", "aws_cloudwatch_event_rule", "aws_cloudwatch_event_target",
        "aws_db_subnet_group", "aws_default_security_group", "aws_eks_access_entry", "aws_eks_access_policy_association", "aws_eks_addon",
        "aws_eks_identity_provider_config",
        "aws_eks_pod_identity_association", "aws_elasticache_subnet_group", "aws_iam_role", "aws_iam_role_policy", "aws_iam_role_policy_attachment",
        "aws_bedrock_guardrail_version", "aws_internet_gateway", "aws_kms_alias", "aws_launch_template", "aws_opensearchserverless_access_policy", "aws_opensearchserverless_security_policy",
        "aws_placement_group", "aws_rds_cluster_parameter_group", "aws_route", "aws_route53_record", "aws_route_table", "aws_route_table_association",
        "aws_s3_bucket", "aws_s3_bucket_lifecycle_configuration", "aws_s3_bucket_ownership_controls", "aws_s3_bucket_policy", "aws_s3_bucket_public_access_block",
        "aws_s3_bucket_server_side_encryption_configuration", "aws_s3_bucket_versioning", "aws_secretsmanager_secret_version", "aws_security_group",
        "aws_sqs_queue_policy", "aws_subnet", "aws_vpc", "aws_vpc_security_group_egress_rule", "aws_vpc_security_group_ingress_rule",
    }
)  # fmt: skip
"""Types that AWS does not bill for being there. What a bucket holds is counted with the models."""


def _lines_of(rule: Rule, billing: Billing, node: Node) -> list[CostItem]:
    return list(rule(billing, node))


def service_lines(billing: Billing) -> Iterator[CostItem]:
    """Every resource's lines. A type that no rule knows is listed as such, and never passed over."""
    for node in billing.nodes:
        if not isinstance(node, (Resource, Manifest)):
            continue
        rule = RULES.get(str(node.attrs["kind"]) if isinstance(node, Manifest) else node.type)
        if rule is not None:
            unread = [billing.uncounted(node, node.type, PATCHED)]
            yield from read(billing.ctx, node, functools.partial(_lines_of, rule, billing, node), unread)
        elif isinstance(node, Resource) and node.type not in FREE:
            yield billing.uncounted(node, node.type, "no rule says what it costs")
