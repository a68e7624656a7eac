"""Argo CD: a root Application, and one Application for each group, in waves.

Fields: the CustomResourceDefinition Application of argoproj/argo-cd (manifests/crds/application-crd.yaml); options of a sync:
argo-cd.readthedocs.io/en/stable/user-guide/sync-options; waves: .../user-guide/sync-waves.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from platformspec.sdk import CHILDREN_FOLDER, DELIVERY_LABEL, Context, DeliverySpec, Sourced
from platformspec_kubernetes.delivery.groups import CLUSTER_GROUP, Group, name_of

API: Final = "argoproj.io/v1alpha1"
NAMESPACE: Final = "argocd"
# The cluster that Argo CD itself runs in.
SERVER: Final = "https://kubernetes.default.svc"
# With it, what an Application has brought goes when the Application goes.
FINALIZER: Final = "resources-finalizer.argocd.argoproj.io"
WAVE: Final = "argocd.argoproj.io/sync-wave"
OPTIONS: Final = ("CreateNamespace=false", "PruneLast=true", "RespectIgnoreDifferences=true", "ServerSideApply=true")
# About an hour: a controller that Terraform has just installed may not have its webhook up.
RETRY: Final = {"limit": 10, "backoff": {"duration": "30s", "factor": 2, "maxDuration": "10m"}}


def deliver(ctx: Context, folder: Sourced[str], groups: Sequence[Group]) -> None:
    """The root and its children."""
    _application(ctx, folder, None)
    for group in groups:
        _application(ctx, folder, group)


def _application(ctx: Context, folder: Sourced[str], group: Group | None) -> None:
    delivery: DeliverySpec = ctx.spec.delivery
    namespace = ctx.src(delivery.namespace or NAMESPACE, "delivery.namespace")
    part = CHILDREN_FOLDER if group is None else group.name
    source = {
        "repoURL": ctx.src(delivery.repository, "delivery.repository"),
        "targetRevision": ctx.src(delivery.branch, "delivery.branch"),
        "path": Sourced(f"{folder.value}/{part}", folder.paths),
    }
    inside = namespace if group is None else group.name if group.name != CLUSTER_GROUP else None
    spec: dict[str, Any] = {
        "project": ctx.src(delivery.project, "delivery.project"),
        "source": source,
        "destination": {"server": SERVER} | ({"namespace": inside} if inside is not None else {}),
        "syncPolicy": {
            "automated": {"prune": True, "selfHeal": True},
            "syncOptions": list(OPTIONS),
            "retry": RETRY,
        },
    }
    if group is not None and group.scaled:
        spec["ignoreDifferences"] = [
            Sourced(
                {
                    "group": scaled.api_group,
                    "kind": scaled.kind,
                    "name": scaled.name,
                    "namespace": group.name,
                    "jsonPointers": ["/spec/replicas"],
                },
                scaled.sources,
            )
            for scaled in group.scaled
        ]
    sources = Sourced(None, group.sources if group is not None else ())
    ctx.manifest(
        API,
        "Application",
        name_of(ctx, group.name if group is not None else ""),
        "argocd-root" if group is None else f"argocd-child-{group.name}",
        {"spec": spec},
        namespace=namespace,
        labels={DELIVERY_LABEL: "root" if group is None else "child"},
        annotations=None if group is None else {WAVE: Sourced(str(group.wave), group.sources)},
        finalizers=() if group is None else (FINALIZER,),
        because=("delivery", "delivery.engine", sources),
    )
