"""Which changed arguments force an AWS resource to be replaced, from data with its sources.

Two sources speak. cfn-lint's create-only properties are what the API allows today, by CloudFormation's names. The answers of the real
provider 3.39 (scripts/ask_provider.py) are what Terraform does, block by block, but of an older version than the one that stacks
are made for. Where they agree, or one is silent, that is the verdict. Where they contradict each other nobody knows, but for the few
arguments below.
"""

from __future__ import annotations

import functools
import json
from collections.abc import Iterable
from importlib.resources import files
from typing import Any, Final

from platformspec.sdk import Path, Verdict

# Helm knows a release by these; everything else is an upgrade.
_NEW_RELEASE: Final[tuple[Path, ...]] = (("name",), ("namespace",))
_HELM: Final = "helm_release in the documentation of the provider hashicorp/helm 3.1"

_EKS_KEYS: Final = Verdict(
    None,
    "hashicorp/aws 6 replaces a cluster only when its encryption is taken away, and EKS refuses another key; 3.39 replaced it always",
)

# (type, argument): what is known of hashicorp/aws 6 where the sources contradict each other, or agree on what has changed since.
DECIDED: Final[dict[tuple[str, str], Verdict]] = {
    ("aws_eks_cluster", "encryption_config"): _EKS_KEYS,
    ("aws_eks_cluster", "vpc_config.subnet_ids"): Verdict(
        False, "hashicorp/aws 5.25.0 made it an update, after EKS did; 3.39 replaced the cluster"
    ),
    ("aws_eks_node_group", "launch_template.id"): Verdict(
        True, "hashicorp/aws 3.39 and 6; UpdateNodegroupVersion takes another version of the same template only"
    ),
    ("aws_placement_group", "name"): Verdict(
        True,
        "hashicorp/aws 3.39; EC2 has no call that changes a placement group, and CloudFormation lets nobody name one",
    ),
    ("aws_route_table_association", "route_table_id"): Verdict(
        False, "hashicorp/aws 3.39 calls ReplaceRouteTableAssociation; only CloudFormation makes a new one"
    ),
}


@functools.cache
def _table(name: str) -> dict[str, Any]:
    table: dict[str, Any] = json.loads(files("platformspec_aws").joinpath(f"data/{name}.json").read_text("utf-8"))
    return table


def verdict(type: str, path: Path) -> Verdict | None:
    """Whether changing the argument replaces the resource; None for types of other providers."""
    if type == "helm_release":
        return Verdict(path[:1] in _NEW_RELEASE, _HELM)
    if not type.startswith("aws_"):
        return None
    names = tuple(step for step in path if isinstance(step, str))
    if not names:
        return Verdict(None, f"no source says for {type}")
    for key in _prefixes(names):
        if (type, key) in DECIDED:
            return DECIDED[(type, key)]
    listed, asked = _listed(type, names[0]), _asked(type, names)
    if asked is None or names[0] == "tags":
        return listed
    if asked.replaces is None or listed.replaces is None:
        return Verdict(asked.replaces, f"{asked.source}; stacks use a later version")
    if asked.replaces == listed.replaces:
        return Verdict(asked.replaces, f"{listed.source}, and {asked.source}")
    return Verdict(None, f"{_says(asked)}; {_says(listed)}")


def _says(verdict: Verdict) -> str:
    return f"{verdict.source}: {'replaced' if verdict.replaces else 'updated'}"


def _prefixes(names: tuple[str, ...]) -> Iterable[str]:
    """The path and what it stands in, the innermost first."""
    return (".".join(names[:length]) for length in range(len(names), 0, -1))


def _listed(type: str, argument: str) -> Verdict:
    """By cfn-lint, which knows of an argument as a whole."""
    entry = _table("replacement")["types"].get(type)
    if entry is None:
        return Verdict(False if argument == "tags" else None, f"no source says for {type}")
    source = f"{entry['source']} in {_table('replacement')['source']}"
    if argument == "tags":
        return Verdict(False, source)
    if argument in entry["replace"]:
        return Verdict(True, source)
    return Verdict(False if argument in entry["update"] else None, source)


@functools.cache
def _said(type: str) -> dict[str, bool | None]:
    """Answer by argument; None: it depends on the values."""
    kinds = {"replace": True, "update": False, "depends": None}
    entry = _table("provider_answers")["types"].get(type, {})
    return {key: kinds[kind] for kind, keys in entry.items() for key in keys}


def _asked(type: str, names: tuple[str, ...]) -> Verdict | None:
    """By the provider; None where it was not asked. A block as a whole is updated only where all that was asked of it is."""
    said = _said(type)
    source = f"{type} in {_table('provider_answers')['source']}"
    for key in _prefixes(names):
        if key in said:
            return Verdict(said[key], source)
    whole = ".".join(names)
    if f"{whole}[]" not in said:
        return None
    inside = {answer for key, answer in said.items() if key == f"{whole}[]" or key.startswith(f"{whole}.")}
    return Verdict(inside.pop() if len(inside) == 1 else None, source)
