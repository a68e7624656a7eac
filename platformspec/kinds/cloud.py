"""`cloud`: the account, the network and where Terraform keeps its state."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any, Final, Literal

from pydantic import Field

from platformspec.ir.node import Placement
from platformspec.ir.sourced import Given, Sourced
from platformspec.kinds.base import DeclarationSpec, Integer, Many, Spec, by_profile, section

Cidr = Annotated[str, Field(pattern=r"^\d{1,3}(?:\.\d{1,3}){3}/\d{1,2}$(?!\n)")]
Zone = Annotated[str, Field(pattern=r"^[a-z]{2}(?:-[a-z]+)+-\d[a-z]$(?!\n)")]
EndpointService = Literal[
    "s3",
    "ecr",
    "sts",
    "ec2",
    "eks",
    "eks_auth",
    "logs",
    "ssm",
    "sqs",
    "secretsmanager",
    "kms",
    "bedrock",
    "elasticloadbalancing",
    "autoscaling",
    "amazon_managed_prometheus",
]


class ExistingNetwork(Spec):
    """A VPC that is already there. Nothing is created in it but what the platform itself needs."""

    vpc_id: str = Field(description="The VPC, such as vpc-0a1b2c3d.", pattern=r"^vpc-[0-9a-f]{8,17}$(?!\n)")
    cidr: Cidr = Field(description="The VPC's main IPv4 range; network policies use it.")
    private_subnet_ids: Many[str] = Field(
        description="Subnets for nodes, one per zone at least in two zones.", min_length=2
    )
    subnet_zones: dict[str, Zone] = Field(
        default={},
        description="Private subnet -> its availability zone, such as eu-central-1a. Reserved capacity needs the subnet of its zone.",
    )
    public_subnet_ids: Many[str] = Field(default=(), description="Subnets for internet-facing load balancers.")
    data_subnet_ids: Many[str] = Field(
        default=(), description="Subnets for databases and caches; the private ones where left out."
    )
    opensearch_endpoint_id: str | None = Field(
        default=None,
        description="The VPC's endpoint for OpenSearch Serverless, if it has one: AWS takes only one in a VPC.",
        pattern=r"^vpce-[0-9a-f]{8,17}$(?!\n)",
    )


class NetworkSpec(DeclarationSpec):
    """The VPC."""

    cidr: Cidr = Field(default="10.0.0.0/16", description="IPv4 range of the VPC, from /16 to /20.")
    zones: Integer = by_profile("Number of availability zones.", dev=2, standard=3, hardened=3, ge=2, le=6)
    egress: Literal["nat_per_zone", "single_nat"] = by_profile(
        "How private subnets reach the internet. A NAT gateway per zone survives the loss of a zone.",
        dev="single_nat",
        standard="single_nat",
        hardened="nat_per_zone",
    )
    private_endpoints: Many[EndpointService] = by_profile(
        "AWS services reached without leaving the VPC. s3 is free of charge; the others cost per zone and hour.",
        dev=["s3"],
        standard=["s3", "ecr"],
        hardened=["s3", "ecr", "sts", "ec2", "eks", "eks_auth", "logs", "ssm", "sqs", "secretsmanager", "kms"],
    )
    flow_logs: bool = by_profile(
        "Record accepted and rejected traffic in CloudWatch Logs.", dev=False, standard=True, hardened=True
    )
    existing: ExistingNetwork | None = Field(default=None, description="Adopt a VPC instead of creating one.")


# What Terraform's S3 backend takes: hashicorp/terraform, internal/backend/remote-state/s3/validate.go.
KEY_ID: Final = r"(?:mrk-[a-f0-9]{32}|[a-f0-9]{8}-[a-f0-9]{4}-[1-5][a-f0-9]{3}-[ab89][a-f0-9]{3}-[a-f0-9]{12})"


class StateSpec(Spec):
    """Terraform state. Without it state is kept in local files beside the stacks."""

    bucket: str = Field(
        description="S3 bucket that holds the state of all stacks.", pattern=r"^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$(?!\n)"
    )
    region: str | None = Field(default=None, description="Region of the bucket; the cloud's where left out.")
    prefix: str = Field(default="", description="Folder in the bucket.", pattern=r"^[A-Za-z0-9/_-]*$(?!\n)")
    kms_key_arn: str | None = Field(
        default=None,
        description="KMS key that encrypts states and record, in the bucket's region; S3-managed keys for states where left out.",
        pattern=rf"^arn:[a-z-]+:kms:[a-z0-9-]+:[0-9]{{12}}:key/{KEY_ID}$(?!\n)",
    )
    lock: Literal["native"] = Field(
        default="native", description="S3 native locking (a .tflock object beside the state)."
    )


class ExistingBucket(Spec):
    """A bucket that is already there."""

    bucket: str = Field(description="Name of the bucket.", pattern=r"^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$(?!\n)")
    kms_key_arn: str | None = Field(
        default=None,
        description="Key that encrypts it, where it is not the S3-managed one.",
        pattern=r"^arn:[a-z-]+:kms:",
    )


class ModelBucketSpec(DeclarationSpec):
    """The bucket that holds model weights. It exists where a model's source names it."""

    keep_versions_days: Integer = Field(
        default=30, description="Days after which overwritten or deleted objects are removed.", ge=1, le=3650
    )
    existing: ExistingBucket | None = Field(default=None, description="Adopt a bucket instead of creating one.")


class CloudSpec(Spec):
    """One AWS account and region."""

    provider: Literal["aws"] = Field(default="aws", description="The cloud.")
    account: str = Field(description="AWS account id: twelve digits, in quotes.", pattern=r"^\d{12}$(?!\n)")
    region: str = Field(description="AWS region, such as eu-central-1.", pattern=r"^[a-z]{2}(?:-[a-z]+)+-\d$(?!\n)")
    network: NetworkSpec = section("The VPC.")
    model_bucket: ModelBucketSpec = section("The bucket for model weights.")
    secret_recovery_days: Literal[0, 7, 14, 30] = by_profile(
        "How long generated secrets can be restored after they are deleted; until then their names are taken. 0 deletes them at once, "
        "so that a platform can be destroyed and made again.",
        dev=0,
        standard=30,
        hardened=30,
    )
    state: StateSpec | None = Field(
        default=None, description="Where Terraform keeps its state; local files where left out."
    )


@dataclass(frozen=True, slots=True)
class NetworkExports:
    """What the network offers. Subnet ids are references or literals, one per zone."""

    placement: Placement
    vpc_id: Given
    cidr: Sourced[str]
    private_subnet_ids: Sourced[list[Any]]
    public_subnet_ids: Sourced[list[Any]]
    data_subnet_ids: Sourced[list[Any]]
    egress_ready: tuple[tuple[str, str], ...]
    """`(node id, why)` of what must exist before a node in a private subnet reaches the internet."""


@dataclass(frozen=True, slots=True)
class BucketExports:
    """What the model bucket offers."""

    name: Given
    arn: Given
    kms_key_arn: Given | None
