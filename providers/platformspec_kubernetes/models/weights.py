"""Where a server finds the weights of its model."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from platformspec.sdk import Address, BucketExports, DeclarationContext, ModelSpec, concat


@dataclass(frozen=True, slots=True)
class Weights:
    """`model`: what the server is told to load; `revision`: of a repository on Hugging Face; `streamed`: read from S3 into GPU memory."""

    model: Any
    revision: Any = None
    streamed: bool = False


def weights(ctx: DeclarationContext, spec: ModelSpec) -> Weights:
    """A repository on Hugging Face, or a folder of the platform's model bucket."""
    source = spec.source
    assert source is not None
    if source.bucket is None:
        revision = ctx.src(source.revision, "source.revision") if source.revision is not None else None
        return Weights(ctx.src(source.hugging_face, "source.hugging_face"), revision)
    bucket = ctx.exports(Address("bucket", "models"), BucketExports)
    name = getattr(bucket.name, "value", bucket.name)
    path = concat("s3://", getattr(name, "known", None) or name, "/", source.bucket.strip("/"))
    return Weights(ctx.src(path, "source.bucket", bucket.name), streamed=True)
