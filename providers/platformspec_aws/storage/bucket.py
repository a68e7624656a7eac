"""Lower the model bucket: S3 with everything that keeps weights private and recoverable."""

from __future__ import annotations

from platformspec.sdk import (
    BucketExports,
    DeclarationContext,
    EdgeContext,
    ModelBucketSpec,
    ModelSpec,
    Statement,
    Workload,
)
from platformspec_aws import iam, kms
from platformspec_aws.stacks import DATA

ABORT_UPLOADS_AFTER_DAYS = 7


def lower_bucket(ctx: DeclarationContext) -> None:
    """A bucket of our own, or the exports of one that is there."""
    spec: ModelBucketSpec = ctx.spec
    if spec.existing is not None:
        name = ctx.src(spec.existing.bucket, "existing.bucket")
        key_arn = ctx.src(spec.existing.kms_key_arn, "existing.kms_key_arn") if spec.existing.kms_key_arn else None
        ctx.offer(
            BucketExports(name, iam.arn(ctx, "s3", spec.existing.bucket, name, region=False, account=False), key_arn)
        )
        return
    # Bucket names are unique in the whole world: the account's number makes ours so.
    name = ctx.name("models", ctx.account.value, ctx.region.value, limit=63, pinned=True, role="bucket")
    name = ctx.named("bucket", ctx.src(name.value, name, ctx.account, ctx.region))
    key = kms.key(ctx, "key", "models", stack=DATA, description="Encrypts model weights")
    bucket = ctx.resource(
        "aws_s3_bucket",
        "bucket",
        {"bucket": name},
        stack=DATA,
        lifecycle={"prevent_destroy": True} if spec.protect else None,
    )
    own = {"bucket": bucket.attr("id")}
    arn = iam.arn(ctx, "s3", name.value, name, region=False, account=False)
    ctx.resource(
        "aws_s3_bucket_versioning",
        "versioning",
        {**own, "versioning_configuration": [{"status": "Enabled"}]},
        stack=DATA,
    )
    ctx.resource(
        "aws_s3_bucket_server_side_encryption_configuration",
        "encryption",
        {
            **own,
            "rule": [
                {
                    "bucket_key_enabled": True,
                    "apply_server_side_encryption_by_default": [
                        {"sse_algorithm": "aws:kms", "kms_master_key_id": key.attr("arn")}
                    ],
                }
            ],
        },
        stack=DATA,
    )
    ctx.resource(
        "aws_s3_bucket_public_access_block",
        "public-access-block",
        {
            **own,
            "block_public_acls": True,
            "block_public_policy": True,
            "ignore_public_acls": True,
            "restrict_public_buckets": True,
        },
        stack=DATA,
    )
    ctx.resource(
        "aws_s3_bucket_ownership_controls",
        "ownership",
        {**own, "rule": [{"object_ownership": "BucketOwnerEnforced"}]},
        stack=DATA,
    )
    ctx.resource(
        "aws_s3_bucket_policy",
        "policy",
        {
            **own,
            "policy": iam.document(
                {
                    "Sid": "TlsOnly",
                    "Effect": "Deny",
                    "Principal": "*",
                    "Action": "s3:*",
                    "Resource": [arn, ctx.src(f"{arn.value}/*", arn)],
                    "Condition": {"Bool": {"aws:SecureTransport": "false"}},
                }
            ),
        },
        stack=DATA,
        after=((f"{ctx.address}/public-access-block", "S3 refuses two changes of access at once"),),
    )
    ctx.resource(
        "aws_s3_bucket_lifecycle_configuration",
        "lifecycle",
        {
            **own,
            "rule": [
                {
                    "id": "expire-old-versions",
                    "status": "Enabled",
                    "filter": [{"prefix": ""}],
                    "noncurrent_version_expiration": [
                        {"noncurrent_days": ctx.src(spec.keep_versions_days, "keep_versions_days")}
                    ],
                    "abort_incomplete_multipart_upload": [{"days_after_initiation": ABORT_UPLOADS_AFTER_DAYS}],
                }
            ],
        },
        stack=DATA,
        after=((f"{ctx.address}/versioning", "rules about versions need versioning"),),
    )
    ctx.offer(
        BucketExports(
            ctx.src(bucket.attr("id", known=name.value), name),
            ctx.src(bucket.attr("arn", known=arn.value), arn),
            key.attr("arn"),
        )
    )


def grant_model_reads_bucket(ctx: EdgeContext) -> None:
    """The model's pods may read its own folders, and nothing else of the bucket."""
    spec = ctx.graph.declarations[ctx.edge.source].spec
    assert isinstance(spec, ModelSpec)
    bucket = ctx.exports(ctx.edge.target, BucketExports)
    arn = iam.arn(ctx, "s3", _plain(bucket.arn).rsplit(":", 1)[1], bucket.name, region=False, account=False)
    folders = [(field, folder.strip("/")) for field, folder in sorted(spec.bucket_folders.items())]
    objects = tuple(ctx.src(f"{arn.value}/{folder}/*", arn, field) for field, folder in folders)
    prefixes = [ctx.src(f"{folder}/*", field) for field, folder in folders]
    statements = [
        Statement(("s3:GetObject",), objects),
        Statement(("s3:ListBucket",), (arn,), {"StringLike": {"s3:prefix": prefixes}}),
    ]
    if bucket.kms_key_arn is not None:
        statements.append(Statement(("kms:Decrypt",), (bucket.kms_key_arn,)))
    ctx.grant(ctx.exports(ctx.edge.source, Workload), *statements)


def _plain(value: object) -> str:
    known = getattr(value, "value", value)
    return str(getattr(known, "known", known))
