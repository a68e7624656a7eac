"""What all pods have: a restricted security context, spread over zones, and a budget for disruptions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from platformspec.sdk import Context

CONTAINER_SECURITY = {
    "allowPrivilegeEscalation": False,
    "capabilities": {"drop": ["ALL"]},
    "readOnlyRootFilesystem": True,
}


def pod_security(user: int, group: int, fs_group: int | None = None) -> dict[str, Any]:
    """A pod's security context that the Pod Security level `restricted` accepts."""
    return {
        "runAsNonRoot": True,
        "runAsUser": user,
        "runAsGroup": group,
        "fsGroup": group if fs_group is None else fs_group,
        "seccompProfile": {"type": "RuntimeDefault"},
    }


def spread(labels: Mapping[str, str]) -> list[dict[str, Any]]:
    """Replicas over zones and hosts, where there are several; taints of nodes count, so that GPU nodes are compared with each other."""
    return [
        {
            "maxSkew": 1,
            "topologyKey": key,
            "whenUnsatisfiable": "ScheduleAnyway",
            "labelSelector": {"matchLabels": dict(labels)},
            "nodeTaintsPolicy": "Honor",
        }
        for key in ("topology.kubernetes.io/zone", "kubernetes.io/hostname")
    ]


def disruption_budget(ctx: Context, namespace: str, name: str, labels: Mapping[str, str]) -> None:
    """One pod may be away at a time. Pods that are not ready anyway do not block a drain."""
    spec = {"maxUnavailable": 1, "selector": {"matchLabels": dict(labels)}, "unhealthyPodEvictionPolicy": "AlwaysAllow"}
    ctx.manifest("policy/v1", "PodDisruptionBudget", name, "disruption-budget", {"spec": spec}, namespace=namespace)


def service_account(
    ctx: Context, namespace: str, name: str, *, role: str = "service-account", because: tuple[str, ...] = ()
) -> None:
    """An account of its own. Its token is mounted nowhere: Pod Identity brings a token of its own."""
    ctx.manifest(
        "v1",
        "ServiceAccount",
        name,
        role,
        {"automountServiceAccountToken": False},
        namespace=namespace,
        because=because,
    )


def external_secret(
    ctx: Context,
    role: str,
    namespace: str,
    name: str,
    store: str,
    data: Mapping[str, Any],
    *,
    because: tuple[str, ...] = (),
) -> None:
    """A Secret that follows the cloud's. `data`: key in the Secret -> `remoteRef`."""
    spec = {
        "refreshInterval": "1h0m0s",
        "secretStoreRef": {"name": store, "kind": "ClusterSecretStore"},
        "target": {"name": name, "creationPolicy": "Owner", "deletionPolicy": "Retain"},
        "data": [{"secretKey": key, "remoteRef": dict(reference)} for key, reference in data.items()],
    }
    ctx.manifest(
        "external-secrets.io/v1", "ExternalSecret", name, role, {"spec": spec}, namespace=namespace, capability="external-secrets", because=because
    )  # fmt: skip


def registry_secret(
    ctx: Context, namespace: str, name: str, store: str, registry: str, data: Mapping[str, Any], *, because: tuple[str, ...] = ()
) -> None:  # fmt: skip
    """A Secret that opens NVIDIA's registry to the kubelet. `data`: `token` -> `remoteRef` of the key."""
    login = f'{{"auths":{{"{registry}":{{"username":"$oauthtoken","password":"{{{{ .token }}}}"}}}}}}'
    template = {
        "type": "kubernetes.io/dockerconfigjson",
        "engineVersion": "v2",
        "data": {".dockerconfigjson": login},
    }
    spec = {
        "refreshInterval": "1h0m0s",
        "secretStoreRef": {"name": store, "kind": "ClusterSecretStore"},
        "target": {"name": name, "creationPolicy": "Owner", "deletionPolicy": "Retain", "template": template},
        "data": [{"secretKey": key, "remoteRef": dict(reference)} for key, reference in data.items()],
    }
    ctx.manifest(
        "external-secrets.io/v1", "ExternalSecret", name, "registry", {"spec": spec}, namespace=namespace, capability="external-secrets", because=because
    )  # fmt: skip


def from_secret(name: str, key: str) -> dict[str, Any]:
    """The value of an environment variable that comes from a Secret."""
    return {"secretKeyRef": {"name": name, "key": key}}


def from_config(name: str, key: str) -> dict[str, Any]:
    """The value of an environment variable that comes from a ConfigMap."""
    return {"configMapKeyRef": {"name": name, "key": key}}
