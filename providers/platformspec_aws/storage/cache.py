"""Lower caches to Valkey on ElastiCache."""

from __future__ import annotations

from typing import Final

from platformspec.sdk import CacheExports, CacheSpec, DeclarationContext
from platformspec_aws import kms
from platformspec_aws.stacks import DATA
from platformspec_aws.storage.database import security_group

PORT: Final = 6379
ENGINE_VERSION: Final = "8.0"
NODE_TYPES: Final = {"small": "cache.t4g.small", "medium": "cache.m7g.large", "large": "cache.r7g.xlarge"}
SNAPSHOT_DAYS: Final = 1


def lower_cache(ctx: DeclarationContext) -> None:
    """A replication group, encrypted at rest and on the way.

    Access is by security group: the provider has no write-only argument for a password before version 6.62, and a password
    in the state would be worse than none.
    """
    spec: CacheSpec = ctx.spec
    name = ctx.named("group", ctx.name(ctx.called, limit=40, pinned=True, role="group"))
    key = kms.key(ctx, "key", "cache", ctx.called, stack=DATA, description="Encrypts the cache")
    group = security_group(ctx, "Valkey")
    subnets = ctx.resource(
        "aws_elasticache_subnet_group",
        "subnets",
        {
            "name": ctx.named("subnets", name),
            "description": "Subnets without a way to the internet",
            "subnet_ids": ctx.network.data_subnet_ids,
        },
        stack=DATA,
    )
    replicated = ctx.src(spec.replicas > 0, "replicas")
    cache = ctx.resource(
        "aws_elasticache_replication_group",
        "group",
        {
            "replication_group_id": name,
            "description": "Counters and cached answers of the gateways",
            "engine": "valkey",
            "engine_version": ENGINE_VERSION,
            "node_type": ctx.src(NODE_TYPES[spec.size], "size"),
            "num_cache_clusters": ctx.src(spec.replicas + 1, "replicas"),
            "automatic_failover_enabled": replicated,
            "multi_az_enabled": replicated,
            "port": PORT,
            "subnet_group_name": subnets.attr("name"),
            "security_group_ids": [group.attr("id")],
            # The provider's schema has these two as text.
            "at_rest_encryption_enabled": "true",
            "auto_minor_version_upgrade": "true",
            "kms_key_id": key.attr("arn"),
            "transit_encryption_enabled": True,
            "transit_encryption_mode": "required",
            "snapshot_retention_limit": SNAPSHOT_DAYS,
            "snapshot_window": "02:00-03:00",
            "maintenance_window": "sun:03:30-sun:04:30",
        },
        stack=DATA,
        lifecycle={"prevent_destroy": True} if spec.protect else None,
    )
    ctx.offer(CacheExports(cache.attr("primary_endpoint_address"), PORT, None, None, group.attr("id")))
