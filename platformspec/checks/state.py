"""The key of Terraform's state is where its bucket is."""

from __future__ import annotations

from platformspec.diagnostics import Code, Report
from platformspec.graph.platform_graph import PlatformGraph

KEY_ELSEWHERE = Code(
    "PS442",
    "a key in another region than the bucket for state",
    explain="S3 encrypts with keys of the bucket's own region only (docs.aws.amazon.com/AmazonS3/latest/userguide/UsingKMSEncryption.html). The bucket is in `cloud.state.region`, or in `cloud.region` where that is left out.",
)


def check_state(graph: PlatformGraph, report: Report) -> None:
    """Compare the regions of key and bucket."""
    cloud = graph.platform.spec.cloud
    state = cloud.state
    if state is None or state.kms_key_arn is None:
        return
    there, wanted = state.kms_key_arn.split(":")[3], state.region or cloud.region
    if there != wanted:
        report.error(
            KEY_ELSEWHERE,
            f"the key is in {there}, and the bucket {state.bucket} in {wanted}",
            at=("cloud", "state", "kms_key_arn"),
            help=f"write the ARN of a key in {wanted}",
        )
