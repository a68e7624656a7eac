"""Ask the clusters that are there already, before Terraform changes anything: an apply that ends at the first manifest is half of one."""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import Final

from platformspec.apply.events import Event
from platformspec.apply.kubectl import UNREACHABLE
from platformspec.apply.site import Site
from platformspec.diagnostics import Failure
from platformspec.ir.delivery import deliveries
from platformspec.ir.node import Manifest, Resource
from platformspec.ir.program import Program
from platformspec.plan.change import Plan

# A private endpoint has a public name too (docs.aws.amazon.com/eks/latest/userguide/cluster-endpoint.html), so one without a name may be gone,
# and Terraform makes it again.
NAMELESS: Final = re.compile(r"no such host")


def reach_standing(
    site: Site, head: Program, plan: Plan, scope: Collection[str] | None, cluster_types: Collection[str]
) -> None:
    """Raises `Failure` where a cluster that manifests go to was applied before and does not answer.

    `scope`: ids to which a targeted apply is held. `cluster_types`: types of what a cluster is in Terraform. What an engine delivers to is not
    asked, nor is a cluster that is made anew. Where something beside it in its stack changes (its endpoint, who is let in), that may open it: it is asked again later.
    """
    known = site.record.known()
    engines = {*deliveries(head), *deliveries(item.node for item in known.values())}
    nodes = [*head, *(item.node for id, item in known.items() if id not in head.nodes)]
    wanted = {
        str(node.placement.cluster)
        for node in nodes
        if isinstance(node, Manifest) and (scope is None or node.id in scope)
    }
    here, before = site.looking(), site.record.program(head.platform, head.environment)
    written = False
    for name in sorted(wanted - engines):
        declaration = f"cluster.{name}"
        stands = {
            id: item.node.stack
            for id, item in known.items()
            if item.certainty == "applied" and item.node.declaration == declaration and item.node.type in cluster_types
        }
        changes = [change for change in plan.changes if change.node.declaration == declaration]
        if not stands or any(change.action == "replace" and change.id in stands for change in changes):
            continue
        if before is not None and not written:
            here.write(before)
            written = True
        try:
            here.cluster(here, name).reach()
        except Failure as failure:
            said = failure.diagnostic
            mended = any(
                isinstance(change.node, Resource) and change.node.stack in stands.values() and change.action != "delete"
                for change in changes
            )
            if said.code is not UNREACHABLE or not (mended or NAMELESS.search(said.message)):
                raise
            why = "this apply changes the cluster" if mended else "it may be gone"
            site.tell(Event("note", name, "waits", f"{said.message}; {why}, so it is asked again before its manifests"))
