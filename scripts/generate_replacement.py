"""Write providers/platformspec_aws/data/replacement.json: which changed arguments force a resource to be replaced.

Source: the CloudFormation resource schemas inside the PyPI package cfn-lint, whose `createOnlyProperties` name the properties
that cannot be changed in place. Terraform's names are the CloudFormation names in snake case but for the table below.
CloudFormation's behaviour is the API's, so it holds for Terraform too; where a Terraform argument has no CloudFormation
counterpart the plan says "may replace".

    python scripts/generate_replacement.py    (needs `pip install cfn-lint`)
"""

from __future__ import annotations

import importlib
import json
import pathlib
import re
from importlib.metadata import version

OUT = pathlib.Path(__file__).resolve().parents[1] / "providers/platformspec_aws/data/replacement.json"

# Terraform type -> (CloudFormation type, {Terraform argument: CloudFormation property, where snake case does not say it}).
TYPES: dict[str, tuple[str, dict[str, str]]] = {
    "aws_acm_certificate": ("AWS::CertificateManager::Certificate", {}),
    "aws_autoscaling_group": ("AWS::AutoScaling::AutoScalingGroup", {}),
    "aws_bedrock_guardrail": ("AWS::Bedrock::Guardrail", {}),
    "aws_bedrock_guardrail_version": ("AWS::Bedrock::GuardrailVersion", {"guardrail_arn": "GuardrailIdentifier"}),
    "aws_budgets_budget": ("AWS::Budgets::Budget", {}),
    "aws_cloudwatch_event_rule": ("AWS::Events::Rule", {}),
    "aws_cloudwatch_log_group": ("AWS::Logs::LogGroup", {"name": "LogGroupName"}),
    "aws_db_subnet_group": (
        "AWS::RDS::DBSubnetGroup",
        {"name": "DBSubnetGroupName", "description": "DBSubnetGroupDescription"},
    ),
    "aws_default_security_group": ("AWS::EC2::SecurityGroup", {}),
    "aws_eip": ("AWS::EC2::EIP", {}),
    "aws_eks_access_entry": ("AWS::EKS::AccessEntry", {"user_name": "Username"}),
    "aws_eks_addon": (
        "AWS::EKS::Addon",
        {"resolve_conflicts_on_create": "ResolveConflicts", "resolve_conflicts_on_update": "ResolveConflicts"},
    ),
    "aws_eks_cluster": (
        "AWS::EKS::Cluster",
        {"vpc_config": "ResourcesVpcConfig", "enabled_cluster_log_types": "Logging"},
    ),
    "aws_eks_node_group": (
        "AWS::EKS::Nodegroup",
        {"node_group_name": "NodegroupName", "node_role_arn": "NodeRole", "subnet_ids": "Subnets", "taint": "Taints"},
    ),
    "aws_eks_pod_identity_association": ("AWS::EKS::PodIdentityAssociation", {}),
    "aws_elasticache_replication_group": (
        "AWS::ElastiCache::ReplicationGroup",
        {
            "description": "ReplicationGroupDescription",
            "node_type": "CacheNodeType",
            "parameter_group_name": "CacheParameterGroupName",
            "subnet_group_name": "CacheSubnetGroupName",
        },
    ),
    "aws_elasticache_subnet_group": ("AWS::ElastiCache::SubnetGroup", {"name": "CacheSubnetGroupName"}),
    "aws_elasticache_user": ("AWS::ElastiCache::User", {}),
    "aws_elasticache_user_group": ("AWS::ElastiCache::UserGroup", {}),
    "aws_flow_log": (
        "AWS::EC2::FlowLog",
        {"iam_role_arn": "DeliverLogsPermissionArn", "vpc_id": "ResourceId", "log_destination": "LogDestination"},
    ),
    "aws_iam_instance_profile": ("AWS::IAM::InstanceProfile", {"name": "InstanceProfileName", "role": "Roles"}),
    "aws_iam_policy": ("AWS::IAM::ManagedPolicy", {"name": "ManagedPolicyName", "policy": "PolicyDocument"}),
    "aws_iam_role": ("AWS::IAM::Role", {"name": "RoleName", "assume_role_policy": "AssumeRolePolicyDocument"}),
    "aws_iam_role_policy": (
        "AWS::IAM::RolePolicy",
        {"name": "PolicyName", "policy": "PolicyDocument", "role": "RoleName"},
    ),
    "aws_internet_gateway": ("AWS::EC2::InternetGateway", {}),
    "aws_kms_alias": ("AWS::KMS::Alias", {"name": "AliasName"}),
    "aws_kms_key": ("AWS::KMS::Key", {"policy": "KeyPolicy", "deletion_window_in_days": "PendingWindowInDays"}),
    "aws_launch_template": ("AWS::EC2::LaunchTemplate", {"name": "LaunchTemplateName"}),
    "aws_nat_gateway": ("AWS::EC2::NatGateway", {}),
    "aws_opensearchserverless_access_policy": ("AWS::OpenSearchServerless::AccessPolicy", {}),
    "aws_opensearchserverless_collection": ("AWS::OpenSearchServerless::Collection", {}),
    "aws_opensearchserverless_security_policy": ("AWS::OpenSearchServerless::SecurityPolicy", {}),
    "aws_opensearchserverless_vpc_endpoint": ("AWS::OpenSearchServerless::VpcEndpoint", {}),
    "aws_placement_group": ("AWS::EC2::PlacementGroup", {"name": "GroupName"}),
    "aws_prometheus_workspace": ("AWS::APS::Workspace", {}),
    "aws_rds_cluster": (
        "AWS::RDS::DBCluster",
        {
            "cluster_identifier": "DBClusterIdentifier",
            "db_subnet_group_name": "DBSubnetGroupName",
            "master_username": "MasterUsername",
            "db_cluster_parameter_group_name": "DBClusterParameterGroupName",
            "iam_database_authentication_enabled": "EnableIAMDatabaseAuthentication",
            "manage_master_user_password": "ManageMasterUserPassword",
            "master_user_secret_kms_key_id": "MasterUserSecret",
            "serverlessv2_scaling_configuration": "ServerlessV2ScalingConfiguration",
            "enabled_cloudwatch_logs_exports": "EnableCloudwatchLogsExports",
            "storage_encrypted": "StorageEncrypted",
        },
    ),
    "aws_rds_cluster_instance": (
        "AWS::RDS::DBInstance",
        {
            "identifier": "DBInstanceIdentifier",
            "cluster_identifier": "DBClusterIdentifier",
            "instance_class": "DBInstanceClass",
            "db_subnet_group_name": "DBSubnetGroupName",
            "performance_insights_enabled": "EnablePerformanceInsights",
        },
    ),
    "aws_rds_cluster_parameter_group": (
        "AWS::RDS::DBClusterParameterGroup",
        {"name": "DBClusterParameterGroupName", "parameter": "Parameters"},
    ),
    "aws_route": ("AWS::EC2::Route", {}),
    "aws_route53_record": (
        "AWS::Route53::RecordSet",
        {"zone_id": "HostedZoneId", "records": "ResourceRecords", "ttl": "TTL"},
    ),
    "aws_route53_zone": ("AWS::Route53::HostedZone", {}),
    "aws_route_table": ("AWS::EC2::RouteTable", {}),
    "aws_route_table_association": ("AWS::EC2::SubnetRouteTableAssociation", {}),
    "aws_s3_bucket": ("AWS::S3::Bucket", {"bucket": "BucketName"}),
    "aws_s3_bucket_policy": ("AWS::S3::BucketPolicy", {"policy": "PolicyDocument"}),
    "aws_secretsmanager_secret": ("AWS::SecretsManager::Secret", {}),
    "aws_security_group": ("AWS::EC2::SecurityGroup", {"name": "GroupName", "description": "GroupDescription"}),
    "aws_sns_topic": ("AWS::SNS::Topic", {"name": "TopicName"}),
    "aws_sqs_queue": (
        "AWS::SQS::Queue",
        {
            "name": "QueueName",
            "message_retention_seconds": "MessageRetentionPeriod",
            "sqs_managed_sse_enabled": "SqsManagedSseEnabled",
        },
    ),
    "aws_sqs_queue_policy": ("AWS::SQS::QueuePolicy", {"policy": "PolicyDocument"}),
    "aws_subnet": ("AWS::EC2::Subnet", {}),
    "aws_vpc": ("AWS::EC2::VPC", {}),
    "aws_vpc_endpoint": ("AWS::EC2::VPCEndpoint", {"policy": "PolicyDocument"}),
    "aws_vpc_security_group_egress_rule": (
        "AWS::EC2::SecurityGroupEgress",
        {
            "cidr_ipv4": "CidrIp",
            "cidr_ipv6": "CidrIpv6",
            "referenced_security_group_id": "DestinationSecurityGroupId",
            "security_group_id": "GroupId",
        },
    ),
    "aws_vpc_security_group_ingress_rule": (
        "AWS::EC2::SecurityGroupIngress",
        {
            "cidr_ipv4": "CidrIp",
            "cidr_ipv6": "CidrIpv6",
            "referenced_security_group_id": "SourceSecurityGroupId",
            "security_group_id": "GroupId",
        },
    ),
}


# Where Terraform's provider is known to act otherwise than CloudFormation: it changes rules of security groups in place
# (ModifySecurityGroupRules), which CloudFormation does not.
IN_PLACE_ANYWAY = {
    "aws_vpc_security_group_egress_rule": [
        "cidr_ipv4",
        "cidr_ipv6",
        "description",
        "from_port",
        "to_port",
        "ip_protocol",
        "referenced_security_group_id",
    ],
    "aws_vpc_security_group_ingress_rule": [
        "cidr_ipv4",
        "cidr_ipv6",
        "description",
        "from_port",
        "to_port",
        "ip_protocol",
        "referenced_security_group_id",
    ],
}

# CloudFormation lists these as conditional; the provider always replaces (ForceNew in its schema, see its documentation).
REPLACE_ANYWAY = {
    "aws_rds_cluster": ["engine", "master_username"],
    "aws_rds_cluster_instance": ["engine", "cluster_identifier"],
}


def snake_case(name: str) -> str:
    """`DBSubnetGroupName` -> `db_subnet_group_name`."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", name).lower()


def main() -> None:
    """Write the table."""
    import cfnlint

    hashes = importlib.import_module("cfnlint.data.schemas.providers.us_east_1").types
    folder = pathlib.Path(cfnlint.__file__).parent / "data/schemas/resources"
    table: dict[str, dict[str, object]] = {}
    for terraform_type, (cloudformation_type, names) in sorted(TYPES.items()):
        if cloudformation_type not in hashes:
            continue
        schema = json.loads((folder / f"{hashes[cloudformation_type]}.json").read_text())
        create_only = {
            p.removeprefix("/properties/").split("/")[0]
            for p in schema.get("createOnlyProperties", ())
            if p.count("/") == 2
        }
        nested = sorted(
            p.removeprefix("/properties/") for p in schema.get("createOnlyProperties", ()) if p.count("/") > 2
        )
        by_property = {value: key for key, value in names.items()}
        replace, update = set(), set()
        for name in schema["properties"]:
            (replace if name in create_only else update).add(by_property.get(name, snake_case(name)))
        replace |= {key for key, value in names.items() if value in create_only}
        anyway = set(IN_PLACE_ANYWAY.get(terraform_type, ()))
        forced = set(REPLACE_ANYWAY.get(terraform_type, ()))
        # An argument with a create-only part inside is in neither list: the plan says "may replace".
        unsure = {by_property.get(n.split("/")[0], snake_case(n.split("/")[0])) for n in nested}
        table[terraform_type] = {
            "source": cloudformation_type,
            "replace": sorted((replace | forced) - anyway),
            "update": sorted((update | anyway) - unsure - forced),
        }
    text = {"source": f"cfn-lint {version('cfn-lint')}, createOnlyProperties", "types": table}
    OUT.write_text(json.dumps(text, indent=1, sort_keys=True) + "\n")


if __name__ == "__main__":
    main()
