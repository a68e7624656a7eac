"""Names of Terraform stacks."""

from __future__ import annotations

from platformspec.sdk import Address

NETWORK = "network"
DATA = "data"
MAIN = "main"


def stack_of(base: str, cluster: Address) -> str:
    """The stack of a cluster: `addons` for the cluster called main, `addons-<name>` for another."""
    return base if cluster.name == MAIN else f"{base}-{cluster.name}"
