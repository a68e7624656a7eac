"""Qdrant 1.19 as a StatefulSet."""

from __future__ import annotations

import json
from typing import Any, Final

from platformspec.sdk import (
    ClusterExports,
    Code,
    Context,
    DeclarationContext,
    Sourced,
    VectorStoreExports,
    VectorStoreSpec,
    Workload,
)
from platformspec_kubernetes import images
from platformspec_kubernetes.jobs import job
from platformspec_kubernetes.jobs import labels_of as job_labels
from platformspec_kubernetes.network_policies import policy
from platformspec_kubernetes.pods import (
    CONTAINER_SECURITY,
    disruption_budget,
    external_secret,
    from_secret,
    pod_security,
    service_account,
    spread,
)
from platformspec_kubernetes.vector_stores.collections import Collection

SHARED_KEY = Code(
    "PS586",
    "teams that share the key of a Qdrant store",
    explain="Qdrant has one API key for a whole store. A team that owns a collection gets it, and with it can read and change the "
    "collections of the other teams in the same store. A store for each team keeps them apart; so does pgvector, where every team has a "
    "user of its own, and OpenSearch Serverless, where every team has a role of its own.",
)

HTTP, GRPC, PEERS = 6333, 6334, 6335
USER, GROUP, FS_GROUP = 1000, 2000, 3000
CURL_USER: Final = 100
METRICS: Final = {"cosine": "Cosine", "euclidean": "Euclid", "dot": "Dot"}
RESOURCES: Final = {"requests": {"cpu": "500m", "memory": "2Gi"}, "limits": {"memory": "4Gi"}}


def lower_qdrant(ctx: DeclarationContext, spec: VectorStoreSpec, collections: list[Collection], namespace: str) -> None:
    """Pods with volumes of their own, which form a cluster where there are several, and a Job that makes the collections."""
    name = ctx.called
    labels = {"app.kubernetes.io/name": name, "app.kubernetes.io/component": "vector-store"}
    cluster = ctx.cluster_address()
    assert cluster is not None
    exports = ctx.exports(cluster, ClusterExports)
    ctx.need("block-storage")
    owned = {name: c.owner.address for name, c in sorted(spec.collections.items()) if c.owner is not None}
    teams = sorted(set(map(str, owned.values())))
    if len(teams) > 1:
        ctx.warn(
            SHARED_KEY,
            f"{', '.join(teams[:-1])} and {teams[-1]} get the same key of {ctx.address}",
            at=f"collections.{next(iter(owned))}.owner",
            help="give each team a store of its own, or accept it with `allow: {PS586: why}`",
        )
    service_account(ctx, namespace, name)
    external_secret(
        ctx,
        "api-key-secret",
        namespace,
        f"{name}-endpoints",
        exports.secret_store,
        {"api-key": {"key": api_key(ctx, name)}},
    )
    ports = [
        {"name": key, "port": port, "targetPort": key, "protocol": "TCP"}
        for key, port in (("http", HTTP), ("grpc", GRPC), ("peers", PEERS))
    ]
    ctx.manifest(
        "v1",
        "Service",
        f"{name}-peers",
        "peers-service",
        {"spec": {"clusterIP": "None", "publishNotReadyAddresses": True, "selector": labels, "ports": ports}},
        namespace=namespace,
    )
    ctx.manifest(
        "v1",
        "Service",
        name,
        "service",
        {"spec": {"type": "ClusterIP", "selector": labels, "ports": ports[:2]}},
        namespace=namespace,
    )
    disruption_budget(ctx, namespace, name, labels)
    policy(
        ctx, "peers-policy", namespace, f"{name}-peers", labels,
        ingress=[{"from": [{"podSelector": {"matchLabels": labels}}], "ports": [{"protocol": "TCP", "port": PEERS}]}],
        egress=[{"to": [{"podSelector": {"matchLabels": labels}}], "ports": [{"protocol": "TCP", "port": PEERS}]}],
    )  # fmt: skip
    policy(
        ctx,
        "jobs-policy",
        namespace,
        f"{name}-collections-in",
        labels,
        ingress=[
            {
                "from": [{"podSelector": {"matchLabels": job_labels(name, "collections")}}],
                "ports": [{"protocol": "TCP", "port": HTTP}],
            }
        ],
    )
    ctx.manifest(
        "apps/v1",
        "StatefulSet",
        name,
        "stateful-set",
        {"spec": _stateful_set(ctx, spec, labels, exports.storage_class)},
        namespace=namespace,
    )
    files = {
        f"{c.name}.json": ctx.src(
            json.dumps(_collection(c, spec.replicas), sort_keys=True), c.dimensions, c.metric, "replicas"
        )
        for c in collections
    }
    url = f"http://{name}.{namespace}.svc.cluster.local:{HTTP}"
    job(
        ctx, namespace, "collections", image=images.CURL, user=CURL_USER, files=files,
        command=["/bin/sh", "-c", _script(url)],
        env=[{"name": "API_KEY", "valueFrom": from_secret(f"{name}-endpoints", "api-key")}],
        egress=[{"to": [{"podSelector": {"matchLabels": labels}}], "ports": [{"protocol": "TCP", "port": HTTP}]}],
    )  # fmt: skip
    ctx.offer(
        VectorStoreExports("qdrant", f"{name}.{namespace}.svc.cluster.local", HTTP, namespace, labels, ctx.placement)
    )
    ctx.offer(Workload(ctx.address, cluster, namespace, name, labels, HTTP))


def api_key(ctx: Context, store: str) -> Sourced[str]:
    """Name of the secret that holds a store's API key, in the cloud's secret manager."""
    return ctx.name("vector-store", store, "api-key", limit=200)


def _collection(collection: Collection, replicas: int) -> dict[str, Any]:
    return {
        "vectors": {"size": collection.dimensions.value, "distance": METRICS[collection.metric.value]},
        "replication_factor": min(replicas, 2),
    }


def _script(url: str) -> str:
    # A collection that is there already stays as it is: its vectors could not be kept in another shape.
    return (
        "set -eu\n"
        "for file in /collections/*.json; do\n"
        '  name=$(basename "$file" .json)\n'
        f'  if curl -sf -o /dev/null -H "api-key: $API_KEY" "{url}/collections/$name"; then echo "$name is there"; continue; fi\n'
        f'  curl -sf --retry 30 --retry-all-errors --retry-delay 10 -X PUT -H "api-key: $API_KEY" -H "Content-Type: application/json" --data @"$file" "{url}/collections/$name"\n'
        "done\n"
    )


def _stateful_set(
    ctx: DeclarationContext, spec: VectorStoreSpec, labels: dict[str, str], storage_class: str
) -> dict[str, Any]:
    name = ctx.called
    first = f"http://{name}-0.{name}-peers:{PEERS}"
    several = spec.replicas > 1
    start = (
        f'if [ "$POD_NAME" = "{name}-0" ]; then exec ./entrypoint.sh --uri {first}; fi; '
        f'exec ./entrypoint.sh --bootstrap {first} --uri "http://$POD_NAME.{name}-peers:{PEERS}"'
    )
    env: list[dict[str, Any]] = [
        {"name": "POD_NAME", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}},
        {"name": "QDRANT__SERVICE__API_KEY", "valueFrom": from_secret(f"{name}-endpoints", "api-key")},
        {"name": "QDRANT__CLUSTER__ENABLED", "value": ctx.src("true" if several else "false", "replicas")},
        {"name": "QDRANT__TELEMETRY_DISABLED", "value": "true"},
        # It marks its first start beside its binary, which is read-only here, and gives up where it cannot.
        {"name": "QDRANT_INIT_FILE_PATH", "value": "/qdrant/storage/.qdrant-initialized"},
    ]
    probe = {"periodSeconds": 10, "timeoutSeconds": 3}
    container = {
        "name": "qdrant",
        "image": images.QDRANT,
        "command": ctx.src(["/bin/bash", "-c", start if several else "exec ./entrypoint.sh"], "replicas"),
        "env": env,
        "ports": [
            {"name": key, "containerPort": port, "protocol": "TCP"}
            for key, port in (("http", HTTP), ("grpc", GRPC), ("peers", PEERS))
        ],
        "resources": RESOURCES,
        "securityContext": CONTAINER_SECURITY,
        "startupProbe": {**probe, "httpGet": {"path": "/readyz", "port": "http"}, "failureThreshold": 60},
        "readinessProbe": {**probe, "httpGet": {"path": "/readyz", "port": "http"}, "failureThreshold": 3},
        "livenessProbe": {**probe, "httpGet": {"path": "/livez", "port": "http"}, "failureThreshold": 6},
        "lifecycle": {"preStop": {"sleep": {"seconds": 3}}},
        "volumeMounts": [
            {"name": "storage", "mountPath": "/qdrant/storage"},
            {"name": "scratch", "mountPath": "/qdrant/snapshots", "subPath": "snapshots"},
            {"name": "scratch", "mountPath": "/tmp", "subPath": "tmp"},
        ],
    }
    claim = {
        "metadata": {"name": "storage", "labels": labels},
        "spec": {
            "accessModes": ["ReadWriteOnce"],
            "storageClassName": storage_class,
            "resources": {"requests": {"storage": ctx.src(f"{spec.storage_gib}Gi", "storage_gib")}},
        },
    }
    keep = {"whenDeleted": "Retain", "whenScaled": "Retain"}
    return {
        "serviceName": f"{name}-peers",
        "replicas": ctx.src(spec.replicas, "replicas"),
        "podManagementPolicy": "Parallel",
        "persistentVolumeClaimRetentionPolicy": keep,
        "selector": {"matchLabels": labels},
        "template": {
            "metadata": {"labels": {**ctx.labels, **labels}},
            "spec": {
                "serviceAccountName": name,
                "automountServiceAccountToken": False,
                "enableServiceLinks": False,
                "nodeSelector": {"platformspec.dev/nodes": "system"},
                "topologySpreadConstraints": spread(labels),
                "securityContext": pod_security(USER, GROUP, FS_GROUP),
                "terminationGracePeriodSeconds": 60,
                "containers": [container],
                "volumes": [{"name": "scratch", "emptyDir": {"sizeLimit": "10Gi"}}],
            },
        },
        "volumeClaimTemplates": [claim],
    }
