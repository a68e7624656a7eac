"""What a plug-in offers for keeping things in a bucket: objects that are written only where nobody else has written."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, Protocol


@dataclass(frozen=True, slots=True)
class Stored:
    """An object's content, and the tag that changes with every write to it."""

    content: bytes
    tag: str


class ObjectsProblem(Exception):
    """An object was not read or written.

    - `conflict`: it is not the one that was to be replaced, so nothing was written.
    - `no_bucket`: the bucket does not exist.
    - `credentials`: there are none, or they have expired.
    - `unreachable`: no answer, or a refusal; a write may have happened nevertheless.
    """

    def __init__(self, kind: Literal["conflict", "no_bucket", "credentials", "unreachable"], message: str) -> None:
        super().__init__(message)
        self.kind = kind
        self.message = message


class Objects(Protocol):
    """The objects of one bucket. Every method raises `ObjectsProblem`; all may be called from several threads."""

    def read(self, key: str) -> Stored | None:
        """The object, or None where there is none."""

    def write(self, key: str, content: bytes, replaces: str | None) -> str:
        """Write if the object still has the tag `replaces` (None: if there is no object); returns the new tag."""

    def remove(self, key: str, tag: str) -> None:
        """Remove the object if it still has this tag."""


OpenObjects = Callable[[str, str, str | None], Objects]
"""(bucket, region) -> its objects. Raises `AccountProblem` where the cloud's client library is not installed."""
