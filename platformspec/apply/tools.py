"""Find terraform and kubectl, and refuse versions that are too old for what we write."""

from __future__ import annotations

import json
import os
import re
import shutil
from collections.abc import Mapping
from typing import Final

from platformspec.apply.process import Program
from platformspec.diagnostics import Code, Failure

MISSING = Code(
    "PS700",
    "a program that apply needs is not installed",
    explain="apply, destroy and drift run the real terraform (or OpenTofu) and the real kubectl, which are not part of this package. "
    "plan, compile and validate need neither. PLATFORMSPEC_TERRAFORM and PLATFORMSPEC_KUBECTL name a file where it is not on the PATH.",
)
TOO_OLD = Code(
    "PS701",
    "a program that is too old",
    explain="The stacks use write-only arguments and native locking of the state, which Terraform has from 1.11 and OpenTofu from 1.11. "
    "Server-side apply with field managers is as it is needed here from kubectl 1.28.",
)

# Write-only arguments: developer.hashicorp.com/terraform/language/manage-sensitive-data/write-only (1.11);
# opentofu.org/docs/intro/whats-new, 1.11 (ephemeral values and write-only attributes).
OLDEST: Final = {"terraform": (1, 11), "tofu": (1, 11), "kubectl": (1, 28)}
VERSION: Final = re.compile(r"v?\d+\.\d+")
WHERE: Final = {
    "terraform": "install Terraform 1.11 or newer from developer.hashicorp.com/terraform/install, or OpenTofu 1.11 from opentofu.org",
    "kubectl": "install kubectl 1.28 or newer from kubernetes.io/docs/tasks/tools",
}


def find_terraform(environment: Mapping[str, str]) -> Program:
    """terraform, else tofu. Raises `Failure` where there is none, or where it is too old."""
    program = _find("terraform", ("terraform", "tofu"), environment)
    version = _version(program, ("version", "-json"), ("terraform_version",), WHERE["terraform"])
    name = "tofu" if os.path.basename(program.path).startswith("tofu") else "terraform"
    _refuse_old(name, version, WHERE["terraform"])
    return program


def find_kubectl(environment: Mapping[str, str]) -> Program:
    """kubectl. Raises `Failure` where there is none, or where it is too old."""
    program = _find("kubectl", ("kubectl",), environment)
    version = _version(
        program, ("version", "--client", "-o", "json"), ("clientVersion", "gitVersion"), WHERE["kubectl"]
    )
    _refuse_old("kubectl", version, WHERE["kubectl"])
    return program


def _find(tool: str, names: tuple[str, ...], environment: Mapping[str, str]) -> Program:
    variable = f"PLATFORMSPEC_{tool.upper()}"
    named = os.environ.get(variable)
    for name in (named,) if named else names:
        if path := shutil.which(name):
            return Program(path, environment)
    missing = f"{variable} names {named}, which is no program" if named else f"{' or '.join(names)} is not installed"
    raise Failure(MISSING, missing, WHERE[tool])


def _version(program: Program, question: tuple[str, ...], keys: tuple[str, ...], where: str) -> str:
    """What a program says of its version, without a leading v. Raises `Failure` where it says nothing of the kind."""
    try:
        found = json.loads(program.run(question).stdout)
        for key in keys:
            found = found[key]
        if VERSION.match(found):
            return str(found).removeprefix("v")
        why = f"says that its version is {found}"
    except OSError as error:
        why = f"cannot be started: {error.strerror}"
    except (ValueError, KeyError, TypeError):
        why = f"does not answer `{' '.join(question)}`"
    raise Failure(MISSING, f"{program.path} {why}", where)


def _refuse_old(name: str, version: str, where: str) -> None:
    oldest = OLDEST[name]
    if tuple(int(part) for part in version.split("-")[0].split("+")[0].split(".")[:2]) < oldest:
        raise Failure(TOO_OLD, f"{name} is {version}, and {oldest[0]}.{oldest[1]} is needed", where)
