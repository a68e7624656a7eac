"""Where terraform finds the simulated providers: a filesystem mirror, and the configuration that names nothing else.

The programs in it are the same on every machine, because terraform's lock file records their digest; what differs comes
through the environment.
"""

from __future__ import annotations

import pathlib
import platform
import sys
from collections.abc import Mapping
from typing import Final

REGISTRY: Final = "registry.terraform.io"
PYTHON_VARIABLE: Final = "PLATFORMSPEC_REHEARSAL_PYTHON"
FOLDER_VARIABLE: Final = "PLATFORMSPEC_REHEARSAL_FOLDER"
CONFIGURATION: Final = "terraformrc"
ARCHITECTURES: Final = {"x86_64": "amd64", "amd64": "amd64", "aarch64": "arm64", "arm64": "arm64"}
PROGRAM: Final = """#!/bin/sh
exec "${python}" -I -m platformspec_rehearsal.plugin {provider} "${folder}"
"""


def make_mirror(folder: pathlib.Path, sources: Mapping[str, str], versions: Mapping[str, str]) -> None:
    """Write the mirror and terraform's configuration. `sources`: provider -> address such as `hashicorp/aws`."""
    machine = platform.machine().lower()
    target = f"{platform.system().lower()}_{ARCHITECTURES.get(machine, machine)}"
    mirror = folder / "mirror"
    for provider, version in versions.items():
        place = mirror / REGISTRY / sources[provider] / version / target
        place.mkdir(parents=True, exist_ok=True)
        program = place / f"terraform-provider-{provider}_v{version}_x5"
        program.write_text(PROGRAM.format(python=PYTHON_VARIABLE, folder=FOLDER_VARIABLE, provider=provider))
        program.chmod(0o755)
    (folder / CONFIGURATION).write_text(
        "disable_checkpoint = true\n"
        f'provider_installation {{\n  filesystem_mirror {{\n    path = "{mirror}"\n  }}\n}}\n'
    )


def environment(folder: pathlib.Path) -> dict[str, str]:
    """Variables with which terraform sees the simulated providers only, and no real account."""
    return {
        "TF_CLI_CONFIG_FILE": str(folder / CONFIGURATION),
        PYTHON_VARIABLE: sys.executable,
        FOLDER_VARIABLE: str(folder),
        "CHECKPOINT_DISABLE": "1",
        "TF_IN_AUTOMATION": "1",
        # Nothing of the user's own credentials may be reached, whatever a stack asks for.
        "AWS_ACCESS_KEY_ID": "rehearsal",
        "AWS_SECRET_ACCESS_KEY": "rehearsal",
        "AWS_SESSION_TOKEN": "",
        "AWS_PROFILE": "",
        "AWS_CONFIG_FILE": str(folder / "no-aws-configuration"),
        "AWS_SHARED_CREDENTIALS_FILE": str(folder / "no-aws-credentials"),
        "AWS_EC2_METADATA_DISABLED": "true",
    }
