"""From a compilation to what emitting needs to know besides the program."""

from __future__ import annotations

from typing import Literal

from platformspec.driver import Compilation
from platformspec.emit.settings import EmitSettings, S3State


def emit_settings(compilation: Compilation, cdk: Literal["cdktf", "cdktn"]) -> EmitSettings:
    """Backend, provider requirements and the CDK that synthesises."""
    assert compilation.spec is not None
    cloud = compilation.spec.cloud
    state = None
    if cloud.state is not None:
        region = cloud.state.region or cloud.region
        state = S3State(cloud.state.bucket, region, cloud.state.prefix, cloud.state.kms_key_arn)
    required = {
        name: row for provider in compilation.providers.providers for name, row in provider.required_providers.items()
    }
    return EmitSettings(
        compilation.spec.metadata.name, compilation.environment, state, dict(sorted(required.items())), cdk
    )
