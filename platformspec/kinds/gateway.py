"""`gateways`: one address in front of many models."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any, ClassVar, Literal

from pydantic import Discriminator, Field, Tag

from platformspec.kinds.base import Integer, Many, Name, NamedSpec, Ref, RefTo, Spec, by_profile, section
from platformspec.kinds.cloud import Cidr
from platformspec.kinds.model import Capability

Hostname = Annotated[
    str, Field(pattern=r"^(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,63}$(?!\n)", max_length=253)
]


class DnsSpec(Spec):
    """The hosted zone in Route 53 that the hostname belongs to."""

    zone: Hostname = Field(description="Name of the zone, such as acme.example.")
    existing: bool = Field(default=True, description="Whether the zone is already there; false creates it.")


class JwtSpec(Spec):
    """Tokens from single sign-on. LiteLLM checks them with an Enterprise licence only."""

    issuer: str = Field(description="Issuer URL.", pattern=r"^https://[^\s]+$(?!\n)")
    jwks_url: str = Field(description="URL of the issuer's keys.", pattern=r"^https://[^\s]+$(?!\n)")
    team_claim: str = Field(
        default="groups", description="Claim that names the caller's teams.", pattern=r"^[\w.:/-]{1,128}$(?!\n)"
    )
    license_secret: str = Field(
        description="Secret in AWS Secrets Manager that holds the LiteLLM licence.",
        pattern=r"^[\w/+=.@-]{1,200}$(?!\n)",
    )


class ApiKeysSpec(Spec):
    """Keys that the gateway issues; they are kept in its database."""

    expire_days: Integer = Field(default=90, description="Days after which a new key ends.", ge=1, le=3650)


class AuthSpec(Spec):
    """Who may call. The administrator's key always exists."""

    jwt: JwtSpec | None = Field(default=None, description="Accept tokens from single sign-on.")
    api_keys: ApiKeysSpec | None = Field(default=None, description="Issue keys. Needs a database.")


class FallbackSpec(Spec):
    """A target that is tried when those before it cannot answer."""

    fallback: Annotated[Ref, RefTo("model", "falls_back_to")] = Field(description="The model.")
    when: Many[Literal["unavailable", "context_exceeded"]] = Field(
        default=("unavailable",),
        description="unavailable: errors, time-outs and rate limits; context_exceeded: the prompt is too long for the others.",
        min_length=1,
    )


def _target_form(value: Any) -> str:
    return "as fallback" if isinstance(value, (dict, FallbackSpec)) else "by name"


Target = Annotated[
    Annotated[Annotated[Ref, RefTo("model", "routes_to")], Tag("by name")]
    | Annotated[FallbackSpec, Tag("as fallback")],
    Discriminator(_target_form),
]


class LimitsSpec(Spec):
    """Limits of a route, over all callers."""

    tokens_per_minute: Annotated[Integer, Field(ge=1)] | None = Field(
        default=None, description="Tokens per minute, prompts and answers together."
    )
    requests_per_minute: Annotated[Integer, Field(ge=1)] | None = Field(
        default=None, description="Requests per minute."
    )


class RouteSpec(Spec):
    """A model name that callers use, and what answers it."""

    targets: Many[Target] = Field(description="Models that share the load, and fallbacks in order.", min_length=1)
    guardrails: Many[Annotated[Ref, RefTo("guardrail", "guarded_by")]] = Field(
        default=(), description="Guardrails that judge requests and answers, whichever target answers."
    )
    requires: Many[Capability] = Field(default=(), description="What every target must be able to do.")
    limits: LimitsSpec = section("Limits over all callers.")
    timeout_seconds: Integer = Field(default=600, description="Longest time for a whole answer.", ge=1, le=3600)


class GatewayScaleSpec(Spec):
    """Replicas of the gateway."""

    min: Integer = by_profile("Replicas at least.", dev=1, standard=2, hardened=3, ge=1, le=100)
    max: Integer = by_profile("Replicas at most.", dev=1, standard=6, hardened=12, ge=1, le=200)

    @property
    def follows_load(self) -> bool:
        """Whether something else than the file decides how many replicas there are."""
        return self.max > self.min


class GatewaySpec(NamedSpec):
    """A LiteLLM gateway with an OpenAI-compatible API."""

    children_field: ClassVar[str | None] = "routes"

    cluster: Annotated[Ref, RefTo("cluster", "placed_in")] | None = Field(
        default=None, description="Cluster of the gateway; not needed where there is one."
    )
    hostname: Hostname | None = Field(
        default=None,
        description="Name that callers outside the cluster use. Without it the gateway is reached inside the cluster only.",
    )
    exposure: Literal["internal", "internet"] = Field(
        default="internal",
        description="Who reaches the load balancer behind the hostname: the VPC, or everyone in allow_cidrs.",
    )
    allow_cidrs: Many[Cidr] = Field(
        default=(), description="Ranges that may reach an internet-facing gateway. 0.0.0.0/0 must be written out."
    )
    dns: DnsSpec | None = Field(default=None, description="Zone of the hostname.")
    tls: Literal["acm"] = Field(
        default="acm", description="Certificate of the hostname: AWS Certificate Manager, validated by DNS."
    )
    auth: AuthSpec = section("Who may call.")
    database: Annotated[Ref, RefTo("database", "keeps_state_in")] | None = Field(
        default=None, description="PostgreSQL for keys, teams and spend."
    )
    cache: Annotated[Ref, RefTo("cache", "counts_in")] | None = Field(
        default=None, description="Valkey for limits that hold over all replicas."
    )
    teams: Many[Annotated[Ref, RefTo("team", "serves")]] = Field(
        default=(), description="Teams whose namespaces may call; every team's where left out."
    )
    scale: GatewayScaleSpec = section("Replicas.")
    routes: dict[Name, RouteSpec] = Field(description="Model names that callers use.", min_length=1)


@dataclass(frozen=True, slots=True)
class FrontExports:
    """How the cloud puts a hostname in front of a gateway: what its Ingress must say."""

    ingress_class: str
    annotations: dict[str, Any]
    health_check_cidrs: tuple[Any, ...]
    """Ranges from which the load balancer opens connections to pods."""


@dataclass(frozen=True, slots=True)
class GatewayExports:
    """What a gateway offers inside the cluster."""

    url: str
    namespace: str
