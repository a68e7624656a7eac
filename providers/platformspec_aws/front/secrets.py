"""Who may read the secrets of gateways and stores: the controller that copies them into the cluster."""

from __future__ import annotations

from platformspec.sdk import Attr, EdgeContext, GatewaySpec, ModelSpec, Statement, VectorStoreSpec, Workload
from platformspec_aws import iam
from platformspec_aws.front.gateway import GENERATED


def read_own_secrets(ctx: EdgeContext) -> None:
    """For the edge that places a gateway or a store in a cluster: its generated secrets, and those that the user filled."""
    spec = ctx.spec
    resources: list[object] = []
    keys: list[Attr] = []
    if isinstance(spec, GatewaySpec):
        resources += [_secret(ctx, role) for role in GENERATED]
        keys.append(ctx.own("secrets-key").attr("arn"))
        if spec.auth.jwt is not None:
            resources.append(named_secret(ctx, spec.auth.jwt.license_secret, "auth.jwt.license_secret"))
    elif isinstance(spec, VectorStoreSpec) and spec.engine == "qdrant":
        resources.append(_secret(ctx, "api-key"))
        keys.append(ctx.own("secrets-key").attr("arn"))
    if resources:
        _grant(ctx, resources, keys)


def read_model_token(ctx: EdgeContext) -> None:
    """For the edge that puts a model on a pool: its Hugging Face token."""
    spec = ctx.spec
    if isinstance(spec, ModelSpec) and spec.source is not None and spec.source.token_secret is not None:
        _grant(ctx, [named_secret(ctx, spec.source.token_secret, "source.token_secret")], [])


def _grant(ctx: EdgeContext, resources: list[object], keys: list[Attr]) -> None:
    cluster = ctx.cluster_address()
    assert cluster is not None
    statements = [Statement(("secretsmanager:GetSecretValue", "secretsmanager:DescribeSecret"), tuple(resources))]
    if keys:
        statements.append(Statement(("kms:Decrypt",), tuple(keys)))
    ctx.grant(ctx.exports(cluster, Workload), *statements)


def _secret(ctx: EdgeContext, role: str) -> Attr:
    return ctx.own(role).attr("arn")


def named_secret(ctx: EdgeContext, name: str, field: str) -> object:
    """The ARN of a secret by its name; Secrets Manager adds six characters of its own."""
    arn = iam.arn(ctx, "secretsmanager", f"secret:{name}-??????")
    return ctx.src(arn.value, arn, field)
