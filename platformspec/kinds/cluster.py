"""`clusters`: Kubernetes clusters."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import Field

from platformspec.ir.node import Placement
from platformspec.ir.sourced import Given
from platformspec.kinds.base import DeclarationSpec, Integer, Many, Spec, by_profile, section
from platformspec.kinds.cloud import Cidr
from platformspec.kinds.delivery import Delivery

KubernetesVersion = Literal["1.34", "1.35", "1.36"]


class SystemNodesSpec(Spec):
    """Nodes without GPUs that carry controllers, gateways and stores."""

    instances: Many[Annotated[str, Field(pattern=r"^[a-z0-9-]+\.[a-z0-9-]+$(?!\n)")]] = Field(
        default=("m7i.xlarge", "m6i.xlarge"), description="Instance types, in order of preference.", min_length=1
    )
    min: Integer = by_profile("Smallest number of nodes.", dev=2, standard=2, hardened=3, ge=1, le=100)
    max: Integer = by_profile("Largest number of nodes.", dev=3, standard=6, hardened=9, ge=1, le=100)


class SingleSignOnSpec(Spec):
    """An OpenID Connect provider that the API server takes people's tokens from. EKS takes one for each cluster."""

    issuer: Annotated[
        str, Field(pattern=r"^https://[A-Za-z0-9.-]+(:[0-9]{1,5})?(/[^\s?#]*)?$(?!\n)", max_length=512)
    ] = Field(description="URL of the provider, as in the `iss` of its tokens. EKS reads its keys over the internet.")
    client_id: Annotated[str, Field(pattern=r"^[^\s]{1,255}$(?!\n)")] = Field(
        description="Client for which tokens are issued: their `aud`."
    )
    username_claim: Annotated[str, Field(pattern=r"^[^\s]{1,255}$(?!\n)")] = Field(
        default="sub", description="Claim that names the person."
    )
    groups_claim: Annotated[str, Field(pattern=r"^[^\s]{1,255}$(?!\n)")] = Field(
        default="groups", description="Claim that lists the person's groups."
    )
    prefix: Annotated[str, Field(pattern=r"^(?!system:)[\w:@./-]{1,64}$(?!\n)")] = Field(
        default="oidc:",
        description="What the cluster puts before names of people and groups from single sign-on; teams write their groups without it.",
    )


class ExistingCluster(Spec):
    """An EKS cluster that is already there, with its add-ons and controllers."""

    name: str = Field(description="Name of the EKS cluster.", pattern=r"^[0-9A-Za-z][A-Za-z0-9_-]{0,99}$(?!\n)")
    node_security_group_id: str = Field(
        description="Security group of its nodes.", pattern=r"^sg-[0-9a-f]{8,17}$(?!\n)"
    )
    node_role: str = Field(description="Name of the IAM role of its nodes.", pattern=r"^[\w+=,.@-]{1,64}$(?!\n)")


class ClusterSpec(DeclarationSpec):
    """An EKS cluster."""

    kubernetes: KubernetesVersion = Field(
        default="1.35",
        description="Kubernetes minor version, in quotes. EKS standard support: 1.34 to 1.36. Of an adopted cluster: the version that it has, for checks.",
    )
    endpoint: Literal["private", "public"] = Field(
        default="private",
        description="Who reaches the API server: only the VPC, or also the ranges in public_access_cidrs.",
    )
    public_access_cidrs: Many[Cidr] = Field(
        default=(), description="Ranges that may reach a public endpoint. A public endpoint needs at least one."
    )
    admins: Many[Annotated[str, Field(pattern=r"^[\w+=,.@/-]{1,128}$(?!\n)")]] = Field(
        default=(),
        description="IAM roles (names, with their path) whose holders administer the cluster, among them the one that applies the platform. Where left out, whoever applies it does.",
    )
    single_sign_on: SingleSignOnSpec | None = Field(
        default=None, description="OpenID Connect provider whose groups the teams' `groups` name."
    )
    deletion_protection: bool = by_profile("Refuse to delete the cluster.", dev=False, standard=True, hardened=True)
    system_nodes: SystemNodesSpec = section("Nodes for everything that needs no GPU.")
    delivery: Delivery = Field(
        default={"engine": "direct"},
        validate_default=True,
        description="Who brings manifests into the cluster. The engine's name alone is enough for `direct`.",
    )
    add_on_versions: dict[str, Annotated[str, Field(pattern=r"^v\d+\.\d+\.\d+-eksbuild\.\d+$(?!\n)")]] = Field(
        default={},
        description="EKS add-ons to keep in a version, such as `coredns: v1.12.4-eksbuild.1`; `aws eks describe-addon-versions` lists them. "
        "The others get the newest version for the cluster's Kubernetes with each apply.",
    )
    existing: ExistingCluster | None = Field(default=None, description="Adopt a cluster instead of creating one.")


@dataclass(frozen=True, slots=True)
class ClusterExports:
    """What a cluster offers to what runs in it."""

    placement: Placement
    name: Given
    endpoint: Given
    node_security_group_id: Given
    storage_class: str
    ingress_class: str
    secret_store: str
    """Name of the ClusterSecretStore that reads the cloud's secret manager."""
    metrics_url: str
    """Base URL of the Prometheus API that autoscalers query."""
    system_node_selector: dict[str, str]
