"""Access to models of Amazon Bedrock."""

from __future__ import annotations

from collections.abc import Iterator

from platformspec.sdk import AggregateContext, ModelSpec, Requirement


def access_requirements(ctx: AggregateContext) -> Iterator[Requirement]:
    """Each external model: offered in the region, or through its inference profile, and agreed to by the account."""
    cloud = ctx.platform.spec.cloud
    for address, declaration in ctx.graph.declarations.items():
        spec = declaration.spec
        if not isinstance(spec, ModelSpec) or spec.external is None:
            continue
        profile = spec.external.inference_profile
        through = f", through the inference profile {profile}" if profile else ""
        path = (*declaration.path, "external")
        yield Requirement(
            id=f"model-access/{address.name}",
            kind="model_access",
            what=f"access to {spec.external.model}{through}",
            account=cloud.account,
            region=cloud.region,
            needs={
                "model": spec.external.model,
                "inference_profile": f"{profile}.{spec.external.model}" if profile else None,
            },
            declarations=(str(address),),
            sources=((*path, "inference_profile"), (*path, "model")),
            source="Bedrock API, GetFoundationModelAvailability and GetInferenceProfile",
        )
