"""What AWS has to do with a Qdrant in the cluster: its API key."""

from __future__ import annotations

from platformspec.sdk import DeclarationContext, VectorStoreSpec
from platformspec_aws.front.gateway import generated_secrets
from platformspec_aws.storage.opensearch import lower_vector_store as lower_managed_store


def lower_vector_store(ctx: DeclarationContext) -> None:
    """A managed store, or the secret of one in the cluster."""
    spec: VectorStoreSpec = ctx.spec
    if spec.engine == "qdrant":
        generated_secrets(ctx, {"api-key": ""})
    else:
        lower_managed_store(ctx)
