"""Jobs that make collections: idempotent, and run again whenever what they do changes."""

from __future__ import annotations

import hashlib
from typing import Any, Final

from platformspec.sdk import DeclarationContext, Sourced, Workload
from platformspec_kubernetes.network_policies import policy
from platformspec_kubernetes.pods import CONTAINER_SECURITY, pod_security, service_account

RESOURCES: Final = {"requests": {"cpu": "50m", "memory": "64Mi"}, "limits": {"memory": "256Mi"}}
DEADLINE_SECONDS: Final = 1800


def labels_of(store: str) -> dict[str, str]:
    """Labels of a store's collection jobs."""
    return {"app.kubernetes.io/name": f"{store}-collections", "app.kubernetes.io/component": "collections"}


def collection_job(
    ctx: DeclarationContext, namespace: str, *, image: str, user: int, files: dict[str, Sourced[str]], command: list[str], env: list[dict[str, Any]], egress: list[dict[str, Any]]
) -> Workload:  # fmt: skip
    """A ConfigMap with the files, a Job that runs them, and what it may connect to. The Job's name carries a digest, because Jobs cannot be changed."""
    store = ctx.address.name
    name = f"{store}-collections"
    labels = labels_of(store)
    text = "\0".join(f"{key}\0{files[key].value}" for key in sorted(files))
    digest = hashlib.sha256("\0".join([text, image, *command]).encode()).hexdigest()[:8]
    named = ctx.src(f"{name}-{digest}", *files.values())
    service_account(ctx, namespace, name, role="collections-account")
    ctx.manifest("v1", "ConfigMap", named, "collections-files", {"data": dict(files)}, namespace=namespace)
    policy(ctx, "collections-policy", namespace, name, labels, egress=egress)
    pod = {
        "serviceAccountName": name,
        "automountServiceAccountToken": False,
        "enableServiceLinks": False,
        "restartPolicy": "OnFailure",
        "nodeSelector": {"platformspec.dev/nodes": "system"},
        "securityContext": pod_security(user, user),
        "containers": [
            {
                "name": "collections",
                "image": image,
                "command": command,
                "env": env,
                "resources": RESOURCES,
                "securityContext": CONTAINER_SECURITY,
                "volumeMounts": [
                    {"name": "files", "mountPath": "/collections", "readOnly": True},
                    {"name": "tmp", "mountPath": "/tmp"},
                ],
            }
        ],
        "volumes": [
            {"name": "files", "configMap": {"name": named}},
            {"name": "tmp", "emptyDir": {"sizeLimit": "64Mi"}},
        ],
    }
    body = {
        "backoffLimit": 20,
        "activeDeadlineSeconds": DEADLINE_SECONDS,
        "template": {"metadata": {"labels": {**ctx.labels, **labels}}, "spec": pod},
    }
    ctx.manifest("batch/v1", "Job", named, "collections-job", {"spec": body}, namespace=namespace)
    cluster = ctx.cluster_address()
    assert cluster is not None
    return Workload(ctx.address, cluster, namespace, name, labels)
