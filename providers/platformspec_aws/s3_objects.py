"""Objects in an S3 bucket, read and written through boto3 with conditional requests.

Where no key is given, no encryption is asked for, so the bucket's own default applies (docs.aws.amazon.com/AmazonS3/latest/userguide/bucket-encryption.html).
Conditions: docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-requests.html. Importing this module needs boto3.
"""

from __future__ import annotations

from typing import Any, Final

import boto3
from botocore.config import Config
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    NoCredentialsError,
    PartialCredentialsError,
    SSOError,
    TokenRetrievalError,
)

from platformspec.sdk import ObjectsProblem, Stored

# A write whose condition fails, and one that raced with another.
CONFLICTS: Final = ("PreconditionFailed", "ConditionalRequestConflict")
# docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html
NO_CREDENTIALS: Final = (
    "ExpiredToken",
    "InvalidAccessKeyId",
    "InvalidToken",
    "SignatureDoesNotMatch",
    "TokenRefreshRequired",
)
LOGGED_OUT: Final = (NoCredentialsError, PartialCredentialsError, SSOError, TokenRetrievalError)
ATTEMPTS: Final = 5
CONNECT_SECONDS: Final = 10
READ_SECONDS: Final = 30


class S3Objects:
    """The objects of one bucket. As `Objects` of the sdk."""

    def __init__(self, bucket: str, region: str, kms_key_arn: str | None) -> None:
        config = Config(
            retries={"mode": "standard", "max_attempts": ATTEMPTS},
            connect_timeout=CONNECT_SECONDS,
            read_timeout=READ_SECONDS,
        )
        # A session of its own: the default one is not made for several threads.
        self._client: Any = boto3.Session(region_name=region).client("s3", config=config)
        self._bucket = bucket
        encryption = {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": kms_key_arn, "BucketKeyEnabled": True}
        self._encryption = encryption if kms_key_arn is not None else {}

    def read(self, key: str) -> Stored | None:
        """The object, or None where there is none."""
        try:
            answer = self._client.get_object(Bucket=self._bucket, Key=key)
            return Stored(answer["Body"].read(), answer["ETag"])
        except ClientError as error:
            if _code(error) == "NoSuchKey":
                return None
            raise self._problem(error) from error
        except BotoCoreError as error:
            raise self._problem(error) from error

    def write(self, key: str, content: bytes, replaces: str | None) -> str:
        """Write if the object still has the tag `replaces` (None: if there is no object); returns the new tag."""
        condition = {"IfNoneMatch": "*"} if replaces is None else {"IfMatch": replaces}
        try:
            answer = self._client.put_object(
                Bucket=self._bucket, Key=key, Body=content, **condition, **self._encryption
            )
            return str(answer["ETag"])
        except (ClientError, BotoCoreError) as error:
            raise self._problem(error) from error

    def remove(self, key: str, tag: str) -> None:
        """Remove the object if it still has this tag."""
        try:
            self._client.delete_object(Bucket=self._bucket, Key=key, IfMatch=tag)
        except (ClientError, BotoCoreError) as error:
            raise self._problem(error) from error

    def _problem(self, error: Exception) -> ObjectsProblem:
        if isinstance(error, LOGGED_OUT):
            return ObjectsProblem("credentials", str(error))
        if not isinstance(error, ClientError):
            return ObjectsProblem("unreachable", f"S3 does not answer: {error}")
        code, message = _code(error), error.response["Error"].get("Message", "")
        if code == "NoSuchBucket":
            return ObjectsProblem("no_bucket", f"the bucket {self._bucket} does not exist")
        said = f"S3 answered {code}: {message}"
        # What was to be replaced or removed is gone.
        if code in CONFLICTS or code == "NoSuchKey":
            return ObjectsProblem("conflict", said)
        return ObjectsProblem("credentials" if code in NO_CREDENTIALS else "unreachable", said)


def _code(error: ClientError) -> str:
    return str(error.response["Error"]["Code"])
