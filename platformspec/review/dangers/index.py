"""Vectors that no longer fit their model: they have to be made anew."""

from __future__ import annotations

from collections.abc import Iterator

from platformspec.address import Address
from platformspec.diagnostics import Code, Path
from platformspec.kinds.vector_store import CollectionSpec
from platformspec.review.dangers.danger import Danger, Situation
from platformspec.review.dangers.destroyed import DATA_LOST
from platformspec.review.differences import ABSENT, Difference
from platformspec.review.wording import difference_text, title

REINDEX = Code(
    "PS618",
    "vectors have to be made anew",
    explain="Vectors of two embedding models, or of two revisions of one, cannot be compared, and an index has one number of dimensions and one metric. After such a "
    "change searches find nothing, or the wrong things, until all documents have been embedded again.",
)
# Fields of a model that decide what its vectors look like.
_DECIDES: tuple[Path, ...] = (("source",), ("external",), ("facts", "dimensions"), ("serve", "engine"))
_SAME_VECTORS: tuple[Path, ...] = (("license",), ("token_secret",))


def reindexed(s: Situation) -> Iterator[Danger]:
    """Collections whose own fields change, whose store's engine changes, or whose embedding model changes."""
    models: dict[Address, list[Difference]] = {}
    for difference in s.differences:
        address, field = difference.address, difference.field
        if address.kind == "vector_store" and address.child:
            if field and str(field[0]) in ("embed_with", "dimensions", "metric"):
                yield _danger(s, address, difference_text(difference), difference)
            elif not field and difference.after is ABSENT and isinstance(difference.before, CollectionSpec):
                yield from _removed(s, address, difference)
        elif address.kind == "vector_store" and field[:1] in (("engine",), ("database",)):
            for child in _collections(s, address):
                yield _danger(s, child, f"the store's {difference_text(difference)}", difference)
        elif (
            address.kind == "model"
            and any(field[: len(path)] == path for path in _DECIDES)
            and field[-1:] not in _SAME_VECTORS
        ):
            models.setdefault(address, []).append(difference)
    for model, found in sorted(models.items(), key=lambda pair: str(pair[0])):
        texts = ", ".join(difference_text(difference) for difference in found)
        for collection in _embedded_with(s, model):
            yield _danger(s, collection, f"its embedding model {title(model)} changes ({texts})", found[0])


def _danger(s: Situation, collection: Address, why: str, difference: Difference) -> Danger:
    return s.danger(
        REINDEX,
        collection,
        f"{title(collection)} has to be embedded again: {why}",
        "index into a new collection, switch over when it is full, and remove the old one last",
        path=difference.path,
    )


def _removed(s: Situation, collection: Address, difference: Difference) -> Iterator[Danger]:
    graph = s.head.graph
    if graph is not None and collection.parent in graph.declarations:
        yield s.danger(
            DATA_LOST,
            collection,
            f"{title(collection)}: nobody reads or fills it any more, and its vectors are lost when the store is cleaned up",
            "make sure that nothing searches in it",
            path=difference.path,
            removed=True,
        )


def _collections(s: Situation, store: Address) -> list[Address]:
    graph = s.base.graph
    spec = graph.declarations[store].spec if graph is not None else None
    return [Address(store.kind, store.name, name) for name in sorted(getattr(spec, "collections", ()))]


def _embedded_with(s: Situation, model: Address) -> list[Address]:
    # A collection that is new has no vectors yet.
    if s.base.graph is None or s.head.graph is None:
        return []
    before = {e.source for e in s.base.graph.edges_to(model) if e.relation == "embeds_with"}
    after = {e.source for e in s.head.graph.edges_to(model) if e.relation == "embeds_with"}
    return sorted(before & after, key=str)
