"""Lower vector stores: what runs in the cluster, whichever engine holds the vectors."""

from __future__ import annotations

from platformspec.sdk import DeclarationContext, VectorStoreSpec
from platformspec_kubernetes.namespaces import namespace
from platformspec_kubernetes.vector_stores.collections import collections
from platformspec_kubernetes.vector_stores.opensearch import lower_opensearch
from platformspec_kubernetes.vector_stores.pgvector import lower_pgvector
from platformspec_kubernetes.vector_stores.qdrant import lower_qdrant

ENGINES = {"qdrant": lower_qdrant, "pgvector": lower_pgvector, "opensearch_serverless": lower_opensearch}


def lower_vector_store(ctx: DeclarationContext) -> None:
    """A namespace, and what the engine needs in it."""
    spec: VectorStoreSpec = ctx.spec
    found = collections(ctx, spec)
    if found is None:
        return
    name = f"store-{ctx.called}"
    namespace(ctx, name)
    ENGINES[spec.engine](ctx, spec, found, name)
