"""The way to a cluster that Terraform made or looked up: a kubeconfig from its attributes in the state."""

from __future__ import annotations

import json
import pathlib
from collections.abc import Callable, Mapping
from typing import Any, Protocol

from platformspec.apply.kubectl import UNREACHABLE, Cluster
from platformspec.apply.process import Program
from platformspec.apply.site import Site
from platformspec.diagnostics import Failure
from platformspec.emit.terraform import address
from platformspec.ir.node import Manifest


class Access(Protocol):
    """What a provider says about reaching a cluster."""

    @property
    def server(self) -> str: ...
    @property
    def certificate_authority(self) -> str: ...
    @property
    def token_command(self) -> tuple[str, ...]: ...


def by_state(
    kubectl: Program, clusters: Mapping[str, Callable[[Mapping[str, Any], str], Access]], *, force: bool
) -> Callable[[Site, str], Cluster]:
    """Reach clusters by what Terraform's state says about them. `clusters`: as in the providers' `Acting`."""

    def reach(site: Site, name: str) -> Cluster:
        for item in site.record.known().values():
            node = item.node
            if node.type not in clusters or node.declaration != f"cluster.{name}" or isinstance(node, Manifest):
                continue
            attributes = _attributes(site, node.stack, address(node))
            if attributes is not None:
                access = clusters[node.type](attributes, node.placement.region)
                file = site.folder / "kubeconfig" / f"{name}.json"
                _write(file, name, access)
                program = Program(kubectl.path, {**kubectl.environment, "KUBECONFIG": str(file)})
                return Cluster(name, program, force=force, again=site.again)
        raise Failure(
            UNREACHABLE,
            f"no stack's state knows the cluster {name}",
            "apply the stack of the cluster first: `platformspec apply`",
        )

    return reach


def _attributes(site: Site, stack: str, wanted: str) -> Mapping[str, Any] | None:
    reader = site.stack(stack, f"stack {stack}")
    if not (reader.folder / ".terraform").exists():
        reader.initialise()
    for resource in (reader.state() or {}).get("resources", ()):
        prefix = "data." if resource["mode"] == "data" else ""
        if f"{prefix}{resource['type']}.{resource['name']}" == wanted and resource["instances"]:
            found: Mapping[str, Any] = resource["instances"][0]["attributes"]
            return found
    return None


def _write(file: pathlib.Path, name: str, access: Access) -> None:
    """kubectl reads JSON as YAML. The file holds no secret: the token comes from the command each time."""
    command, *arguments = access.token_command
    execute = {
        "apiVersion": "client.authentication.k8s.io/v1beta1",
        "command": command,
        "args": arguments,
        "interactiveMode": "IfAvailable",
    }
    config = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [
            {
                "name": name,
                "cluster": {"server": access.server, "certificate-authority-data": access.certificate_authority},
            }
        ],
        "users": [{"name": name, "user": {"exec": execute}}],
        "contexts": [{"name": name, "context": {"cluster": name, "user": name}}],
        "current-context": name,
    }
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps(config, indent=1), "utf-8")
    file.chmod(0o600)
