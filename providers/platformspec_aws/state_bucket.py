"""Make the S3 bucket that keeps Terraform's state and our record, or look at one that is there.

What others have put on the bucket stays: statements of its policy, rules of its lifecycle, tags, a stronger encryption. Importing this
module needs boto3.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any, Final

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from platformspec.sdk import AccountProblem, BucketProblem, BucketTrait, StateBucket

# docs.aws.amazon.com/AmazonS3/latest/API/API_CreateBucket.html: the one region without a LocationConstraint.
FIRST_REGION: Final = "us-east-1"
PRIVATE: Final = dict.fromkeys(
    ("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets"), True
)
KEEP_DAYS: Final = 90
KEEP_VERSIONS: Final = 20
TLS_ONLY: Final = "TlsOnly"
RULE: Final = "platformspec-old-versions"
# What the API answers where nothing was ever set.
UNSET: Final = (
    "NoSuchBucketPolicy",
    "NoSuchLifecycleConfiguration",
    "NoSuchPublicAccessBlockConfiguration",
    "NoSuchTagSet",
    "OwnershipControlsNotFoundError",
    "ServerSideEncryptionConfigurationNotFoundError",
)


def prepare_bucket(wanted: StateBucket, only_look: bool) -> Iterator[BucketTrait]:
    """Bring the bucket to what it should be. Raises `AccountProblem` and `BucketProblem`."""
    session = boto3.Session(region_name=wanted.region)
    _refuse_other_account(session, wanted)
    bucket = _Bucket(session.client("s3"), wanted, session.get_partition_for_region(wanted.region))
    try:
        exists = bucket.exists()
        if exists:
            yield BucketTrait("exists", "ok")
        elif only_look:
            yield BucketTrait("exists", "lacks")
            return
        else:
            bucket.create()
            yield BucketTrait("exists", "made")
        for what, (has, make) in bucket.traits.items():
            if has():
                yield BucketTrait(what, "ok")
            elif only_look:
                yield BucketTrait(what, "lacks")
            else:
                make()
                yield BucketTrait(what, "made")
    except ClientError as error:
        code, call = error.response["Error"]["Code"], error.operation_name
        message = error.response["Error"].get("Message", "")
        raise BucketProblem(
            "refused", f"AWS answered {code} to {call}: {message}", f"let the credentials make {call} on {wanted.name}"
        ) from error
    except BotoCoreError as error:
        raise BucketProblem("refused", f"S3 does not answer: {error}", "try again") from error


def _refuse_other_account(session: Any, wanted: StateBucket) -> None:
    try:
        found = session.client("sts").get_caller_identity()["Account"]
    except (BotoCoreError, ClientError) as error:
        help = "set AWS_PROFILE, or log in with `aws sso login`"
        raise AccountProblem("credentials", f"AWS does not say who you are: {error}", help) from error
    if found != wanted.account:
        raise AccountProblem(
            "account",
            f"the credentials are for account {found}, and this environment is in account {wanted.account}",
            f"log in to account {wanted.account}, or set AWS_PROFILE",
        )


class _Bucket:
    """The bucket; `traits`: what it must have -> whether it has it, and how it gets it."""

    def __init__(self, client: Any, wanted: StateBucket, partition: str) -> None:
        self._client = client
        self._wanted = wanted
        self._arn = f"arn:{partition}:s3:::{wanted.name}"
        # The owner is named with every call: a bucket of the same name that somebody else has is never touched.
        self._who = {"Bucket": wanted.name, "ExpectedBucketOwner": wanted.account}
        self.traits: dict[str, tuple[Callable[[], bool], Callable[[], None]]] = {
            "its objects belong to the account": (self._is_owned, self._own),
            "public access is blocked": (self._is_private, self._make_private),
            "versions are kept": (self._is_versioned, self._version),
            "objects are encrypted": (self._is_encrypted, self._encrypt),
            "only TLS is answered": (self._is_tls_only, self._allow_tls_only),
            f"old versions end after {KEEP_DAYS} days, but for the last {KEEP_VERSIONS}": (self._expires, self._expire),
            "it carries the platform's tags": (self._is_tagged, self._tag),
        }

    def exists(self) -> bool:
        """Whether it is there, ours, and where it should be. Raises `BucketProblem`."""
        name, wanted = self._wanted.name, self._wanted
        try:
            headers = self._client.head_bucket(**self._who)["ResponseMetadata"]["HTTPHeaders"]
        except ClientError as error:
            status = error.response["ResponseMetadata"]["HTTPStatusCode"]
            if status == 404:
                return False
            if status == 403:
                raise self._foreign() from error
            headers = error.response["ResponseMetadata"]["HTTPHeaders"]
            if status != 301 or "x-amz-bucket-region" not in headers:
                raise
        region = headers.get("x-amz-bucket-region", wanted.region)
        if region != wanted.region:
            raise BucketProblem(
                "region",
                f"the bucket {name} is in {region}, and the state should be in {wanted.region}",
                f"write `region: {region}` under cloud.state, or choose another name for the bucket",
            )
        return True

    def create(self) -> None:
        """Make it. Raises `BucketProblem` where the name is taken."""
        region = self._wanted.region
        where = {} if region == FIRST_REGION else {"CreateBucketConfiguration": {"LocationConstraint": region}}
        try:
            self._client.create_bucket(Bucket=self._wanted.name, ObjectOwnership="BucketOwnerEnforced", **where)
        except ClientError as error:
            if error.response["Error"]["Code"] == "BucketAlreadyExists":
                raise self._foreign() from error
            raise

    def _foreign(self) -> BucketProblem:
        return BucketProblem(
            "owner",
            f"the bucket {self._wanted.name} belongs to another account, or these credentials may not see it",
            "choose another name under cloud.state.bucket: names of buckets are unique among all accounts",
        )

    def _read(self, call: str, key: str) -> Any:
        """The part `key` of an answer, or None where nothing was ever set."""
        try:
            return getattr(self._client, call)(**self._who).get(key)
        except ClientError as error:
            if error.response["Error"]["Code"] in UNSET:
                return None
            raise

    def _is_owned(self) -> bool:
        found = self._read("get_bucket_ownership_controls", "OwnershipControls") or {"Rules": ()}
        return any(rule["ObjectOwnership"] == "BucketOwnerEnforced" for rule in found["Rules"])

    def _own(self) -> None:
        rules = {"Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]}
        self._client.put_bucket_ownership_controls(**self._who, OwnershipControls=rules)

    def _is_private(self) -> bool:
        return bool(self._read("get_public_access_block", "PublicAccessBlockConfiguration") == PRIVATE)

    def _make_private(self) -> None:
        self._client.put_public_access_block(**self._who, PublicAccessBlockConfiguration=PRIVATE)

    def _is_versioned(self) -> bool:
        return bool(self._read("get_bucket_versioning", "Status") == "Enabled")

    def _version(self) -> None:
        self._client.put_bucket_versioning(**self._who, VersioningConfiguration={"Status": "Enabled"})

    def _is_encrypted(self) -> bool:
        found = self._read("get_bucket_encryption", "ServerSideEncryptionConfiguration")
        if found is None or self._wanted.kms_key_arn is None:
            return found is not None
        # Another environment's key is no worse: what is written names its own.
        defaults = [rule.get("ApplyServerSideEncryptionByDefault", {}) for rule in found["Rules"]]
        return any(default.get("SSEAlgorithm", "").startswith("aws:kms") for default in defaults)

    def _encrypt(self) -> None:
        key = self._wanted.kms_key_arn
        default = {"SSEAlgorithm": "AES256"} if key is None else {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": key}
        rule = {"ApplyServerSideEncryptionByDefault": default, "BucketKeyEnabled": key is not None}
        self._client.put_bucket_encryption(**self._who, ServerSideEncryptionConfiguration={"Rules": [rule]})

    @property
    def _tls_only(self) -> dict[str, Any]:
        return {
            "Sid": TLS_ONLY,
            "Effect": "Deny",
            "Principal": "*",
            "Action": "s3:*",
            "Resource": [self._arn, f"{self._arn}/*"],
            "Condition": {"Bool": {"aws:SecureTransport": "false"}},
        }

    def _policy(self) -> dict[str, Any]:
        text = self._read("get_bucket_policy", "Policy")
        policy: dict[str, Any] = json.loads(text) if text else {"Version": "2012-10-17", "Statement": []}
        if isinstance(policy["Statement"], dict):
            policy["Statement"] = [policy["Statement"]]
        return policy

    def _is_tls_only(self) -> bool:
        return self._tls_only in self._policy()["Statement"]

    def _allow_tls_only(self) -> None:
        policy = self._policy()
        others = [statement for statement in policy["Statement"] if statement.get("Sid") != TLS_ONLY]
        policy["Statement"] = [*others, self._tls_only]
        self._client.put_bucket_policy(**self._who, Policy=json.dumps(policy))

    @property
    def _rule(self) -> dict[str, Any]:
        # Locks leave delete markers, and an upload that breaks off its parts.
        return {
            "ID": RULE,
            "Status": "Enabled",
            "Filter": {"Prefix": ""},
            "Expiration": {"ExpiredObjectDeleteMarker": True},
            "NoncurrentVersionExpiration": {"NoncurrentDays": KEEP_DAYS, "NewerNoncurrentVersions": KEEP_VERSIONS},
            "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 7},
        }

    def _rules(self) -> list[dict[str, Any]]:
        return list(self._read("get_bucket_lifecycle_configuration", "Rules") or ())

    def _expires(self) -> bool:
        return any(rule.get("ID") == RULE and rule["Status"] == "Enabled" for rule in self._rules())

    def _expire(self) -> None:
        others = [rule for rule in self._rules() if rule.get("ID") != RULE]
        self._client.put_bucket_lifecycle_configuration(
            **self._who, LifecycleConfiguration={"Rules": [*others, self._rule]}
        )

    def _tags(self) -> dict[str, str]:
        return {tag["Key"]: tag["Value"] for tag in self._read("get_bucket_tagging", "TagSet") or ()}

    def _is_tagged(self) -> bool:
        return self._wanted.tags.keys() <= self._tags().keys()

    def _tag(self) -> None:
        # Several platforms may keep their state here: what the first one wrote stays.
        tags = {**self._wanted.tags, **self._tags()}
        tag_set = [{"Key": key, "Value": value} for key, value in sorted(tags.items())]
        self._client.put_bucket_tagging(**self._who, Tagging={"TagSet": tag_set})
