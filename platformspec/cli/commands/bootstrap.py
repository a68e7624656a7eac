"""`platformspec bootstrap`: make the bucket for the state."""

from __future__ import annotations

import argparse

from platformspec.apply.account import NO_CLIENT, NO_CREDENTIALS
from platformspec.cli import exit
from platformspec.cli.arguments import add_input_arguments
from platformspec.cli.emit_settings import emit_settings
from platformspec.cli.environment import WRONG_ACCOUNT
from platformspec.cli.session import compile_input, platform_input
from platformspec.diagnostics import Code, Failure
from platformspec.driver import Compilation
from platformspec.lower.contract import AccountProblem
from platformspec.lower.state_bucket import BucketProblem, BucketTrait, StateBucket

OTHERS_BUCKET = Code(
    "PS763",
    "a bucket of another account",
    explain="Names of buckets are unique among all accounts. One of this name exists and does not belong to cloud.account, or the credentials "
    "may not see it. State written there would be in somebody else's hands, so it is neither used nor changed.",
)
OTHER_REGION = Code(
    "PS764",
    "a bucket in another region",
    explain="The bucket exists in another region than cloud.state.region says (where left out: cloud.region). Terraform does not follow it there.",
)
NO_STATE = Code(
    "PS765",
    "a platform without a bucket for its state",
    explain="`platformspec bootstrap` makes the bucket that cloud.state.bucket names. Without cloud.state, Terraform's state and the record are kept in files "
    "beside the platform, and nothing has to be made.",
)
REFUSED = Code(
    "PS766",
    "a call about the bucket that the cloud refused",
    explain="Making the bucket, or looking at it, needs permissions on it: s3:CreateBucket, and s3:Get and s3:Put of its versioning, encryption, policy, "
    "lifecycle, public access block, ownership and tags. What was made before the refusal stays; the command can be repeated.",
)
LACKS = Code(
    "PS767",
    "a bucket for state that is not as it should be",
    explain="State holds what an attacker needs to know of a platform, and losing it means to lose control of everything that was created. So its "
    "bucket keeps old versions, is encrypted, is not public and answers TLS only.",
)
PROBLEMS = {"owner": OTHERS_BUCKET, "region": OTHER_REGION, "refused": REFUSED}
ACCOUNT_PROBLEMS = {"boto3": NO_CLIENT, "credentials": NO_CREDENTIALS, "account": WRONG_ACCOUNT}
WORDS = {"ok": "ok   ", "lacks": "LACKS", "made": "made "}


def arguments(parser: argparse.ArgumentParser) -> None:
    """Its arguments."""
    parser.epilog = "examples:\n  platformspec bootstrap --env prod --check\n  platformspec bootstrap --env prod"
    add_input_arguments(parser)
    parser.add_argument(
        "--check", action="store_true", help="only look: print what the bucket lacks, and end with 1 if it lacks any"
    )


def run(args: argparse.Namespace) -> int:
    """Run it. What the bucket has already is left as it is."""
    compilation = compile_input(platform_input(args.file), args)
    wanted = _wanted(compilation)
    prepare = compilation.providers.acting.prepare_bucket
    if prepare is None:
        raise Failure(NO_CLIENT, "no provider plug-in makes buckets", "pip install 'platformspec[aws]'")
    print(f"s3://{wanted.name} in {wanted.region}, account {wanted.account}")
    traits: list[BucketTrait] = []
    try:
        for trait in prepare(wanted, args.check):
            print(f"  {WORDS[trait.status]}  {trait.what}", flush=True)
            traits.append(trait)
    except AccountProblem as problem:
        raise Failure(ACCOUNT_PROBLEMS[problem.kind], problem.message, problem.help) from problem
    except BucketProblem as problem:
        raise Failure(PROBLEMS[problem.kind], problem.message, problem.help) from problem
    if lacking := [trait.what for trait in traits if trait.status == "lacks"]:
        raise Failure(
            LACKS,
            f"the bucket {wanted.name} lacks: {'; '.join(lacking)}",
            f"platformspec bootstrap{f' --env {args.env}' if args.env else ''}",
        )
    made = sum(trait.status == "made" for trait in traits)
    print(f"{made} made" if made else "nothing to do")
    return exit.OK


def _wanted(compilation: Compilation) -> StateBucket:
    """The bucket that the file names. Raises `Failure` where it names none."""
    assert compilation.spec is not None
    state = emit_settings(compilation, "cdktf").state
    if state is None:
        raise Failure(
            NO_STATE,
            "the platform names no bucket for its state",
            "write `state: {bucket: NAME}` under cloud, or `platformspec set cloud.state.bucket NAME`",
        )
    metadata = compilation.spec.metadata
    tags = {**metadata.labels, "platformspec:platform": metadata.name, "platformspec:purpose": "state"}
    if metadata.owner:
        tags["platformspec:owner"] = metadata.owner
    return StateBucket(state.bucket, state.region, compilation.spec.cloud.account, tags, state.kms_key_arn)
