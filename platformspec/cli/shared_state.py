"""What an environment shares in the bucket under cloud.state: its record, and the lock files of the providers."""

from __future__ import annotations

import pathlib
from collections.abc import Iterable
from dataclasses import dataclass

from platformspec.apply.account import NO_CLIENT
from platformspec.apply.kept_locks import KeptLocks
from platformspec.apply.shared import SharedRecord, failure
from platformspec.apply.site import now
from platformspec.cli.emit_settings import emit_settings
from platformspec.diagnostics import Failure
from platformspec.driver import Compilation
from platformspec.lower.contract import AccountProblem
from platformspec.lower.objects import ObjectsProblem


@dataclass(frozen=True)
class SharedState:
    """The record, and the lock files; `folder` is where the platform keeps the latter."""

    record: SharedRecord
    locks: KeptLocks
    folder: pathlib.Path

    def fetch_locks(self, stacks: Iterable[str]) -> None:
        """Put the lock files into the folder that it lacks. Raises `Failure`."""
        try:
            self.locks.fetch(stacks, self.folder)
        except ObjectsProblem as problem:
            raise failure(problem, self.record.where) from problem

    def keep_locks(self, stacks: Iterable[str]) -> None:
        """Keep the folder's lock files in the bucket. Raises `Failure`."""
        try:
            self.locks.keep(stacks, self.folder)
        except ObjectsProblem as problem:
            raise failure(problem, self.record.where) from problem


def shared_state(compilation: Compilation, folder: pathlib.Path, locks: pathlib.Path) -> SharedState | None:
    """What is shared, or None where state is kept in files. Raises `Failure`; nothing is asked yet.

    `folder`: of the environment. `locks`: where the platform keeps the providers' lock files.
    """
    settings = emit_settings(compilation, "cdktf")
    if settings.state is None:
        return None
    open_objects = compilation.providers.acting.open_objects
    if open_objects is None:
        raise Failure(NO_CLIENT, "no provider plug-in opens buckets", "pip install 'platformspec[aws]'")
    try:
        objects = open_objects(settings.state.bucket, settings.state.region, settings.state.kms_key_arn)
    except AccountProblem as problem:
        raise Failure(NO_CLIENT, problem.message, problem.help) from problem
    record = SharedRecord(objects, settings.state.bucket, settings.state_key, folder, now)
    return SharedState(record, KeptLocks(objects, settings.state_key), locks)
