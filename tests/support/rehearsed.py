"""Golden stacks on a stage: real terraform against the simulated cloud."""

from __future__ import annotations

import json
import os
import pathlib
import shutil
import subprocess
from dataclasses import dataclass

import pytest

from platformspec.lower.stage import Stage
from tests.support.examples import ROOT

needs_terraform = pytest.mark.skipif(shutil.which("terraform") is None, reason="terraform is not installed")
needs_kubectl = pytest.mark.skipif(shutil.which("kubectl") is None, reason="kubectl is not installed")
GOLDENS = sorted(path.name for path in (ROOT / "golden").iterdir() if (path / "terraform").is_dir())


@dataclass(frozen=True)
class Run:
    """How a command ended."""

    code: int
    out: str
    err: str


@dataclass(frozen=True)
class Stacks:
    """Terraform stacks in a folder, in an order in which they can be applied."""

    folder: pathlib.Path
    order: tuple[str, ...]
    stage: Stage

    def terraform(self, stack: str, *arguments: str) -> Run:
        """Run terraform in one stack, whatever the outcome."""
        done = subprocess.run(
            ["terraform", *arguments, "-no-color"],
            cwd=self.folder / stack,
            env={**os.environ, **self.stage.environment},
            capture_output=True,
            text=True,
            check=False,
        )
        return Run(done.returncode, done.stdout, done.stderr)

    def must(self, stack: str, *arguments: str) -> str:
        """Run terraform in one stack; it must succeed."""
        run = self.terraform(stack, *arguments)
        assert run.code == 0, f"terraform {' '.join(arguments)} in {stack}:\n{run.out[-2000:]}\n{run.err[-3000:]}"
        return run.out

    def apply(self) -> None:
        """Initialise, plan and apply every stack."""
        for stack in self.order:
            self.must(stack, "init", "-input=false")
            self.must(stack, "plan", "-input=false", "-out=saved.tfplan")
            self.must(stack, "apply", "-input=false", "saved.tfplan")

    def destroy(self) -> None:
        """Destroy every stack, the last one first."""
        for stack in reversed(self.order):
            self.must(stack, "destroy", "-auto-approve", "-input=false")

    def unprotect(self) -> None:
        """Take away what forbids destroying, as its owner would before the end: apply is needed next."""
        for stack in self.order:
            file = self.folder / stack / "cdk.tf.json"
            tree = json.loads(file.read_text("utf-8"))
            for named in tree.get("resource", {}).values():
                for resource in named.values():
                    resource.get("lifecycle", {}).pop("prevent_destroy", None)
                    if resource.get("deletion_protection"):
                        resource["deletion_protection"] = False
            file.write_text(json.dumps(tree))


def golden_stacks(golden: str, folder: pathlib.Path, stage: Stage) -> Stacks:
    """A copy of a golden's stacks, with their state in files."""
    source = ROOT / "golden" / golden / "terraform"
    stacks = folder / "stacks"
    shutil.copytree(source / "stacks", stacks)
    for file in stacks.glob("*/cdk.tf.json"):
        tree = json.loads(file.read_text("utf-8"))
        tree["terraform"]["backend"] = {"local": {"path": f"../../state/{file.parent.name}.tfstate"}}
        for data in tree.get("data", {}).get("terraform_remote_state", {}).values():
            key = data["config"].get("key") or data["config"]["path"]
            data.update(backend="local", config={"path": f"../../state/{pathlib.PurePosixPath(key).name}"})
        file.write_text(json.dumps(tree))
    needs = {
        name: set(stack["dependencies"])
        for name, stack in json.loads((source / "manifest.json").read_text("utf-8"))["stacks"].items()
    }
    order: list[str] = []
    while len(order) < len(needs):
        order += sorted(name for name in needs if name not in order and needs[name] <= set(order))
    return Stacks(stacks, tuple(order), stage)
