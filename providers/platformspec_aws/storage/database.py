"""Lower databases to Aurora PostgreSQL Serverless v2."""

from __future__ import annotations

from typing import Any, Final

from platformspec.sdk import DatabaseExports, DatabaseSpec, DeclarationContext, Sourced
from platformspec_aws import iam, kms
from platformspec_aws.exports import AwsNetworkExports
from platformspec_aws.stacks import DATA

PORT: Final = 5432
DATABASE: Final = "platform"
USER: Final = "platform_admin"
# Size -> smallest and largest capacity, in Aurora capacity units (2 GiB of memory each).
CAPACITY: Final[dict[str, tuple[float, float]]] = {"small": (0.5, 4), "medium": (1, 16), "large": (4, 64)}
MONITORING_SECONDS: Final = 60
MONITORING_POLICY: Final = "service-role/AmazonRDSEnhancedMonitoringRole"
# Clients that do not encrypt are refused; statements slower than a second, and changes of the schema, are logged.
PARAMETERS: Final = (
    ("rds.force_ssl", "1", "immediate"),
    ("log_min_duration_statement", "1000", "immediate"),
    ("log_statement", "ddl", "immediate"),
)


def lower_database(ctx: DeclarationContext) -> None:
    """A cluster of our own with a writer and readers, or the exports of one that is there."""
    spec: DatabaseSpec = ctx.spec
    if spec.existing is not None:
        _adopt(ctx, spec)
        return
    database = _first_database(ctx, spec)
    name = ctx.named("cluster", ctx.name(ctx.called, limit=60, pinned=True, role="cluster"))
    key = kms.key(ctx, "key", "database", ctx.called, stack=DATA, description="Encrypts the database and its password")
    group = security_group(ctx, "PostgreSQL")
    subnets = ctx.resource(
        "aws_db_subnet_group",
        "subnets",
        {
            "name": ctx.named("subnets", name),
            "description": "Subnets without a way to the internet",
            "subnet_ids": ctx.network.data_subnet_ids,
        },
        stack=DATA,
    )
    family = ctx.src(f"aurora-postgresql{spec.version}", "version")
    parameters = ctx.resource(
        "aws_rds_cluster_parameter_group",
        "parameters",
        {
            "name": ctx.src(f"{name.value}-{spec.version}", name, "version"),
            "family": family,
            "description": "TLS only; slow statements are logged",
            "parameter": [{"name": key_, "value": value, "apply_method": method} for key_, value, method in PARAMETERS],
        },
        stack=DATA,
        lifecycle={"create_before_destroy": True},
    )
    keep = ctx.at(ctx.platform.spec.observability.logs.keep_days, "observability", "logs", "keep_days")
    logs = ctx.resource(
        "aws_cloudwatch_log_group",
        "logs",
        {
            "name": ctx.src(f"/aws/rds/cluster/{name.value}/postgresql", name),
            "retention_in_days": keep,
            "kms_key_id": ctx.exports(ctx.network_address, AwsNetworkExports).logs_key_arn,
        },
        stack=DATA,
    )
    smallest, largest = CAPACITY[spec.size]
    cluster = ctx.resource(
        "aws_rds_cluster",
        "cluster",
        {
            "cluster_identifier": name,
            "engine": "aurora-postgresql",
            "engine_mode": "provisioned",
            "engine_version": ctx.src(spec.version, "version"),
            "database_name": database,
            "master_username": USER,
            # AWS makes, keeps and rotates the password; it is in no state.
            "manage_master_user_password": True,
            "master_user_secret_kms_key_id": key.attr("key_id"),
            "iam_database_authentication_enabled": True,
            "db_subnet_group_name": subnets.attr("name"),
            "vpc_security_group_ids": [group.attr("id")],
            "db_cluster_parameter_group_name": parameters.attr("name"),
            "storage_encrypted": True,
            "kms_key_id": key.attr("arn"),
            "backup_retention_period": ctx.src(spec.backup.keep_days, "backup.keep_days"),
            "preferred_backup_window": "02:00-03:00",
            "preferred_maintenance_window": "sun:03:30-sun:04:30",
            "copy_tags_to_snapshot": True,
            "deletion_protection": ctx.src(spec.deletion_protection or spec.protect, "deletion_protection", "protect"),
            "skip_final_snapshot": False,
            "final_snapshot_identifier": ctx.src(f"{name.value}-final", name),
            "enabled_cloudwatch_logs_exports": ["postgresql"],
            "serverlessv2_scaling_configuration": [
                {"min_capacity": ctx.src(smallest, "size"), "max_capacity": ctx.src(largest, "size")}
            ],
        },
        stack=DATA,
        after=((logs.id, "RDS would create the log group itself, without retention and key"),),
        lifecycle={"prevent_destroy": True} if spec.protect else None,
    )
    monitor = iam.role(
        ctx, "monitoring-role", "database", ctx.called, "monitoring", stack=DATA, description="Lets RDS publish enhanced metrics",
        assume=iam.trust("monitoring.rds.amazonaws.com", condition={"StringEquals": {"aws:SourceAccount": ctx.account}}), managed=(MONITORING_POLICY,),
    )  # fmt: skip
    for number in range(spec.replicas + 1):
        instance = "writer" if number == 0 else f"reader-{number}"
        ctx.resource(
            "aws_rds_cluster_instance",
            instance,
            {
                "identifier": ctx.named(instance, ctx.src(f"{name.value}-{number}", name)),
                "cluster_identifier": cluster.attr("id"),
                "engine": "aurora-postgresql",
                "instance_class": "db.serverless",
                "db_subnet_group_name": subnets.attr("name"),
                "publicly_accessible": False,
                "auto_minor_version_upgrade": True,
                "copy_tags_to_snapshot": True,
                "promotion_tier": min(number, 15),
                "performance_insights_enabled": True,
                "performance_insights_kms_key_id": key.attr("arn"),
                "monitoring_interval": MONITORING_SECONDS,
                "monitoring_role_arn": monitor.arn,
            },
            stack=DATA,
            after=iam.attachments(monitor, (MONITORING_POLICY,)),
            because=("replicas",) if number else (),
        )
    ctx.offer(
        DatabaseExports(
            host=cluster.attr("endpoint"),
            port=ctx.src(PORT),
            database=database,
            secret=cluster.attr("master_user_secret[0].secret_arn"),
            secret_kms_key_arn=key.attr("arn"),
            security_group_id=group.attr("id"),
            identity=cluster.attr("cluster_resource_id"),
        )
    )


def _first_database(ctx: DeclarationContext, spec: DatabaseSpec) -> Sourced[str]:
    """The database that the cluster is created with. One that is imported may have another; `extend` says which."""
    for position, patch in enumerate(spec.extend):
        name = patch.set.get("/database_name") if patch.resource == "cluster" else None
        if isinstance(name, str):
            return ctx.at(name, *ctx.declaration.path, "extend", position, "set", "/database_name")
    return ctx.src(DATABASE)


def security_group(ctx: DeclarationContext, what: str) -> Any:
    """A group without rules: those that are needed belong to the edges that need them."""
    name = ctx.name(ctx.address.kind, ctx.called, limit=255)
    return ctx.resource(
        "aws_security_group",
        "security-group",
        {
            "name": name,
            "description": f"{what}: opened for each user by a rule of its own",
            "vpc_id": ctx.network.vpc_id,
            "tags": {"Name": name},
        },
        stack=DATA,
    )


def _adopt(ctx: DeclarationContext, spec: DatabaseSpec) -> None:
    existing = spec.existing
    assert existing is not None
    ctx.offer(
        DatabaseExports(
            host=ctx.src(existing.host, "existing.host"),
            port=ctx.src(existing.port, "existing.port"),
            database=ctx.src(existing.database, "existing.database"),
            secret=ctx.src(existing.secret_arn, "existing.secret_arn"),
            secret_kms_key_arn=ctx.src(existing.kms_key_arn, "existing.kms_key_arn") if existing.kms_key_arn else None,
            security_group_id=ctx.src(existing.security_group_id, "existing.security_group_id"),
        )
    )
