"""Real kubectl applies the golden manifests to the emulated API, finds nothing to change, and deletes them."""

from __future__ import annotations

import json
import os
import pathlib
import subprocess
from collections.abc import Iterator

import pytest
from platformspec_rehearsal.cluster.charts import is_known
from platformspec_rehearsal.pretence import Pretence, as_json

from platformspec.ir.delivery import CHILDREN_FOLDER, ROOT_FOLDER
from platformspec.lower.stage import Stage
from tests.oracle import definitions_folder
from tests.support.examples import ROOT
from tests.support.rehearsed import GOLDENS, Run, needs_kubectl

MANAGER = ("--server-side", "--field-manager=platformspec")
# One platform that makes its cluster, and one that finds one.
QUICK = ("quickstart", "adopt-existing")
FOLDERS = sorted(folder for folder in (ROOT / "golden").glob("*/kubernetes/*") if folder.is_dir())


class Kubectl:
    """kubectl for one cluster of a stage."""

    def __init__(self, stage: Stage, cluster: str = "main") -> None:
        self.stage, self.config = stage, stage.kubeconfig(cluster)

    def run(self, *arguments: str, text: str | None = None) -> Run:
        """Run kubectl, whatever the outcome."""
        done = subprocess.run(
            ["kubectl", "--kubeconfig", str(self.config), *arguments],
            env={**os.environ, **self.stage.environment},
            input=text,
            capture_output=True,
            text=True,
            check=False,
        )
        return Run(done.returncode, done.stdout, done.stderr)

    def must(self, *arguments: str, text: str | None = None) -> str:
        """Run kubectl; it must succeed."""
        run = self.run(*arguments, text=text)
        assert run.code == 0, f"kubectl {' '.join(arguments)}:\n{run.out[-2000:]}\n{run.err[-3000:]}"
        return run.out


@pytest.fixture
def kubectl(stage: Stage) -> Kubectl:
    return Kubectl(stage)


def releases(golden: str) -> Iterator[dict[str, object]]:
    for file in (ROOT / "golden" / golden).glob("terraform/stacks/*/cdk.tf.json"):
        yield from json.loads(file.read_text("utf-8"))["resource"].get("helm_release", {}).values()


def pretend_charts(folder: pathlib.Path, golden: str) -> None:
    """What the stacks would have left in the account: a cluster, and its releases."""
    pretence = Pretence(folder)
    made = list(releases(golden))
    for release in made:
        row = ("helm_release", "", "", f"{release['namespace']}/{release['name']}", release["name"], as_json(release))
        pretence.database.execute("insert or replace into resources values (?, ?, ?, ?, ?, ?)", row)
    if made:
        cluster = as_json({"name": "one", "version": "1.35", "endpoint": ""})
        pretence.database.execute(
            "insert into resources values ('aws_eks_cluster', '', '', 'one', 'one', ?)", (cluster,)
        )
        pretence.did("create", "aws_eks_cluster", "one")
    pretence.close()


@needs_kubectl
@pytest.mark.parametrize(
    "folder",
    [
        pytest.param(
            f, id=f"{f.parents[1].name}/{f.name}", marks=() if f.parents[1].name in QUICK else pytest.mark.slow
        )
        for f in FOLDERS
    ],
)
def test_a_cluster_takes_every_manifest(
    folder: pathlib.Path, tmp_path: pathlib.Path, kubectl: Kubectl, stage: Stage
) -> None:
    pretend_charts(tmp_path / "rehearsal", folder.parents[1].name)
    namespaces = sorted(str(file) for file in folder.rglob("namespace-*.yaml"))
    kubectl.must("apply", *MANAGER, *(word for file in namespaces for word in ("-f", file)))
    # What tells an engine of the rest is for the engine, which is in no cluster of ours.
    groups = sorted(group for group in folder.iterdir() if group.name not in (CHILDREN_FOLDER, ROOT_FOLDER))
    everything = tuple(word for group in groups for word in ("-f", str(group)))
    count = sum(len(list(group.glob("*.yaml"))) for group in groups)
    assert kubectl.must("apply", *MANAGER, *everything).count("serverside-applied") == count
    assert kubectl.must("diff", *MANAGER, *everything) == ""
    if definitions_folder() is not None:
        assert stage.summary().by_shape == ()
    kubectl.run("delete", "--ignore-not-found", *everything)
    assert kubectl.run("get", *everything).code != 0


@pytest.mark.parametrize("golden", GOLDENS)
def test_what_a_chart_brings_is_known(golden: str) -> None:
    assert [release["chart"] for release in releases(golden) if not is_known(str(release["chart"]))] == []
