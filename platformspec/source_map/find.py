"""Find nodes by any of the names that people meet: in the YAML, in Terraform, in the cluster, in the written files."""

from __future__ import annotations

from collections.abc import Callable

from platformspec.diagnostics import Code
from platformspec.diagnostics.suggest import closest
from platformspec.emit import kubernetes, terraform
from platformspec.ir.node import Manifest, Node
from platformspec.ir.program import KUBERNETES_STACK, Program

NOT_FOUND = Code(
    "PS600",
    "nothing in the program has this name",
    explain="`platformspec why` takes an address (model.chat), the id of a resource (model.chat/deployment) or of an edge, a written file, a "
    "Terraform address (aws_vpc.network_main__vpc), or a Kubernetes kind and name (Deployment/chat, with its namespace "
    "where two have it: Deployment/team-a/chat). `platformspec show --resources` lists every id.",
)


def find(name: str, program: Program) -> tuple[Node, ...]:
    """Every node that the name means, sorted by id; empty where there is none. The most exact meaning wins."""
    for means in _MEANINGS:
        if found := tuple(node for node in program if means(name, node)):
            return found
    return ()


def nearest(name: str, program: Program) -> str | None:
    """The name that was probably meant."""
    names: set[str] = set()
    for node in program:
        names.update((node.id, node.declaration, address_of(node)))
        if isinstance(node, Manifest):
            names.add(f"{node.attrs['kind']}/{node.name}")
    return closest(name, sorted(names))


def address_of(node: Node) -> str:
    """How the tool that creates the node calls it: a Terraform address, or `Kind/namespace/name`."""
    if not isinstance(node, Manifest):
        return terraform.address(node)
    return "/".join(part for part in (str(node.attrs["kind"]), node.namespace, node.name) if part)


def file_of(node: Node) -> str:
    """The file that the node is written to, below the folder of `compile -o`."""
    return kubernetes.path_of(node) if isinstance(node, Manifest) else f"terraform/stacks/{node.stack}/cdk.tf.json"


def _by_file(name: str, node: Node) -> bool:
    file = file_of(node)
    return file == name or name.endswith(f"/{file}")


def _by_end_of_file(name: str, node: Node) -> bool:
    # `compile` may have been asked for another folder, so any whole last part of the path will do.
    return isinstance(node, Manifest) and "." in name and file_of(node).endswith(f"/{name}")


def _by_kind_and_name(name: str, node: Node) -> bool:
    if not isinstance(node, Manifest):
        return False
    kind, *rest = name.split("/")
    return kind.casefold() == str(node.attrs["kind"]).casefold() and rest in (
        [node.name],
        [node.namespace or "", node.name],
    )


_MEANINGS: tuple[Callable[[str, Node], bool], ...] = (
    lambda name, node: node.id == name,
    lambda name, node: name in node.edges,
    lambda name, node: node.declaration == name,
    lambda name, node: node.id.startswith(f"{name}/"),
    lambda name, node: not isinstance(node, Manifest) and terraform.address(node) == name,
    _by_kind_and_name,
    _by_file,
    _by_end_of_file,
    lambda name, node: node.stack == name and node.stack != KUBERNETES_STACK,
)
