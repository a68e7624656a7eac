"""A real Kubernetes cluster in containers on this machine, in place of the emulated API: made by kind or k3d.

Its API server is real, with admission, CEL rules and conflicts of its own. What charts would install is not there: the kinds that they define are,
by the definitions given or by shape alone. Its nodes take no pods, because the images are large and the GPUs are not here.

Commands: kind.sigs.k8s.io/docs/user/quick-start, k3d.io/stable/usage/commands.
"""

from __future__ import annotations

import hashlib
import json
import os
import pathlib
import shutil
import subprocess
import threading
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from platformspec.sdk import Code, Failure, Report
from platformspec_rehearsal.pretence import Pretence

NO_MAKER = Code(
    "PS791",
    "nothing that makes a cluster on this machine",
    explain="`--cluster kind` and `--cluster k3d` make a cluster in containers, for which that program and docker must be installed, and docker must "
    "run. Without `--cluster` a rehearsal emulates the API of Kubernetes and needs neither.",
)
NOT_MADE = Code(
    "PS792",
    "a cluster on this machine that could not be made",
    explain="kind or k3d could not make the cluster, or it could not be prepared, and the message is theirs. Often docker has too little memory or disk, "
    "or a proxy keeps the node's image away. Nothing outside this machine was touched.",
)
OTHER_CLUSTER = Code(
    "PS793",
    "a rehearsal that was begun with another cluster",
    explain="A rehearsal keeps its cluster from run to run, and its record says what is in it. Another cluster knows nothing of that.",
)
NO_FAILURES = Code(
    "PS794",
    "a failure that cannot be injected into a real cluster",
    explain="Rules of --inject reach the simulated cloud, and the cluster only where it is emulated. The API server of a real one answers as it does.",
)

CHOICE: Final = "cluster.json"
PROGRAM_VARIABLE: Final = "PLATFORMSPEC_KUBECTL"
TAINT: Final = "platformspec.dev/rehearsal=no-pods:NoSchedule"
# Operations that only a cluster has; see `rules_file.OPERATIONS`.
CLUSTER_OPERATIONS: Final = ("apply", "patch", "list", "watch")


@dataclass(frozen=True)
class Maker:
    """How a program lists, makes, names and removes clusters. `{name}` and `{file}`, of a kubeconfig, are filled in."""

    listing: tuple[str, ...]
    making: tuple[str, ...]
    kubeconfig: tuple[str, ...]
    removing: tuple[str, ...]


MAKERS: Final[Mapping[str, Maker]] = {
    "kind": Maker(
        ("get", "clusters"),
        ("create", "cluster", "--name", "{name}", "--kubeconfig", "{file}", "--wait", "180s"),
        ("get", "kubeconfig", "--name", "{name}"),
        ("delete", "cluster", "--name", "{name}", "--kubeconfig", "{file}"),
    ),
    "k3d": Maker(
        ("cluster", "list", "--no-headers"),
        ("cluster", "create", "{name}", "--kubeconfig-update-default=false", "--wait", "--timeout", "180s"),
        ("kubeconfig", "get", "{name}"),
        ("cluster", "delete", "{name}"),
    ),
}


def chosen(folder: pathlib.Path, wanted: str | None, rules: Iterable[Mapping[str, Any]], report: Report) -> str | None:
    """Which maker this rehearsal has, or None for the emulated API; what stands against it is on the report."""
    file = folder / CHOICE
    begun = json.loads(file.read_text("utf-8"))["maker"] if file.exists() else None
    if wanted is not None and folder.exists() and wanted != (begun or "emulated"):
        report.error(
            OTHER_CLUSTER,
            f"this rehearsal has {'an emulated cluster' if begun is None else f'a cluster of {begun}'}, and --cluster says {wanted}",
            help=f"destroy it and remove {folder.parent}, or leave --cluster away",
        )
        return None
    maker = begun or (wanted if wanted != "emulated" else None)
    if maker is None:
        return None
    missing = [program for program in (maker, "docker") if shutil.which(program) is None]
    if missing:
        report.error(
            NO_MAKER,
            f"{' and '.join(missing)} not found on PATH",
            help=f"install {' and '.join(missing)}, or leave --cluster away",
        )
    elif _run(["docker", "info"]).returncode != 0:
        report.error(NO_MAKER, "docker does not answer", help="start docker, or leave --cluster away")
    for rule in rules:
        # Kinds of Kubernetes begin with a capital letter, Terraform's types never do.
        if rule.get("op") in CLUSTER_OPERATIONS or str(rule.get("type", ""))[:1].isupper():
            what = " ".join(str(rule[key]) for key in ("op", "type") if key in rule)
            report.error(
                NO_FAILURES,
                f"a rule wants to disturb {what} in a cluster of {maker}",
                help="take the rule out, or rehearse without --cluster",
            )
    return maker


@dataclass
class RealClusters:
    """The clusters of a rehearsal, each made when it is first asked for. `definitions`: CustomResourceDefinitions to put into each."""

    maker: str
    folder: pathlib.Path
    pretence: Pretence
    definitions: list[dict[str, Any]]
    lock: threading.Lock = field(default_factory=threading.Lock)
    prepared: set[str] = field(default_factory=set)

    def name(self, cluster: str) -> str:
        """What the program calls it: two rehearsals on one machine have two."""
        return f"rehearsal-{cluster}"[:22].rstrip("-") + "-" + hashlib.sha256(str(self.folder).encode()).hexdigest()[:8]

    def kubeconfig(self, cluster: str) -> pathlib.Path:
        """The file through which kubectl reaches it. Raises `Failure` where it cannot be made."""
        file = self.folder / f"kubeconfig-{cluster}.yaml"
        with self.lock:
            if cluster not in self.prepared:
                self._remember(cluster)
                if self.name(cluster) not in self.there():
                    self._must("making", cluster, file)
                file.write_text(self._must("kubeconfig", cluster, file), "utf-8")
                file.chmod(0o600)
                self._prepare(cluster, file)
                self.prepared.add(cluster)
        return file

    def there(self) -> set[str]:
        """Names of all clusters of this program on this machine."""
        done = _run([self.maker, *MAKERS[self.maker].listing])
        return {line.split()[0] for line in done.stdout.splitlines() if line.strip()} if done.returncode == 0 else set()

    def remove_if_gone(self) -> None:
        """Remove the clusters once the account has no control plane any more that it had."""
        deleted = self.pretence.rows("select 1 from done where op = 'delete' and type = 'aws_eks_cluster'")
        if not deleted or self.pretence.rows("select 1 from resources where type = 'aws_eks_cluster'"):
            return
        for cluster in self.remembered():
            self._must("removing", cluster, self.folder / f"kubeconfig-{cluster}.yaml")
        (self.folder / CHOICE).write_text(json.dumps({"maker": self.maker, "clusters": []}))

    def remembered(self) -> list[str]:
        """The clusters that this rehearsal has made and not removed."""
        file = self.folder / CHOICE
        names: list[str] = json.loads(file.read_text("utf-8"))["clusters"] if file.exists() else []
        return names

    def lines(self) -> list[str]:
        """What a summary says of them."""
        program = self.maker
        remove = " ".join(MAKERS[program].removing[: 4 if program == "kind" else 3])
        return [
            f"Cluster {cluster} is a real one of {program}: {self.name(cluster)}. Its nodes take no pods, so nothing was waited for; "
            f"`{program} {remove.format(name=self.name(cluster))}` removes it."
            for cluster in self.remembered()
        ]

    def _remember(self, cluster: str) -> None:
        names = sorted({*self.remembered(), cluster})
        (self.folder / CHOICE).write_text(json.dumps({"maker": self.maker, "clusters": names}))

    def _prepare(self, cluster: str, file: pathlib.Path) -> None:
        """What the simulated charts do not install: namespaces and kinds. And no pods."""
        states = self.pretence.rows("select state from resources where type = 'helm_release'")
        releases = [json.loads(state) for (state,) in states]
        spaces = {release["namespace"] for release in releases if release.get("create_namespace")}
        objects = [{"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}} for name in sorted(spaces)]
        text = "\n".join(json.dumps(object) for object in [*objects, *self.definitions])
        self._kubectl(cluster, file, "apply", "--server-side", "--force-conflicts", "-f", "-", stdin=text)
        self._kubectl(
            cluster, file, "wait", "--for=condition=Established", "--all", "customresourcedefinitions", "--timeout=120s"
        )
        self._kubectl(cluster, file, "taint", "nodes", "--all", TAINT, "--overwrite")

    def _must(self, what: str, cluster: str, file: pathlib.Path) -> str:
        arguments: tuple[str, ...] = getattr(MAKERS[self.maker], what)
        done = _run([self.maker, *(part.format(name=self.name(cluster), file=file) for part in arguments)])
        return self._output(done, cluster)

    def _kubectl(self, cluster: str, file: pathlib.Path, *arguments: str, stdin: str | None = None) -> None:
        kubectl = os.environ.get(PROGRAM_VARIABLE, "kubectl")
        self._output(_run([kubectl, "--kubeconfig", str(file), *arguments], stdin), cluster)

    def _output(self, done: subprocess.CompletedProcess[str], cluster: str) -> str:
        if done.returncode != 0:
            raise Failure(
                NOT_MADE,
                f"cluster {cluster}: {' '.join(done.stderr.split())[-600:]}",
                f"mend the cause (`{self.maker} version`, `docker info`), then `platformspec apply --rehearse --resume`",
            )
        return done.stdout


def keep_choice(folder: pathlib.Path, maker: str) -> None:
    """From now on this rehearsal has clusters of this program."""
    if not (folder / CHOICE).exists():
        (folder / CHOICE).write_text(json.dumps({"maker": maker, "clusters": []}))


def _run(command: list[str], stdin: str | None = None) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, input=stdin, capture_output=True, text=True, check=False)
