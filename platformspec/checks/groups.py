"""Groups of teams: whether something makes the clusters know them."""

from __future__ import annotations

from platformspec.diagnostics import Code, Report
from platformspec.graph.platform_graph import PlatformGraph
from platformspec.kinds.cluster import ClusterSpec
from platformspec.kinds.team import TeamSpec

UNKNOWN_GROUPS = Code(
    "PS425",
    "groups that nothing gives to anybody",
    explain="A cluster knows a person's groups from the tokens of its `single_sign_on`, or from an access entry with `kubernetes_groups` for the IAM role that they take. Where neither is declared, the team's bindings let nobody in. Access entries that are made elsewhere are a reason to allow the warning. Of adopted clusters nothing is said: their owner decides.",
)


def check_groups(graph: PlatformGraph, report: Report) -> None:
    """Every cluster that a team with groups is in has single sign-on, or has been adopted."""
    for address, declaration in graph.declarations.items():
        team = declaration.spec
        if not isinstance(team, TeamSpec) or not team.groups:
            continue
        clusters = [e.target for e in graph.edges_from(address) if e.relation == "placed_in"]
        without = [cluster.name for cluster in clusters if _knows_no_groups(graph.declarations[cluster].spec)]
        if without:
            report.warning(
                UNKNOWN_GROUPS,
                f"nothing gives anybody the group {' or '.join(team.groups)} in cluster {' and '.join(without)}",
                at=(*declaration.path, "groups"),
                help=f"add `single_sign_on: {{issuer: https://..., client_id: ...}}` to clusters.{without[0]}; or, where access entries made elsewhere give the groups, allow PS425 with that reason",
            )


def _knows_no_groups(spec: object) -> bool:
    return isinstance(spec, ClusterSpec) and spec.existing is None and spec.single_sign_on is None
