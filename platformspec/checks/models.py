"""A model is either served by us or bought, and its weights come from one place."""

from __future__ import annotations

from platformspec.diagnostics import Code, Report
from platformspec.graph.platform_graph import PlatformGraph
from platformspec.kinds.model import ModelSpec

NO_SOURCE = Code(
    "PS401",
    "a model without weights",
    explain="A model has `source` (weights that we serve) or `external` (somebody else's API): exactly one of them.",
)
TWO_SOURCES = Code(
    "PS402",
    "a model with two origins",
    explain="A model has `source` or `external`, and a source has `hugging_face` or `bucket`: exactly one of each pair.",
)


def check_models(graph: PlatformGraph, report: Report) -> None:
    """Exactly one of source and external; of a source, exactly one of hugging_face and bucket."""
    for address, declaration in graph.declarations.items():
        spec = declaration.spec
        if not isinstance(spec, ModelSpec):
            continue
        if spec.source is None and spec.external is None:
            report.error(
                NO_SOURCE,
                f"{address} has neither source nor external",
                at=declaration.path,
                on_key=True,
                help="add `source: {hugging_face: owner/name}` or `external: {provider: bedrock, model: ...}`",
            )
        elif spec.source is not None and spec.external is not None:
            report.error(
                TWO_SOURCES,
                f"{address} has both source and external",
                at=(*declaration.path, "external"),
                on_key=True,
                help="keep one of them; a fallback between two models is written in a gateway's route",
            )
        elif spec.source is not None and (spec.source.hugging_face is None) == (spec.source.bucket is None):
            both = spec.source.bucket is not None
            report.error(
                TWO_SOURCES if both else NO_SOURCE,
                f"the source of {address} has {'both' if both else 'neither'} hugging_face {'and' if both else 'nor'} bucket",
                at=(*declaration.path, "source"),
                help="keep one of them" if both else "add `hugging_face: owner/name` or `bucket: folder`",
            )
