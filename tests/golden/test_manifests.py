"""Every manifest of every golden passes the oracle: schemas, CEL rules, and the references within its cluster."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml

from tests.oracle import FOLDER_VARIABLE, Definitions, Oracle, check_folder, default_oracle, definitions_folder

GOLDEN = Path(__file__).resolve().parents[2] / "golden"

# Teams label their own pods with this, to be let through to the stores they own; those pods are in no golden.
BROUGHT_LABELS = ("platformspec.dev/apps-of",)

# What a cluster that we did not make must offer (docs: adopting an existing cluster), by the golden's name.
ADOPTED = {"adopt-existing": ("ClusterSecretStore/cloud-secrets", "ServiceAccount/external-secrets/external-secrets")}


# What an engine of a delivery brings itself, and the fields that are written for it.
ENGINES = Path(__file__).resolve().parents[1] / "oracle" / "engines"
ENGINE_NAMESPACES = ("Namespace/argocd", "Namespace/flux-system")
OPTIONS = {"CreateNamespace", "PruneLast", "RespectIgnoreDifferences", "ServerSideApply"}


def oracle() -> Oracle:
    """The oracle, which knows the engines' own kinds as well."""
    known = default_oracle()
    if known.definitions is None:
        return known
    extended = Oracle()
    extended.definitions = {**known.definitions, **Definitions(ENGINES)}
    return extended


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
    problems = check_folder(folder, oracle(), [*existing, *ENGINE_NAMESPACES], BROUGHT_LABELS)
    assert not problems, "\n".join(map(str, problems))


def test_there_are_goldens_to_check() -> None:
    if not cluster_folders():
        pytest.skip(f"no golden has a folder kubernetes/<cluster> below {GOLDEN.name}/")


def engine_objects() -> list[Path]:
    """What tells an engine what to deliver, in all goldens."""
    return sorted(file for folder in ("_root", "_delivery") for file in GOLDEN.glob(f"*/kubernetes/*/{folder}/*.yaml"))


@pytest.mark.parametrize("file", engine_objects(), ids=lambda file: f"{file.parents[3].name}/{file.name}")
def test_an_engine_knows_every_field_that_it_is_told(file: Path) -> None:
    told = yaml.safe_load(file.read_text("utf-8"))
    judge = Oracle()
    judge.definitions = Definitions(ENGINES)
    assert judge.problems(told) == []
    options = told["spec"].get("syncPolicy", {}).get("syncOptions", ())
    assert {option.split("=")[0] for option in options} <= OPTIONS
    misspelt = {**told, "spec": {**told["spec"], "intervall": "1m"}}
    assert judge.problems(misspelt), "a field that is not in the table is found"


def test_every_group_is_delivered_from_a_folder_that_is_there() -> None:
    """And no folder is left out; what tells the engine is not delivered with the rest."""
    for case in ("delivery-argocd", "delivery-flux"):
        cluster = GOLDEN / case / "kubernetes" / "main"
        children = [yaml.safe_load(file.read_text("utf-8")) for file in (cluster / "_delivery").iterdir()]
        paths = [c["spec"].get("path") or c["spec"]["source"]["path"] for c in children]
        folders = {folder.name for folder in cluster.iterdir()}
        assert sorted(Path(path).name for path in paths) == sorted(folders - {"_root", "_delivery"})
