"""What a collection needs of its embedding model and of its engine."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from platformspec.sdk import Code, DeclarationContext, ModelExports, Sourced, VectorStoreSpec

NO_DIMENSIONS = Code(
    "PS590",
    "a collection whose dimensions are not known",
    explain="An index is made for vectors of one length, which is the embedding model's. The catalogue knows it for many models; `facts.dimensions` of the model says it for others.",
)
OTHER_DIMENSIONS = Code(
    "PS591",
    "dimensions unlike the embedding model's",
    explain="A collection takes vectors of one length, so it must be the length that its embedding model gives.",
)
ENGINE_LIMIT = Code(
    "PS592",
    "more dimensions than the engine can index",
    explain="Each engine has a longest vector that it can index: pgvector 4000 (as halfvec), OpenSearch Serverless 16000, Qdrant 65536.",
)
NOT_EMBEDDING = Code(
    "PS593", "a model that gives no embeddings", explain="`embed_with` takes a model whose task is embedding."
)
NO_DATABASE = Code(
    "PS594",
    "pgvector without a database",
    explain="pgvector is an extension of PostgreSQL: the store names the database that it lives in.",
)

LIMITS: Final = {"pgvector": 4000, "opensearch_serverless": 16000, "qdrant": 65536}


@dataclass(frozen=True, slots=True)
class Collection:
    """A collection with what follows from its model."""

    name: str
    dimensions: Sourced[int]
    metric: Sourced[Any]


def collections(ctx: DeclarationContext, spec: VectorStoreSpec) -> list[Collection] | None:
    """All collections, sorted by name; None where something was rejected."""
    found: list[Collection] = []
    good = True
    if spec.engine == "pgvector" and spec.database is None:
        ctx.reject(
            NO_DATABASE,
            f"{ctx.address} names no database",
            at="engine",
            help="add `database: name`, and the database under `databases`",
        )
        good = False
    for name, collection in sorted(spec.collections.items()):
        at = f"collections.{name}"
        model = ctx.exports(collection.embed_with.address, ModelExports)
        path = ("models", collection.embed_with.address.name)
        if model.mode != "embedding":
            ctx.reject(
                NOT_EMBEDDING,
                f"{collection.embed_with.address} is a {model.mode} model",
                at=f"{at}.embed_with",
                help="name a model with `task: embedding`",
                related=(("the model", path),),
            )
            good = False
            continue
        dimensions = collection.dimensions or model.dimensions
        if dimensions is None:
            ctx.reject(
                NO_DIMENSIONS,
                f"the length of {collection.embed_with.address}'s embeddings is not known",
                at=f"{at}.embed_with",
                help="add `facts: {dimensions: 1024}` to the model, with its own number",
            )
            good = False
        elif model.dimensions is not None and dimensions != model.dimensions:
            ctx.reject(
                OTHER_DIMENSIONS,
                f"{ctx.address}/{name} has {dimensions} dimensions, and {collection.embed_with.address} gives {model.dimensions}",
                at=f"{at}.dimensions",
                help=f"write `dimensions: {model.dimensions}`, or remove it",
                related=(("the model", path),),
            )
            good = False
        elif dimensions > LIMITS[spec.engine]:
            ctx.reject(
                ENGINE_LIMIT,
                f"{ctx.address}/{name} has {dimensions} dimensions, and {spec.engine} can index {LIMITS[spec.engine]}",
                at=f"{at}.embed_with",
                help="choose another engine or a smaller embedding model",
            )
            good = False
        else:
            source = ctx.at(dimensions, *path, "facts", "dimensions")
            repository = ctx.at(dimensions, *path, "source", "hugging_face")
            found.append(
                Collection(
                    name,
                    ctx.src(dimensions, source, repository, f"{at}.dimensions", f"{at}.embed_with"),
                    ctx.src(collection.metric, f"{at}.metric"),
                )
            )
    return found if good else None
