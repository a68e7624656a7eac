"""Every manifest of every golden passes the oracle: schemas, CEL rules, and the references within its cluster."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.oracle import FOLDER_VARIABLE, check_folder, default_oracle, definitions_folder

GOLDEN = Path(__file__).resolve().parents[2] / "golden"

# Teams label their own pods with this, to be let through to the stores they own; those pods are in no golden.
BROUGHT_LABELS = ("platformspec.dev/apps-of",)

# What a cluster that we did not make must offer (docs: adopting an existing cluster), by the golden's name.
ADOPTED = {"adopt-existing": ("ClusterSecretStore/cloud-secrets", "ServiceAccount/external-secrets/external-secrets")}


def cluster_folders() -> list[Path]:
    """The folder of each cluster of each golden."""
    return sorted(folder for folder in GOLDEN.glob("**/kubernetes/*") if folder.is_dir())


def chart_namespaces(case: Path) -> list[str]:
    """The namespaces that the Helm releases of a golden's Terraform stacks create."""
    found: set[str] = set()
    for stack in case.glob("terraform/stacks/*/cdk.tf.json"):
        releases = json.loads(stack.read_text(encoding="utf-8")).get("resource", {}).get("helm_release", {})
        found.update(f"Namespace/{one['namespace']}" for one in releases.values() if one.get("create_namespace"))
    return sorted(found)


@pytest.mark.parametrize(
    "folder", [pytest.param(folder, id=f"{folder.parents[1].name}/{folder.name}") for folder in cluster_folders()]
)
def test_a_cluster_takes_every_manifest(folder: Path) -> None:
    if definitions_folder() is None:
        print(f"custom resources: metadata only, for {FOLDER_VARIABLE} names no folder of definitions")
    case = folder.parents[1]
    existing = [*chart_namespaces(case), *ADOPTED.get(case.name, ())]
    problems = check_folder(folder, default_oracle(), existing, BROUGHT_LABELS)
    assert not problems, "\n".join(map(str, problems))


def test_there_are_goldens_to_check() -> None:
    if not cluster_folders():
        pytest.skip(f"no golden has a folder kubernetes/<cluster> below {GOLDEN.name}/")
