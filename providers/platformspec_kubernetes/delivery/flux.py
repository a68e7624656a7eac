"""Flux: the repository, a root Kustomization, and one Kustomization for each group, which waits for those it needs.

Fields: the CustomResourceDefinitions of fluxcd/source-controller (config/crd/bases/source.toolkit.fluxcd.io_gitrepositories.yaml) and
fluxcd/kustomize-controller (config/crd/bases/kustomize.toolkit.fluxcd.io_kustomizations.yaml).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from platformspec.sdk import CHILDREN_FOLDER, DELIVERY_LABEL, Context, DeliverySpec, Sourced
from platformspec_kubernetes.delivery.groups import Group, name_of

SOURCE_API: Final = "source.toolkit.fluxcd.io/v1"
API: Final = "kustomize.toolkit.fluxcd.io/v1"
NAMESPACE: Final = "flux-system"
FETCH_INTERVAL: Final = "1m"
# How often what somebody changed in the cluster is set right; a new commit is applied at once.
INTERVAL: Final = "10m"
RETRY_INTERVAL: Final = "2m"
# How long a Kustomization waits for health. What takes longer, such as the weights of a large model, is looked at again in the next round.
TIMEOUT: Final = "15m"


def deliver(ctx: Context, folder: Sourced[str], groups: Sequence[Group]) -> None:
    """The repository, the root and its children."""
    delivery: DeliverySpec = ctx.spec.delivery
    source: dict[str, Any] = {
        "interval": FETCH_INTERVAL,
        "url": ctx.src(delivery.repository, "delivery.repository"),
        "ref": {"branch": ctx.src(delivery.branch, "delivery.branch")},
    }
    if delivery.secret is not None:
        source["secretRef"] = {"name": ctx.src(delivery.secret, "delivery.secret")}
    ctx.manifest(
        SOURCE_API,
        "GitRepository",
        name_of(ctx),
        "flux-repository",
        {"spec": source},
        namespace=_namespace(ctx),
        labels={DELIVERY_LABEL: "root"},
        because=("delivery", "delivery.engine"),
    )
    _kustomization(ctx, folder, None)
    for group in groups:
        _kustomization(ctx, folder, group)


def _kustomization(ctx: Context, folder: Sourced[str], group: Group | None) -> None:
    delivery: DeliverySpec = ctx.spec.delivery
    part = CHILDREN_FOLDER if group is None else group.name
    sources = Sourced(None, group.sources if group is not None else ())
    spec: dict[str, Any] = {
        "interval": INTERVAL,
        "retryInterval": RETRY_INTERVAL,
        "timeout": TIMEOUT,
        "prune": True,
        # The root would see no new commit while it waited for its children.
        "wait": group is not None,
        "sourceRef": {"kind": "GitRepository", "name": name_of(ctx)},
        "path": Sourced(f"./{folder.value}/{part}", folder.paths),
    }
    if delivery.service_account is not None:
        spec["serviceAccountName"] = ctx.src(delivery.service_account, "delivery.service_account")
    if group is not None and group.after:
        spec["dependsOn"] = Sourced(
            [{"name": name_of(ctx, other).value} for other in group.after], (("metadata", "name"), *group.sources)
        )
    ctx.manifest(
        API,
        "Kustomization",
        name_of(ctx, group.name if group is not None else ""),
        "flux-root" if group is None else f"flux-child-{group.name}",
        {"spec": spec},
        namespace=_namespace(ctx),
        labels={DELIVERY_LABEL: "root" if group is None else "child"},
        because=("delivery", "delivery.engine", sources),
    )


def _namespace(ctx: Context) -> Sourced[str]:
    delivery: DeliverySpec = ctx.spec.delivery
    return ctx.src(delivery.namespace or NAMESPACE, "delivery.namespace")
