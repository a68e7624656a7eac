"""One environment as the acting commands see it: its record, its folder, its programs, and who is at work."""

from __future__ import annotations

import argparse
import contextlib
import json
import pathlib
import shutil
import socket
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from platformspec.apply.cluster_access import by_state
from platformspec.apply.disk import disk_failures
from platformspec.apply.events import Tell
from platformspec.apply.kept_locks import FOLDER as LOCKS
from platformspec.apply.kubectl import Cluster
from platformspec.apply.lock import is_dead, refusal, who
from platformspec.apply.places import RECORD, environment_folder, keep_out_of_git
from platformspec.apply.process import Program as Tool
from platformspec.apply.process import output_of
from platformspec.apply.record import Record
from platformspec.apply.rehearsed_delivery import open_repository
from platformspec.apply.site import GitWays, Limits, Site, now
from platformspec.apply.tools import find_kubectl, find_terraform
from platformspec.cli.arguments import add_input_arguments
from platformspec.cli.emit_settings import emit_settings
from platformspec.cli.event_output import teller
from platformspec.cli.paths import cache_folder
from platformspec.cli.session import Input, beside
from platformspec.cli.shared_state import SharedState, shared_state
from platformspec.cli.stage import open_stage
from platformspec.diagnostics import Code, Failure
from platformspec.driver import Compilation
from platformspec.emit.emit import emit
from platformspec.ir.delivery import Delivery, deliveries
from platformspec.ir.node import Manifest, Node
from platformspec.ir.program import Program
from platformspec.lower.stage import Stage
from platformspec.plan.change import Plan
from platformspec.version import VERSION

WRONG_ACCOUNT = Code(
    "PS702",
    "credentials for another account",
    explain="The credentials at hand belong to another account than cloud.account of this environment, or to none. Nothing was done.",
)


@dataclass
class Environment:
    """`folder`: what applying keeps; `beside`: the folder of the platform file; `shared`: what other machines see as well."""

    compilation: Compilation
    folder: pathlib.Path
    beside: pathlib.Path
    record: Record
    file: str
    tell: Tell
    stage: Stage | None
    shared: SharedState | None = None

    @property
    def program(self) -> Program:
        """What the file says."""
        assert self.compilation.program is not None
        return self.compilation.program

    def refuse_locked(self, *, though_dead: bool = True) -> None:
        """Raises `Failure` where the environment is locked. `though_dead`: also by a process that is gone."""
        held = self.record.lock_owner()
        if held is not None and (though_dead or not is_dead(held)):
            raise refusal(held)

    def recorded(self) -> Program | None:
        """What the record says."""
        return self.record.program(self.program.platform, self.program.environment)

    def header(self, command: str, plan: Plan, head: Program, options: Mapping[str, Any]) -> dict[str, Any]:
        """What the record keeps of a run from its beginning."""
        revision = output_of(["git", "rev-parse", "HEAD"], cwd=self.beside)
        changed = output_of(["git", "status", "--porcelain", "--", str(self.beside)], cwd=self.beside)
        settings = emit_settings(self.compilation, "cdktf")
        written = f"{revision} with changes" if revision and changed else revision
        # A rollback applies what another commit said.
        origin = next((run for run in self.record.runs() if run.id == options.get("to")), None)
        return {
            "command": command,
            "started": now(),
            "who": who(),
            "host": socket.gethostname(),
            "tool_version": VERSION,
            "revision": origin.revision if origin is not None else written,
            "file": origin.file if origin is not None else self.file,
            "head_digest": plan.head_digest,
            "artifacts_digest": emit(head, settings, cache=cache_folder() / "stacks").digest,
            "counts": dict(plan.counts),
            "options": dict(options),
        }

    def site(self, args: argparse.Namespace, head: Program | None = None) -> Site:
        """Programs found, versions checked, credentials compared. `head`: what is to be applied, where the file does not say it.

        Raises `Failure`; nothing was done then.
        """
        acting = self.compilation.providers.acting
        variables = dict(self.stage.environment) if self.stage is not None else _plugin_cache()
        terraform = find_terraform(variables)
        wanted, known = deliveries(head or self.program), deliveries(self._known_nodes())
        direct = self._reaches(head or self.program, wanted) or self._reaches(self._known_nodes(), known)
        reach = self._by_kubectl(variables, getattr(args, "force_conflicts", False))
        if direct or self.stage is not None:
            find_kubectl(variables)
        if self.stage is None and self._all_nodes():
            self._compare_account(acting.account_command)
        return Site(
            platform=self.program.platform,
            environment=self.program.environment,
            settings=emit_settings(self.compilation, "cdktf"),
            folder=self.folder,
            cache=cache_folder() / "stacks",
            # The simulated providers have other digests than the real ones.
            kept_locks=self.beside / LOCKS if self.stage is None else None,
            record=self.record,
            terraform=terraform,
            cluster=reach,
            tell=self.tell,
            import_ids=acting.import_ids,
            guards=acting.guards,
            limits=Limits(args.parallelism, args.ready_minutes if self.stage is None or self.stage.runs_pods else 0),
            again=args.typed,
            git=self._git_ways(args, [*wanted.values(), *known.values()]),
        )

    def _git_ways(self, args: argparse.Namespace, wanted: Iterable[Delivery]) -> GitWays:
        if self.stage is not None:
            return GitWays(tuple(open_repository(self.folder / "git", one) for one in wanted), rehearsed=True)
        # Commands that only look commit nothing.
        clones = getattr(args, "git", ())
        return GitWays(tuple(pathlib.Path(folder).absolute() for folder in clones), getattr(args, "push", False))

    def _by_kubectl(self, variables: dict[str, str], force: bool) -> Callable[[Site, str], Cluster]:
        """The way to clusters. kubectl is looked for when one is to be reached: where an engine delivers, that may be never."""
        stage, clusters = self.stage, self.compilation.providers.acting.clusters

        def reach(site: Site, name: str) -> Cluster:
            kubectl = find_kubectl(variables)
            if stage is None:
                return by_state(kubectl, clusters, force=force)(site, name)
            on_stage = {**kubectl.environment, "KUBECONFIG": str(stage.kubeconfig(name))}
            return Cluster(name, Tool(kubectl.path, on_stage), force=force, again=site.again)

        return reach

    @staticmethod
    def _reaches(nodes: Iterable[Node], engines: Collection[str]) -> bool:
        return any(isinstance(node, Manifest) and node.placement.cluster not in engines for node in nodes)

    def _known_nodes(self) -> list[Node]:
        return [item.node for item in self.record.known().values()]

    def _all_nodes(self) -> list[Node]:
        return [*self.program, *self._known_nodes()]

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
        try:
            account = json.loads(said)["Account"]
        except (ValueError, KeyError, TypeError) as error:
            raise Failure(
                WRONG_ACCOUNT,
                f"`{' '.join(command)}` does not say whose account the credentials are for",
                f"see what it prints; {command[0]} must be the cloud's own program",
            ) from error
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


def add_environment_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of every command that looks at what was applied."""
    add_input_arguments(parser)
    parser.add_argument(
        "--rehearse",
        action="store_true",
        help="in a simulated cloud and cluster on this machine, with a record of their own",
    )


@contextmanager
def environment(source: Input, compilation: Compilation, args: argparse.Namespace) -> Iterator[Environment]:
    """Open the environment. Raises `Failure` where its record is damaged, newer or another platform's."""
    program, home = compilation.program, beside(source)
    assert program is not None
    folder = environment_folder(home, program.platform, compilation.environment)
    keep_out_of_git(home)
    if args.rehearse:
        folder = folder / "rehearsal"
    with disk_failures(args.typed), contextlib.ExitStack() as stack:
        stage = stack.enter_context(open_stage(compilation, folder / "stage", args)) if args.rehearse else None
        # A rehearsal has a record of its own.
        shared = shared_state(compilation, folder, home / LOCKS) if stage is None else None
        record = stack.enter_context(
            contextlib.closing(
                Record(
                    folder / RECORD,
                    program.platform,
                    compilation.environment,
                    shared.record if shared is not None else None,
                )
            )
        )
        tell = teller(getattr(args, "json", False))
        yield Environment(compilation, folder, home, record, source.file, tell, stage, shared)
