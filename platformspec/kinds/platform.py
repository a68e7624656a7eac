"""The root of platform.yaml, and the table of kinds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Annotated, Any, Literal

from pydantic import Field

from platformspec.kinds.base import Integer, Many, Name, Profile, Spec, section
from platformspec.kinds.cloud import CloudSpec
from platformspec.kinds.cluster import ClusterSpec
from platformspec.kinds.cost import CostSpec
from platformspec.kinds.database import CacheSpec, DatabaseSpec
from platformspec.kinds.gateway import GatewaySpec
from platformspec.kinds.gpu_pool import GpuPoolSpec
from platformspec.kinds.guardrail import GuardrailSpec
from platformspec.kinds.lending import cohorts
from platformspec.kinds.model import ModelSpec
from platformspec.kinds.observability import ObservabilitySpec
from platformspec.kinds.policy import PolicySpec, WaiverSpec
from platformspec.kinds.team import TeamSpec
from platformspec.kinds.vector_store import VectorStoreSpec

LabelValue = Annotated[str, Field(pattern=r"^(?:[A-Za-z0-9](?:[A-Za-z0-9_.-]{0,61}[A-Za-z0-9])?)?$(?!\n)")]
_MINUTE_OF_WEEK = r"(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun) (?:[01]\d|2[0-3]):[0-5]\d"
# Day, time, day, time, and a zone of the IANA time zone database.
FREEZE_WINDOW = rf"^{_MINUTE_OF_WEEK}-{_MINUTE_OF_WEEK} [A-Za-z][A-Za-z0-9_+/-]*$(?!\n)"
FreezeWindow = Annotated[str, Field(pattern=FREEZE_WINDOW)]
LabelKey = Annotated[str, Field(pattern=r"^[A-Za-z](?:[A-Za-z0-9_.-]{0,61}[A-Za-z0-9])?$(?!\n)")]


class MetadataSpec(Spec):
    """Who and what."""

    name: Annotated[str, Field(pattern=r"^[a-z](?:[a-z0-9-]*[a-z0-9])?$(?!\n)", max_length=24)] = Field(
        description="Name of the platform; physical names begin with it."
    )
    owner: Annotated[str, Field(pattern=r"^[A-Za-z0-9](?:[A-Za-z0-9_.-]{0,61}[A-Za-z0-9])?$(?!\n)")] | None = Field(
        default=None, description="Team or group that runs the platform."
    )
    labels: dict[LabelKey, LabelValue] = Field(
        default={}, description="Tags and labels for everything that can carry them."
    )


class EnvironmentSpec(Spec):
    """A variant of the platform, such as dev or prod."""

    patch: dict[str, Any] = Field(
        default={}, description="Dotted path -> value that replaces the base's; null removes."
    )
    approvals: Integer = Field(
        default=0,
        description="People, other than the one who applies, who must approve a change first (`platformspec approve`).",
        ge=0,
        le=10,
    )
    freeze: Many[FreezeWindow] = Field(
        default=(),
        description="Times in which nothing is applied, every week, such as Fri 16:00-Mon 07:00 Europe/Berlin.",
    )


class PlatformSpec(Spec):
    """platform.yaml."""

    api_version: Literal["platformspec.dev/v1"] = Field(alias="apiVersion", description="Version of the language.")
    kind: Literal["Platform"] = Field(description="Always Platform.")
    metadata: MetadataSpec = Field(description="Who and what.")
    profile: Profile = Field(
        default="standard", description="Sets many defaults at once; `platformspec show --defaults` prints them."
    )
    cloud: CloudSpec = Field(description="Account, region, network and state.")
    clusters: dict[Name, ClusterSpec] = Field(
        default={"main": {}},
        validate_default=True,
        description="Kubernetes clusters; one called main where left out.",
        min_length=1,
    )
    observability: ObservabilitySpec = section("Metrics, dashboards and logs.")
    cost: CostSpec = section("How the platform's cost is estimated.")
    teams: dict[Name, TeamSpec] = Field(default={}, description="Teams.")
    gpu_pools: dict[Name, GpuPoolSpec] = Field(default={}, description="Nodes with accelerators.")
    models: dict[Name, ModelSpec] = Field(default={}, description="AI models.")
    gateways: dict[Name, GatewaySpec] = Field(default={}, description="Addresses in front of models.")
    guardrails: dict[Name, GuardrailSpec] = Field(
        default={}, description="What judges requests and answers of gateways' routes."
    )
    vector_stores: dict[Name, VectorStoreSpec] = Field(default={}, description="Where embeddings live.")
    databases: dict[Name, DatabaseSpec] = Field(default={}, description="PostgreSQL databases.")
    caches: dict[Name, CacheSpec] = Field(default={}, description="Valkey caches.")
    policies: dict[Name, PolicySpec] = Field(
        default={}, description="Rules over declarations and over what will be created."
    )
    waivers: Many[WaiverSpec] = Field(default=(), description="Exceptions to policies.")
    environments: dict[Name, EnvironmentSpec] = Field(
        default={}, description="Variants of the platform; choose one with --env."
    )
    include: Many[str] = Field(
        default=(), description="Files with further sections, as patterns relative to this file."
    )

    @cached_property
    def cohorts(self) -> Mapping[str, tuple[str, ...]]:
        """Team -> the teams that it shares GPUs with, itself included; teams that share none are left out."""
        return cohorts(self.teams)


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of declaration: the word of its addresses, its section and its spec."""

    name: str
    section: str
    spec: type[Spec]


KINDS: tuple[Kind, ...] = (
    Kind("cluster", "clusters", ClusterSpec),
    Kind("team", "teams", TeamSpec),
    Kind("gpu_pool", "gpu_pools", GpuPoolSpec),
    Kind("database", "databases", DatabaseSpec),
    Kind("cache", "caches", CacheSpec),
    Kind("model", "models", ModelSpec),
    Kind("guardrail", "guardrails", GuardrailSpec),
    Kind("vector_store", "vector_stores", VectorStoreSpec),
    Kind("gateway", "gateways", GatewaySpec),
    Kind("policy", "policies", PolicySpec),
)
