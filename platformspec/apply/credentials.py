"""Tell from what terraform, kubectl and S3 say that credentials have run out, or that a region is the wrong one."""

from __future__ import annotations

import re
from typing import Final

from platformspec.diagnostics import Code, Failure

RAN_OUT = Code(
    "PS769",
    "credentials that have run out",
    explain="Credentials of single sign-on and of roles hold for some hours, and these no longer do; an apply may take longer than what was left of "
    "them. What was done until then is in Terraform's states and in the record, and nothing is done twice. Renew them and go on.",
)
WRONG_REGION = Code(
    "PS771",
    "a state bucket in another region",
    explain="The bucket under cloud.state is there, in another region than `cloud.state.region` says (or `cloud.region`, where that does not say one), "
    "or than an environment sets. Nothing in the stack was changed.",
)
RENEW: Final = "renew the credentials (`aws sso login`, or take the role again)"
# Codes of AWS services: docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot.html, .../STS/latest/APIReference/CommonErrors.html,
# .../AmazonS3/latest/API/ErrorResponses.html. Sentences: of botocore, of the AWS SDK for Go and of services.
_RAN_OUT: Final = re.compile(
    r"ExpiredToken|RequestExpired|TokenRefreshRequired|security token included in the request is expired|"
    r"[Tt]oken (?:has|is) expired|SSO session .*?(?:has expired|is otherwise invalid)|SSO access token has either expired|"
    r"failed to refresh cached credentials|refresh cached SSO token failed"
)
# A bucket elsewhere, as S3 and the SDKs answer: .../AmazonS3/latest/API/ErrorResponses.html.
_ELSEWHERE: Final = re.compile(
    r"BucketRegionError|PermanentRedirect|IllegalLocationConstraintException|MovedPermanently|"
    r"requested bucket from \S+ actual location \S+|the region '[\w-]+' is wrong"
)
# The region in which it is, where the answer says so.
_LOCATION: Final = re.compile(r"actual location \"(?P<sdk>[\w-]+)\"|expecting '(?P<s3>[\w-]+)'")


def credentials_failure(where: str, words: str, again: str) -> Failure | None:
    """The failure for credentials that ran out, if that is what was said. `again`: the command that goes on."""
    if _RAN_OUT.search(words) is None:
        return None
    return Failure(RAN_OUT, f"{where}: {words}", f"{RENEW}, then `{again}`")


def region_failure(where: str, words: str, again: str) -> Failure | None:
    """The failure for a state bucket in another region, if that is what was said of one."""
    if _ELSEWHERE.search(words) is None:
        return None
    found = _LOCATION.search(words)
    region = (found["sdk"] or found["s3"]) if found is not None else None
    says = f"set cloud.state.region to {region}" if region else "set cloud.state.region to the bucket's own region"
    return Failure(WRONG_REGION, f"{where}: {words}", f"{says}, then `{again}`")
