"""What applying needs to know about AWS: ids for import, the way to a cluster, what guards a deletion, and what outlives one.

Forms of ids: the section Import of each resource's page in the documentation of the Terraform providers aws 6 and helm 3.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from platformspec.sdk import AccountProblem, Acting, BucketTrait, ClusterAccess, Objects, StateBucket
from platformspec_aws.given_ids import GIVEN_IDS
from platformspec_aws.preflight import INSTALL

# Only types whose name is ours. `account` and `region` are those of the resource's placement.
IMPORT_IDS: Final = {
    "aws_budgets_budget": "{account}:{name}",
    "aws_cloudwatch_event_rule": "{name}",
    "aws_cloudwatch_event_target": "{rule}/{target_id}",
    "aws_cloudwatch_log_group": "{name}",
    "aws_db_subnet_group": "{name}",
    "aws_eks_access_entry": "{cluster_name}:{principal_arn}",
    "aws_eks_access_policy_association": "{cluster_name}#{principal_arn}#{policy_arn}",
    "aws_eks_addon": "{cluster_name}:{addon_name}",
    "aws_eks_cluster": "{name}",
    "aws_eks_node_group": "{cluster_name}:{node_group_name}",
    "aws_elasticache_replication_group": "{replication_group_id}",
    "aws_elasticache_subnet_group": "{name}",
    "aws_iam_role": "{name}",
    "aws_iam_role_policy": "{role}:{name}",
    "aws_iam_role_policy_attachment": "{role}/{policy_arn}",
    "aws_kms_alias": "{name}",
    "aws_opensearchserverless_access_policy": "{name}/{type}",
    "aws_opensearchserverless_security_policy": "{name}/{type}",
    "aws_placement_group": "{name}",
    "aws_rds_cluster": "{cluster_identifier}",
    "aws_rds_cluster_instance": "{identifier}",
    "aws_rds_cluster_parameter_group": "{name}",
    "aws_route": "{route_table_id}_{destination_cidr_block}",
    "aws_route_table_association": "{subnet_id}/{route_table_id}",
    "aws_s3_bucket": "{bucket}",
    "aws_s3_bucket_lifecycle_configuration": "{bucket}",
    "aws_s3_bucket_ownership_controls": "{bucket}",
    "aws_s3_bucket_policy": "{bucket}",
    "aws_s3_bucket_public_access_block": "{bucket}",
    "aws_s3_bucket_server_side_encryption_configuration": "{bucket}",
    "aws_s3_bucket_versioning": "{bucket}",
    "aws_sqs_queue": "https://sqs.{region}.amazonaws.com/{account}/{name}",
    "aws_sqs_queue_policy": "{queue_url}",
    "helm_release": "{namespace}/{name}",
}

# EKS: docs.aws.amazon.com/eks/latest/userguide/deletion-protection.html. Aurora: .../AuroraUserGuide/USER_DeleteCluster.html.
# A bucket with objects is deleted by the provider only where force_destroy says so.
GUARDS: Final = {
    "aws_eks_cluster": {"deletion_protection": False},
    "aws_rds_cluster": {"deletion_protection": False},
    "aws_s3_bucket": {"force_destroy": True},
}

# docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/USER_UpgradeDBInstance.PostgreSQL.html, .../AmazonElastiCache/latest/dg/VersionManagement.html.
# EKS takes a control plane back by one minor version for seven days: .../eks/latest/userguide/rollback-cluster.html.
ONLY_RISE: Final = {
    "aws_elasticache_replication_group": "engine_version",
    "aws_rds_cluster": "engine_version",
}

RETAINS: Final = {
    "aws_kms_key": "a KMS key ({description}) is deleted {deletion_window_in_days} days from now; until then `aws kms cancel-key-deletion` keeps it",
    "aws_rds_cluster": "final snapshot {final_snapshot_identifier} of Aurora cluster {cluster_identifier}; it costs, its name is taken until it is deleted, "
    "and it is lost with the database's KMS key: copy it under another key, or cancel the key's deletion",
    "aws_secretsmanager_secret": "secret {name} can be restored for {recovery_window_in_days} days, and its name is taken until then; "
    "`aws secretsmanager delete-secret --force-delete-without-recovery --secret-id {name}` frees it",
}


def _eks_access(attributes: Mapping[str, Any], region: str) -> ClusterAccess:
    authority = attributes["certificate_authority"][0]["data"]
    command = ("aws", "eks", "get-token", "--cluster-name", attributes["name"], "--region", region, "--output", "json")
    return ClusterAccess(attributes["endpoint"], authority, command)


def open_objects(bucket: str, region: str, kms_key_arn: str | None = None) -> Objects:
    """The objects of a bucket. Raises `AccountProblem` where boto3 is not installed."""
    try:
        from platformspec_aws.s3_objects import S3Objects
    except ImportError as error:
        raise AccountProblem("boto3", "boto3 is not installed, and cloud.state is in S3", INSTALL) from error
    return S3Objects(bucket, region, kms_key_arn)


def prepare_bucket(wanted: StateBucket, only_look: bool) -> Iterable[BucketTrait]:
    """Make the bucket for state. Raises `AccountProblem` and `BucketProblem`."""
    try:
        from platformspec_aws import state_bucket
    except ImportError as error:
        raise AccountProblem("boto3", "boto3 is not installed, and making a bucket needs it", INSTALL) from error
    return state_bucket.prepare_bucket(wanted, only_look)


ACTING: Final = Acting(
    import_ids=IMPORT_IDS,
    given_ids=GIVEN_IDS,
    clusters={"aws_eks_cluster": _eks_access},
    guards=GUARDS,
    retains=RETAINS,
    account_command=("aws", "sts", "get-caller-identity", "--output", "json"),
    open_objects=open_objects,
    prepare_bucket=prepare_bucket,
    only_rise=ONLY_RISE,
)
