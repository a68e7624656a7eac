"""Hand the manifests of a cluster over to the engine that follows its repository.

A root, which somebody puts into the cluster once, brings one child for each group of objects. docs/adr/0047-engines-apply-what-stands-in-git.md
says why.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Final

from platformspec.sdk import AggregateContext, ClusterSpec, Context, Manifest, Sourced
from platformspec_kubernetes.delivery import argocd, flux
from platformspec_kubernetes.delivery.groups import Group, groups_of

ENGINES: Final[Mapping[str, Callable[[Context, Sourced[str], Sequence[Group]], None]]] = {
    "argocd": argocd.deliver,
    "flux": flux.deliver,
}


def deliver(ctx: AggregateContext) -> None:
    """The last of all aggregates: it looks at every manifest."""
    manifests = [node for node in ctx.nodes if isinstance(node, Manifest)]
    for address, declaration in ctx.graph.declarations.items():
        spec = declaration.spec
        if not isinstance(spec, ClusterSpec) or spec.delivery.engine == "direct":
            continue
        mine = [node for node in manifests if node.placement.cluster == address.name]
        if not mine:
            continue
        cluster = ctx.about(address)
        platform = ctx.platform
        parts = [part for part in (spec.delivery.path, platform.name, platform.environment, address.name) if part]
        folder = cluster.src("/".join(parts), "delivery.path", Sourced(None, (("metadata", "name"),)))
        ENGINES[spec.delivery.engine](cluster, folder, groups_of(mine))
