"""`databases`: PostgreSQL for gateways and for pgvector."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from pydantic import Field

from platformspec.address import Address
from platformspec.ir.sourced import Given, Sourced
from platformspec.kinds.base import Integer, NamedSpec, Spec, by_profile, section

Size = Literal["small", "medium", "large"]


class BackupSpec(Spec):
    """Automatic backups."""

    keep_days: Integer = by_profile(
        "Days that automatic backups are kept.", dev=1, standard=7, hardened=35, ge=1, le=35
    )


class ExistingDatabase(Spec):
    """A PostgreSQL that is already there."""

    host: str = Field(description="DNS name of the writer.", pattern=r"^[A-Za-z0-9.-]{1,255}$(?!\n)")
    port: Integer = Field(default=5432, description="Port.", ge=1, le=65535)
    database: str = Field(description="Name of the database.", pattern=r"^[a-z_][a-z0-9_]{0,62}$(?!\n)")
    secret_arn: str = Field(
        description="Secret in AWS Secrets Manager with the keys username and password.",
        pattern=r"^arn:[a-z-]+:secretsmanager:[a-z0-9-]+:\d{12}:secret:[\w/+=.@!-]+$(?!\n)",
    )
    kms_key_arn: str | None = Field(
        default=None,
        description="Key that encrypts the secret, where it is not aws/secretsmanager.",
        pattern=r"^arn:[a-z-]+:kms:",
    )
    security_group_id: str = Field(
        description="Security group of the database; it gets a rule for the cluster's nodes.",
        pattern=r"^sg-[0-9a-f]{8,17}$(?!\n)",
    )


class DatabaseSpec(NamedSpec):
    """Aurora PostgreSQL Serverless v2."""

    engine: Literal["aurora_postgres"] = Field(default="aurora_postgres", description="Aurora PostgreSQL.")
    version: Literal["16", "17"] = Field(default="17", description="PostgreSQL major version, in quotes.")
    size: Size = Field(
        default="small", description="Capacity range: small 0.5 to 4, medium 1 to 16, large 4 to 64 ACU."
    )
    replicas: Integer = by_profile(
        "Readers that can take over, each in another zone.", dev=0, standard=1, hardened=2, ge=0, le=15
    )
    backup: BackupSpec = section("Automatic backups.")
    deletion_protection: bool = by_profile("Refuse to delete the database.", dev=False, standard=True, hardened=True)
    existing: ExistingDatabase | None = Field(default=None, description="Adopt a database instead of creating one.")


@dataclass(frozen=True, slots=True)
class DatabaseExports:
    """How workloads reach a database. The secret has the keys `username` and `password`."""

    host: Given
    port: Sourced[int]
    database: Sourced[str]
    secret: Given
    """ARN or name of the secret; known only after creation where AWS manages the password."""
    secret_kms_key_arn: Given
    security_group_id: Given
    identity: Given = None
    """The cloud's id of the database, for permissions to connect without a password; None where it is adopted as it is."""


def database_user(address: Address) -> str:
    """The database user of a declaration, which is also the name of the database that it owns.

    >>> database_user(Address("gateway", "main-eu"))
    'gateway_main_eu'
    """
    return f"{address.kind}_{address.name}".replace("-", "_")


@dataclass(frozen=True, slots=True)
class CacheExports:
    """How workloads reach a cache. TLS is always on."""

    host: Given
    port: int
    secret: Given
    """Name of the secret whose key `password` authenticates; None where the network alone decides."""
    secret_kms_key_arn: Given
    security_group_id: Given


class CacheSpec(NamedSpec):
    """Valkey on ElastiCache."""

    engine: Literal["valkey"] = Field(default="valkey", description="Valkey.")
    size: Size = Field(default="small", description="Node type: small, medium or large.")
    replicas: Integer = by_profile(
        "Replicas that can take over, each in another zone.", dev=0, standard=1, hardened=2, ge=0, le=5
    )
