"""`vector_stores`: where embeddings live."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, ClassVar, Literal

from pydantic import Field

from platformspec.ir.node import Placement
from platformspec.ir.sourced import Given
from platformspec.kinds.base import Integer, Name, NamedSpec, Ref, RefTo, Spec, by_profile

Metric = Literal["cosine", "euclidean", "dot"]


class CollectionSpec(Spec):
    """Embeddings of one model, compared in one way."""

    embed_with: Annotated[Ref, RefTo("model", "embeds_with")] = Field(
        description="Embedding model; it sets the dimensions."
    )
    dimensions: Annotated[Integer, Field(ge=1, le=65536)] | None = Field(
        default=None, description="Length of a vector, where it is to be checked or the model's is not known."
    )
    metric: Metric = Field(default="cosine", description="How vectors are compared.")
    owner: Annotated[Ref, RefTo("team", "owned_by")] | None = Field(
        default=None, description="Team whose applications read and write it."
    )


class VectorStoreSpec(NamedSpec):
    """A vector store with its collections."""

    children_field: ClassVar[str | None] = "collections"

    engine: Literal["pgvector", "qdrant", "opensearch_serverless"] = Field(
        description="pgvector on Aurora, Qdrant in the cluster, or OpenSearch Serverless."
    )
    cluster: Annotated[Ref, RefTo("cluster", "placed_in")] | None = Field(
        default=None,
        description="Cluster that uses the store, and in which Qdrant runs; not needed where there is one.",
    )
    database: Annotated[Ref, RefTo("database", "stores_in")] | None = Field(
        default=None, description="Database that carries pgvector; required for it, and for nothing else."
    )
    replicas: Integer = by_profile(
        "Qdrant nodes, or OpenSearch Serverless standby replicas where more than 1.",
        dev=1,
        standard=3,
        hardened=3,
        ge=1,
        le=50,
    )
    storage_gib: Integer = Field(default=50, description="Volume of each Qdrant node, in GiB.", ge=1, le=16000)
    collections: dict[Name, CollectionSpec] = Field(description="Collections by name.", min_length=1)


@dataclass(frozen=True, slots=True)
class VectorStoreExports:
    """How applications reach a store. `host` may be known only after creation."""

    engine: str
    host: Given
    port: int
    namespace: str | None
    pod_labels: dict[str, str] | None
    placement: Placement
    arn: Given = None
