"""One environment as the acting commands see it: its record, its folder, its programs, and who is at work."""

from __future__ import annotations

import argparse
import json
import pathlib
import shutil
import socket
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from platformspec.apply.cluster_access import by_state
from platformspec.apply.events import Tell
from platformspec.apply.lock import who
from platformspec.apply.places import RECORD, environment_folder, keep_out_of_git
from platformspec.apply.process import Program as Tool
from platformspec.apply.process import output_of
from platformspec.apply.record import Record
from platformspec.apply.site import Limits, Site, now
from platformspec.apply.tools import find_kubectl, find_terraform
from platformspec.cli.emit_settings import emit_settings
from platformspec.cli.event_output import teller
from platformspec.cli.paths import cache_folder
from platformspec.cli.session import Input, beside
from platformspec.diagnostics import Code, Failure
from platformspec.driver import Compilation
from platformspec.emit.emit import emit
from platformspec.ir.node import Manifest
from platformspec.ir.program import Program
from platformspec.plan.change import Plan
from platformspec.version import VERSION

WRONG_ACCOUNT = Code(
    "PS702",
    "credentials for another account",
    explain="The credentials at hand belong to another account than cloud.account of this environment, or to none. Nothing was done.",
)


@dataclass
class Environment:
    """`folder`: what applying keeps; `beside`: the folder of the platform file."""

    compilation: Compilation
    folder: pathlib.Path
    beside: pathlib.Path
    record: Record
    file: str
    tell: Tell

    @property
    def program(self) -> Program:
        """What the file says."""
        assert self.compilation.program is not None
        return self.compilation.program

    def recorded(self) -> Program | None:
        """What the record says."""
        return self.record.program(self.program.platform, self.program.environment)

    def header(self, command: str, plan: Plan, head: Program, options: Mapping[str, Any]) -> dict[str, Any]:
        """What the record keeps of a run from its beginning."""
        revision = output_of(["git", "rev-parse", "HEAD"], cwd=self.beside)
        changed = output_of(["git", "status", "--porcelain", "--", str(self.beside)], cwd=self.beside)
        settings = emit_settings(self.compilation, "cdktf")
        return {
            "command": command,
            "started": now(),
            "who": who(),
            "host": socket.gethostname(),
            "tool_version": VERSION,
            "revision": f"{revision} with changes" if revision and changed else revision,
            "file": self.file,
            "head_digest": plan.head_digest,
            "artifacts_digest": emit(head, settings, cache=cache_folder() / "stacks").digest,
            "counts": dict(plan.counts),
            "options": dict(options),
        }

    def site(self, args: argparse.Namespace) -> Site:
        """Programs found, versions checked, credentials compared. Raises `Failure`; nothing was done then."""
        acting = self.compilation.providers.acting
        terraform = find_terraform({})
        manifests = [node for node in self._all_nodes() if isinstance(node, Manifest)]
        kubectl = find_kubectl({}) if manifests else Tool("kubectl")
        if self._all_nodes():
            self._compare_account(acting.account_command)
        return Site(
            platform=self.program.platform,
            environment=self.program.environment,
            settings=emit_settings(self.compilation, "cdktf"),
            folder=self.folder,
            cache=cache_folder() / "stacks",
            kept_locks=self.beside / "terraform-locks",
            record=self.record,
            terraform=Tool(terraform.path, {**terraform.environment, **_plugin_cache()}),
            cluster=by_state(kubectl, acting.clusters, force=getattr(args, "force_conflicts", False)),
            tell=self.tell,
            import_ids=acting.import_ids,
            limits=Limits(args.parallelism, args.ready_minutes),
        )

    def _all_nodes(self) -> list[Any]:
        return [*self.program, *(item.node for item in self.record.known().values())]

    def _compare_account(self, command: tuple[str, ...]) -> None:
        if not command or shutil.which(command[0]) is None:
            # Terraform's provider compares as well, by allowed_account_ids, before it does anything.
            return
        assert self.compilation.spec is not None
        wanted = self.compilation.spec.cloud.account
        said = output_of(command)
        if said is None:
            raise Failure(
                WRONG_ACCOUNT,
                f"`{' '.join(command)}` fails: there are no valid credentials",
                f"log in to account {wanted}, for instance with `aws sso login`",
            )
        account = json.loads(said).get("Account")
        if account != wanted:
            raise Failure(
                WRONG_ACCOUNT,
                f"the credentials are for account {account}, and this environment is in account {wanted}",
                f"log in to account {wanted}, or set AWS_PROFILE",
            )


def _plugin_cache() -> dict[str, str]:
    """Providers are large: one copy serves all stacks."""
    folder = cache_folder() / "terraform-plugins"
    folder.mkdir(parents=True, exist_ok=True)
    return {"TF_PLUGIN_CACHE_DIR": str(folder)}


def record_file(source: Input, compilation: Compilation) -> pathlib.Path:
    """Where the environment's record is."""
    return _folder_of(source, compilation) / RECORD


def _folder_of(source: Input, compilation: Compilation) -> pathlib.Path:
    assert compilation.program is not None
    return environment_folder(beside(source), compilation.program.platform, compilation.environment)


@contextmanager
def environment(source: Input, compilation: Compilation, *, as_json: bool = False) -> Iterator[Environment]:
    """Open the environment. Raises `Failure` where its record is damaged, newer or another platform's."""
    assert compilation.program is not None
    folder, home = _folder_of(source, compilation), beside(source)
    keep_out_of_git(home)
    record = Record(folder / RECORD, compilation.program.platform, compilation.environment)
    try:
        yield Environment(compilation, folder, home, record, source.file, teller(as_json))
    finally:
        record.close()
