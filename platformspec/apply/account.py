"""What stands between us and the cloud account, as diagnostics."""

from __future__ import annotations

from platformspec.diagnostics import Code

NO_CLIENT = Code(
    "PS741",
    "the cloud's client library is not installed",
    explain="Asking AWS, and keeping a record in S3, need boto3. Most commands do not, so it is an extra of the package.",
)
NO_CREDENTIALS = Code(
    "PS742",
    "no credentials that the cloud accepts",
    explain="Credentials are found as the AWS command line finds them: AWS_PROFILE, environment variables, single sign-on or an instance's role. "
    "For preflight they only need to read.",
)
