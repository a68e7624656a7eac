"""Where an apply works: folders, programs, the record, and the ways to the clusters."""

from __future__ import annotations

import dataclasses
import datetime
import pathlib
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

from platformspec.apply.announced import Guards
from platformspec.apply.disk import disk_failures
from platformspec.apply.events import Event, Tell
from platformspec.apply.kubectl import Cluster
from platformspec.apply.process import Program, identity
from platformspec.apply.record import Record
from platformspec.apply.resuming import RESUME
from platformspec.apply.terraform import Stack
from platformspec.diagnostics import Failure
from platformspec.emit.artifacts import ArtifactTree
from platformspec.emit.emit import emit
from platformspec.emit.settings import EmitSettings
from platformspec.ir import program as ir

KubeconfigOf = Callable[[str, Mapping[str, Any]], pathlib.Path]
"""(cluster, its stack's Terraform state by type and name) -> a kubeconfig file."""


@dataclass(frozen=True, slots=True)
class Limits:
    """How much at once, and how long to wait for workloads to become ready."""

    parallelism: int = 4
    ready_minutes: float = 45


@dataclass(frozen=True, slots=True)
class GitWays:
    """Where manifests are committed for clusters that an engine delivers to.

    `clones`: folders of clones. `push`: whether commits are pushed. `rehearsed`: no engine is there, so what it would do is done.
    """

    clones: tuple[pathlib.Path, ...] = ()
    push: bool = False
    rehearsed: bool = False


@dataclass
class Site:
    """One environment at work.

    - `folder`: generated files, local state and logs.
    - `kept_locks`: where the providers' lock files of the platform are kept; None in a rehearsal.
    - `cluster`: name -> the way to that cluster, once what it needs is applied.
    - `looks`: nothing is applied from here; see `looking`.
    - `import_ids`: Terraform type -> form of the id under which `terraform import` finds it, for types named by us.
    - `again`: the command that goes on once something is mended.
    - `guards`: arguments by which the cloud refuses to destroy something.
    """

    platform: str
    environment: str | None
    settings: EmitSettings
    folder: pathlib.Path
    cache: pathlib.Path | None
    kept_locks: pathlib.Path | None
    record: Record
    terraform: Program
    cluster: Callable[[Site, str], Cluster]
    tell: Tell
    import_ids: Mapping[str, str] = field(default_factory=dict)
    guards: Guards = field(default_factory=dict)
    limits: Limits = field(default_factory=Limits)
    git: GitWays = field(default_factory=GitWays)
    again: str = RESUME
    run: int = 0
    acted: bool = False
    looks: bool = False
    _outputs: dict[str, Mapping[str, Any]] = field(default_factory=dict)
    _lock: threading.RLock = field(default_factory=threading.RLock)

    @property
    def stacks_folder(self) -> pathlib.Path:
        return self.folder / "terraform" / ("looking" if self.looks else "stacks")

    def logs(self, run: int) -> pathlib.Path:
        """What terraform said in a run."""
        return self.folder / "logs" / str(run)

    def write(self, program: ir.Program, *, emptied: tuple[str, ...] = ()) -> None:
        """Make the folder hold the files of this program. `emptied`: see `emit`."""
        files = emit(program, self.settings, cache=self.cache, emptied=emptied)
        if not self.looks:
            files.write(self.folder)
            return
        prefix = "terraform/stacks/"
        stacks = {path.removeprefix(prefix): text for path, text in files.files.items() if path.startswith(prefix)}
        ArtifactTree(stacks).write(self.stacks_folder)

    def looking(self) -> Site:
        """The same place for somebody who only looks: with files of its own, so that an apply is never disturbed."""
        return dataclasses.replace(self, looks=True, _outputs={}, _lock=threading.RLock())

    def stack(self, name: str, step: str) -> Stack:
        """A stack whose programs are journalled under a step."""

        def started(pid: int) -> None:
            self.record.step_process(self.run, step, pid, identity(pid))

        return Stack(
            name,
            self.terraform,
            self.stacks_folder / name,
            self.logs(self.run),
            self.kept_locks,
            started,
            recorded=self.record.state_of(name) is not None,
            again=self.again,
        )

    def outputs(self, stack: str) -> Mapping[str, Any]:
        """Outputs of a stack that this run is done with."""
        with self._lock:
            if stack not in self._outputs:
                self._outputs[stack] = self._reader(stack).outputs()
            return self._outputs[stack]

    def sensitive_outputs(self, stack: str) -> frozenset[str]:
        """Those of them that Terraform does not show."""
        return self._reader(stack).sensitive_outputs()

    def _reader(self, stack: str) -> Stack:
        reader = self.stack(stack, f"stack {stack}")
        if not (reader.folder / ".terraform").exists():
            reader.initialise()
        return reader

    def acts(self) -> None:
        """From now on something outside may have changed."""
        self.acted = True

    @contextmanager
    def step(self, name: str) -> Iterator[dict[str, Any]]:
        """Journal a step before and after. What is put into the dictionary is kept with it."""
        began = time.monotonic()
        detail: dict[str, Any] = {}
        self.record.begin_step(self.run, name, now())
        self.tell(Event("step", name, "begins"))
        try:
            with disk_failures():
                yield detail
        except Failure as failure:
            detail["failure"] = failure.diagnostic.message
            # The record may be what was lost.
            with suppress(Failure):
                self.record.end_step(self.run, name, "failed", now(), detail)
            self.tell(
                Event(
                    "step",
                    name,
                    "failed",
                    failure.diagnostic.message,
                    time.monotonic() - began,
                    failure.diagnostic.code.id,
                )
            )
            raise
        except KeyboardInterrupt:
            with suppress(Failure):
                self.record.end_step(self.run, name, "interrupted", now(), detail)
            raise
        self.record.end_step(self.run, name, "done", now(), detail)
        self.tell(Event("step", name, "done", str(detail.get("summary", "")), time.monotonic() - began))


def now() -> str:
    """The time, UTC, in ISO form with seconds."""
    return datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")
