"""`moved` blocks for the resources of renamed declarations, so that Terraform takes over what exists."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import pairwise

from platformspec.ir.naming import terraform_name
from platformspec.ir.node import Moved, Node, Resource
from platformspec.ir.rename import Former, former_ids


def moves(nodes: Iterable[Node], former: Former) -> Iterator[Moved]:
    """One chain for each resource, through every id that it may have had: Terraform lets a move end in one place only.

    Manifests need none: they keep their names in the cluster.
    """
    for node in nodes:
        if not isinstance(node, Resource):
            continue
        ids = [*former_ids(node.id, former), node.id]
        for position, (old, new) in enumerate(pairwise(ids), 1):
            attrs = {"from": f"{node.type}.{terraform_name(old)}", "to": f"{node.type}.{terraform_name(new)}"}
            yield Moved(
                id=f"{node.id}/moved-{position}",
                type="moved",
                stack=node.stack,
                placement=node.placement,
                attrs=attrs,
                declaration=node.declaration,
                edges=node.edges,
                provenance=node.provenance,
            )
