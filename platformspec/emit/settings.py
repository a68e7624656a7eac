"""What emitting needs to know besides the program."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal

from platformspec.ir.link import RemoteState

WRITING: Final = ("use_lockfile", "kms_key_id")
"""Arguments of the backend that are about writing alone."""


@dataclass(frozen=True)
class S3State:
    """State in an S3 bucket with native locking. `kms_key_arn`: what encrypts it; None for S3-managed keys."""

    bucket: str
    region: str
    prefix: str
    kms_key_arn: str | None = None


@dataclass(frozen=True)
class EmitSettings:
    """`state`: an S3 bucket, or None for local files. `required_providers`: as in `terraform.required_providers`."""

    platform: str
    environment: str | None
    state: S3State | None
    required_providers: Mapping[str, Mapping[str, str]]
    cdk: Literal["cdktf", "cdktn"] = "cdktf"

    def backend(self, stack: str) -> tuple[str, dict[str, Any]]:
        """Kind and configuration of the backend of one stack.

        A local path is relative to the folder of the stack that is running, so it is the same from every stack.
        """
        if self.state is None:
            return "local", {"path": f"../../state/{stack}.tfstate"}
        return "s3", {
            "bucket": self.state.bucket,
            "key": self.state_key(f"{stack}.tfstate"),
            "region": self.state.region,
            "encrypt": True,
            **({"kms_key_id": self.state.kms_key_arn} if self.state.kms_key_arn is not None else {}),
            "use_lockfile": True,
        }

    def state_key(self, name: str) -> str:
        """Key of an object of this environment in the bucket for state, which there is."""
        assert self.state is not None
        parts = [self.state.prefix.strip("/"), self.platform, self.environment or "", name]
        return "/".join(part for part in parts if part)

    def remote_state(self, stack: str) -> RemoteState:
        """How other stacks read this one's state; reading takes no lock, and S3 knows the key."""
        kind, config = self.backend(stack)
        return RemoteState(kind, {key: value for key, value in config.items() if key not in WRITING})
