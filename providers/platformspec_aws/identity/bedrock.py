"""Edges to external models: the gateway may invoke exactly that model."""

from __future__ import annotations

from typing import Final

from platformspec.sdk import EdgeContext, ModelSpec, Statement, Workload
from platformspec_aws import iam

ACTIONS: Final = ("bedrock:InvokeModel", "bedrock:InvokeModelWithResponseStream")


def grant_gateway_invokes_model(ctx: EdgeContext) -> None:
    """Bedrock only; a model of our own needs no permission in the cloud.

    A cross-region inference profile is invoked by its ARN, and the foundation model behind it in whichever region answers; the
    condition ties the second permission to the profile.
    """
    model = ctx.graph.declarations[ctx.edge.target].spec
    if not isinstance(model, ModelSpec) or model.external is None:
        return
    external = model.external
    where = ctx.at(external.model, *ctx.graph.declarations[ctx.edge.target].path, "external", "model")
    partition = iam.partition(ctx.region.value)
    if external.inference_profile is None:
        arn = ctx.src(
            f"arn:{partition}:bedrock:{ctx.region.value}::foundation-model/{external.model}", where, ctx.region
        )
        ctx.grant(ctx.exports(ctx.edge.source, Workload), Statement(ACTIONS, (arn,)))
        return
    group = ctx.at(
        external.inference_profile, *ctx.graph.declarations[ctx.edge.target].path, "external", "inference_profile"
    )
    profile = iam.arn(ctx, "bedrock", f"inference-profile/{external.inference_profile}.{external.model}", where, group)
    models = ctx.src(f"arn:{partition}:bedrock:*::foundation-model/{external.model}", where, ctx.region)
    ctx.grant(
        ctx.exports(ctx.edge.source, Workload),
        Statement(ACTIONS, (profile,)),
        Statement(ACTIONS, (models,), {"StringEquals": {"bedrock:InferenceProfileArn": profile}}),
    )
