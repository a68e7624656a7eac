"""What a plug-in offers for making the bucket under cloud.state."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class StateBucket:
    """The bucket as the platform wants it.

    `account`: whose it must be. `tags`: what it carries at least. `kms_key_arn`: of the key that encrypts states and record; None for S3-managed keys.
    """

    name: str
    region: str
    account: str
    tags: Mapping[str, str]
    kms_key_arn: str | None


@dataclass(frozen=True, slots=True)
class BucketTrait:
    """One thing that a bucket for state must have, and whether it does: `lacks` it, or `made` means that it lacked it until now."""

    what: str
    status: Literal["ok", "lacks", "made"]


class BucketProblem(Exception):
    """The bucket cannot be used: it is of another account (`owner`), in another region (`region`), or AWS refused a call (`refused`)."""

    def __init__(self, kind: Literal["owner", "region", "refused"], message: str, help: str) -> None:
        super().__init__(message)
        self.kind = kind
        self.message = message
        self.help = help


PrepareBucket = Callable[[StateBucket, bool], Iterable[BucketTrait]]
"""(bucket, only look) -> its traits, each as soon as it is known or made. Raises `AccountProblem` and `BucketProblem`."""
