"""Lower teams: a namespace with quotas, and roles for the groups that may enter."""

from __future__ import annotations

from typing import Any, Final

from platformspec.sdk import (
    Address,
    ClusterSpec,
    DeclarationContext,
    Sourced,
    TeamExports,
    TeamSpec,
    Workload,
    name_part,
)
from platformspec_kubernetes.namespaces import namespace
from platformspec_kubernetes.tenancy.queues import gpu_limits, lending_paths, queue_of

# What members may do: run and watch workloads. Not secrets, quotas, network policies or roles: those are the platform's.
READ: Final = ["get", "list", "watch"]
WRITE: Final = [*READ, "create", "update", "patch", "delete"]
RULES: Final[list[dict[str, Any]]] = [
    {"apiGroups": ["apps"], "resources": ["deployments", "statefulsets", "replicasets"], "verbs": WRITE},
    {"apiGroups": ["batch"], "resources": ["jobs", "cronjobs"], "verbs": WRITE},
    {"apiGroups": ["autoscaling"], "resources": ["horizontalpodautoscalers"], "verbs": WRITE},
    {"apiGroups": [""], "resources": ["configmaps", "services", "persistentvolumeclaims", "pods"], "verbs": WRITE},
    {
        "apiGroups": [""],
        "resources": ["pods/log", "events", "resourcequotas", "limitranges", "serviceaccounts"],
        "verbs": READ,
    },
    {"apiGroups": [""], "resources": ["pods/portforward"], "verbs": ["create"]},
    {"apiGroups": ["networking.k8s.io"], "resources": ["networkpolicies"], "verbs": READ},
]
QUEUE_RULES: Final = [{"apiGroups": ["kueue.x-k8s.io"], "resources": ["localqueues", "workloads"], "verbs": READ}]
OBJECTS: Final = {
    "pods": "200",
    "services.loadbalancers": "0",
    "services.nodeports": "0",
    "persistentvolumeclaims": "50",
}
APPS_LABEL: Final = "platformspec.dev/apps-of"


def lower_team(ctx: DeclarationContext) -> None:
    """The same namespace on every cluster."""
    clusters = [edge.target for edge in ctx.graph.edges_from(ctx.address) if edge.relation == "placed_in"]
    name = f"team-{ctx.called}"
    account = f"{name}-apps"
    for cluster in clusters:
        _namespace(ctx, cluster, name, account, "" if cluster.name == "main" else f"-{cluster.name}")
    ctx.offer(TeamExports(ctx.called, name, account, queue_of(ctx)))
    ctx.offer(Workload(ctx.address, clusters[0], name, account, {APPS_LABEL: ctx.called}))


def _namespace(ctx: DeclarationContext, cluster: Address, name: str, account: str, suffix: str) -> None:
    spec: TeamSpec = ctx.spec
    labels = {"platformspec.dev/data-class": ctx.src(spec.data_class, "data_class")}
    namespace(ctx, name, cluster=cluster, role=f"namespace{suffix}", labels=labels)
    ctx.manifest(
        "v1",
        "ServiceAccount",
        account,
        f"apps-account{suffix}",
        {"automountServiceAccountToken": False},
        namespace=name,
        cluster=cluster,
    )
    hard: dict[str, Any] = dict(OBJECTS)
    hard |= gpu_limits(ctx, cluster)
    ctx.manifest(
        "v1", "ResourceQuota", "quota", f"quota{suffix}", {"spec": {"hard": hard}}, namespace=name, cluster=cluster
    )
    limits = {"type": "Container", "default": {"memory": "512Mi"}, "defaultRequest": {"cpu": "100m", "memory": "256Mi"}}
    ctx.manifest(
        "v1", "LimitRange", "limits", f"limits{suffix}", {"spec": {"limits": [limits]}}, namespace=name, cluster=cluster
    )
    if not spec.groups:
        return
    rules = [*RULES, *QUEUE_RULES] if queue_of(ctx) is not None else RULES
    ctx.manifest(
        "rbac.authorization.k8s.io/v1",
        "Role",
        "member",
        f"member{suffix}",
        {"rules": ctx.src(rules, *lending_paths(ctx))},
        namespace=name,
        cluster=cluster,
        because=("groups",),
    )
    for position, group in enumerate(spec.groups):
        key = name_part(group)
        ctx.manifest(
            "rbac.authorization.k8s.io/v1",
            "RoleBinding",
            ctx.src(f"member-{key}", f"groups.{position}"),
            f"member-{key}{suffix}",
            {
                "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "member"},
                "subjects": [
                    {
                        "apiGroup": "rbac.authorization.k8s.io",
                        "kind": "Group",
                        "name": _group(ctx, cluster, group, f"groups.{position}"),
                    }
                ],
            },
            namespace=name,
            cluster=cluster,
            because=(f"groups.{position}",),
        )


def _group(ctx: DeclarationContext, cluster: Address, group: str, field: str) -> Sourced[str]:
    """The group as the cluster calls it. Of a cluster without single sign-on the name is whatever gives the group there."""
    declaration = ctx.graph.declarations[cluster]
    spec: ClusterSpec = declaration.spec  # type: ignore[assignment]
    if spec.single_sign_on is None:
        return ctx.src(group, field)
    prefix = ctx.at(spec.single_sign_on.prefix, *declaration.path, "single_sign_on", "prefix")
    return ctx.src(f"{prefix.value}{group}", prefix, field)
