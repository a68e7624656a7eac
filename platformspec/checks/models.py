"""A model is either served by us or bought, and its weights come from one place."""

from __future__ import annotations

from platformspec.address import Address
from platformspec.diagnostics import Code, Report
from platformspec.graph.platform import Declaration
from platformspec.graph.platform_graph import PlatformGraph
from platformspec.kinds.model import ModelSpec, SourceSpec

ORIGINS = ("hugging_face", "bucket", "oci", "nim")

NO_SOURCE = Code(
    "PS401",
    "a model without weights",
    explain="A model has `source` (weights that we serve) or `external` (somebody else's API): exactly one of them.",
)
TWO_SOURCES = Code(
    "PS402",
    "a model with two origins",
    explain="A model has `source` or `external`: exactly one. A source has `hugging_face`, `bucket`, `oci` or `nim`: exactly one.",
)


def check_models(graph: PlatformGraph, report: Report) -> None:
    """Exactly one of source and external; of a source, exactly one origin."""
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
        elif spec.source is not None:
            _one_origin(address, declaration, spec.source, report)


def _one_origin(address: Address, declaration: Declaration, source: SourceSpec, report: Report) -> None:
    named = [origin for origin in ORIGINS if getattr(source, origin) is not None]
    if not named:
        report.error(
            NO_SOURCE,
            f"the source of {address} does not say where the weights are",
            at=(*declaration.path, "source"),
            help="add one of `hugging_face: owner/name`, `bucket: folder`, `oci: image` and `nim: image`",
        )
    elif len(named) > 1:
        report.error(
            TWO_SOURCES,
            f"the source of {address} has {' and '.join(named)}",
            at=(*declaration.path, "source"),
            help="keep one of them",
        )
