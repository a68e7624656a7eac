"""Jobs that prepare a store or a database: idempotent, and run again whenever what they do changes."""

from __future__ import annotations

import hashlib
from typing import Any, Final

from platformspec.sdk import DeclarationContext, Sourced, Workload
from platformspec_kubernetes.network_policies import policy
from platformspec_kubernetes.pods import CONTAINER_SECURITY, pod_security, service_account

RESOURCES: Final = {"requests": {"cpu": "50m", "memory": "64Mi"}, "limits": {"memory": "256Mi"}}
DEADLINE_SECONDS: Final = 1800


def labels_of(owner: str, purpose: str) -> dict[str, str]:
    """Labels of the pods that do this for a declaration."""
    return {"app.kubernetes.io/name": f"{owner}-{purpose}", "app.kubernetes.io/component": purpose}


def job(
    ctx: DeclarationContext, namespace: str, purpose: str, *, image: str, user: int, files: dict[str, Sourced[str]], command: list[str], env: list[dict[str, Any]], egress: list[dict[str, Any]], because: tuple[str, ...] = ()
) -> Workload:  # fmt: skip
    """A ConfigMap with the files, a Job that finds them in /<purpose>, and what it may connect to.

    The Job's name carries a digest, because Jobs cannot be changed.
    """
    name = f"{ctx.called}-{purpose}"
    labels = labels_of(ctx.called, purpose)
    text = "\0".join(f"{key}\0{files[key].value}" for key in sorted(files))
    digest = hashlib.sha256("\0".join([text, image, *command]).encode()).hexdigest()[:8]
    named = ctx.src(f"{name}-{digest}", *files.values())
    service_account(ctx, namespace, name, role=f"{purpose}-account", because=because)
    ctx.manifest(
        "v1", "ConfigMap", named, f"{purpose}-files", {"data": dict(files)}, namespace=namespace, because=because
    )
    policy(ctx, f"{purpose}-policy", namespace, name, labels, egress=egress, because=because)
    pod = {
        "serviceAccountName": name,
        "automountServiceAccountToken": False,
        "enableServiceLinks": False,
        "restartPolicy": "OnFailure",
        "nodeSelector": {"platformspec.dev/nodes": "system"},
        "securityContext": pod_security(user, user),
        "containers": [
            {
                "name": purpose,
                "image": image,
                "command": command,
                "env": env,
                "resources": RESOURCES,
                "securityContext": CONTAINER_SECURITY,
                "volumeMounts": [
                    {"name": "files", "mountPath": f"/{purpose}", "readOnly": True},
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
    ctx.manifest("batch/v1", "Job", named, f"{purpose}-job", {"spec": body}, namespace=namespace, because=because)
    cluster = ctx.cluster_address()
    assert cluster is not None
    return Workload(ctx.address, cluster, namespace, name, labels)
