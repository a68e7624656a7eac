"""Which changed fields of a Kubernetes object the API server refuses to change in place."""

from __future__ import annotations

from typing import Final

from platformspec.sdk import Path, Verdict

SOURCE: Final = "the Kubernetes API's validation on update"

# Kind -> paths of which nothing may change. A StatefulSet's spec may change only in the parts named here.
IMMUTABLE: Final[dict[str, tuple[Path, ...]]] = {
    "apps/v1/Deployment": (("spec", "selector"),),
    "batch/v1/Job": (("spec", "template"), ("spec", "selector"), ("spec", "completions")),
    "v1/Service": (("spec", "clusterIP"),),
    "v1/PersistentVolumeClaim": (("spec", "storageClassName"), ("spec", "accessModes"), ("spec", "volumeName")),
    "v1/PersistentVolume": (("spec", "hostPath"), ("spec", "nodeAffinity")),
    "v1/Secret": (("type",),),
    "storage.k8s.io/v1/StorageClass": (("provisioner",), ("parameters",), ("reclaimPolicy",), ("volumeBindingMode",)),
    "rbac.authorization.k8s.io/v1/RoleBinding": (("roleRef",),),
    "rbac.authorization.k8s.io/v1/ClusterRoleBinding": (("roleRef",),),
    "scheduling.k8s.io/v1/PriorityClass": (("value",), ("preemptionPolicy",)),
}
STATEFUL_SET_MUTABLE: Final = (
    "replicas", "ordinals", "template", "updateStrategy", "revisionHistoryLimit", "persistentVolumeClaimRetentionPolicy", "minReadySeconds",
)  # fmt: skip


def verdict(type: str, path: Path) -> Verdict | None:
    """Whether changing the field replaces the object; None for Terraform types."""
    if "/" not in type:
        return None
    if path[:2] in (("metadata", "name"), ("metadata", "namespace")):
        return Verdict(True, SOURCE)
    if type == "apps/v1/StatefulSet" and path[:1] == ("spec",) and len(path) > 1:
        return Verdict(path[1] not in STATEFUL_SET_MUTABLE, SOURCE)
    fixed = any(path[: len(prefix)] == prefix for prefix in IMMUTABLE.get(type, ()))
    return Verdict(fixed, SOURCE)
