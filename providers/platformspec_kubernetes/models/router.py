"""Routing between replicas: an InferencePool, and the picker and proxy that choose for each request."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any, Final

from platformspec.sdk import DeclarationContext, Workload, Yaml
from platformspec_kubernetes import images
from platformspec_kubernetes.models import picker, proxy
from platformspec_kubernetes.models.engines.engine import Container, Launch
from platformspec_kubernetes.network_policies import policy
from platformspec_kubernetes.pods import CONTAINER_SECURITY, pod_security, service_account

USER: Final = 65532
HEALTH_PORT: Final = 9003
PICKER_PORTS: Final = (("grpc", proxy.PICKER_PORT), ("health", HEALTH_PORT), ("metrics", 9090))
POOL_GROUP: Final = "inference.networking.k8s.io"
PICKER_RESOURCES: Final = {"requests": {"cpu": "1", "memory": "2Gi"}, "limits": {"memory": "4Gi"}}
PROXY_RESOURCES: Final = {"requests": {"cpu": "500m", "memory": "512Mi"}, "limits": {"memory": "1Gi"}}
# Longest grace period of the pods behind it, as the router's chart says.
DRAIN_SECONDS: Final = 130
BECAUSE: Final = ("topology",)


def route(launch: Launch, container: Container, namespace: str, servers: Mapping[str, str], cluster: Any) -> Workload:
    """The pool, its picker with proxy, and what they need. The model's Service leads to the proxy, so gateways need not know."""
    ctx = launch.ctx
    name = ctx.called
    own = f"{name}-router"
    labels = {"app.kubernetes.io/name": own, "app.kubernetes.io/component": "model-router"}
    _pool(ctx, namespace, own, servers, container.port)
    service_account(ctx, namespace, own, role="router-account")
    _rights(ctx, namespace, own)
    settings = picker.configuration(launch.spec)
    files = {"plugins.yaml": ctx.src(Yaml(settings), *BECAUSE), "envoy.yaml": Yaml(proxy.configuration())}
    ctx.manifest("v1", "ConfigMap", own, "router-config", {"data": files}, namespace=namespace, because=BECAUSE)
    digest = hashlib.sha256(json.dumps([settings, proxy.configuration()], sort_keys=True).encode()).hexdigest()[:16]
    pod = {
        "metadata": {
            "labels": {**ctx.labels, **labels},
            "annotations": {"platformspec.dev/config": ctx.src(digest, *BECAUSE)},
        },
        "spec": {
            "serviceAccountName": own,
            # The picker watches pods and the pool.
            "automountServiceAccountToken": True,
            "enableServiceLinks": False,
            "nodeSelector": {"platformspec.dev/nodes": "system"},
            "securityContext": pod_security(USER, USER),
            "terminationGracePeriodSeconds": DRAIN_SECONDS,
            "containers": [_proxy(), _picker(name, namespace)],
            "volumes": [{"name": "config", "configMap": {"name": own}}],
        },
    }
    # One picker is active: it remembers which replica has seen which prompt. The old one goes before the new one comes.
    body = {
        "replicas": 1,
        "strategy": {"type": "Recreate"},
        "selector": {"matchLabels": labels},
        "template": pod,
    }
    ctx.manifest("apps/v1", "Deployment", own, "router", {"spec": body}, namespace=namespace, because=BECAUSE)
    picked = [{"name": "grpc", "port": proxy.PICKER_PORT, "targetPort": "grpc", "protocol": "TCP"}]
    ctx.manifest(
        "v1", "Service", own, "router-service", {"spec": {"type": "ClusterIP", "selector": labels, "ports": picked}}, namespace=namespace, because=BECAUSE
    )  # fmt: skip
    _openings(ctx, namespace, own, labels, servers, container.port)
    # Openings are for the proxy's pods; what the cloud grants is for the servers' account.
    return Workload(ctx.address, cluster, namespace, name, labels, proxy.PORT)


def _pool(ctx: DeclarationContext, namespace: str, own: str, servers: Mapping[str, str], port: int) -> None:
    body = {
        "selector": {"matchLabels": dict(servers)},
        "targetPorts": [{"number": port}],
        "appProtocol": "http",
        "endpointPickerRef": {
            "group": "",
            "kind": "Service",
            "name": own,
            "port": {"number": proxy.PICKER_PORT},
            "failureMode": "FailClose",
        },
    }
    ctx.manifest(
        f"{POOL_GROUP}/v1",
        "InferencePool",
        ctx.called,
        "inference-pool",
        {"spec": body},
        namespace=namespace,
        because=BECAUSE,
        capability="kserve",
    )


def _rights(ctx: DeclarationContext, namespace: str, own: str) -> None:
    watch = ["get", "list", "watch"]
    rules = [
        {"apiGroups": [""], "resources": ["pods"], "verbs": watch},
        {"apiGroups": [POOL_GROUP], "resources": ["inferencepools"], "verbs": watch},
        {"apiGroups": ["llm-d.ai"], "resources": ["inferenceobjectives", "inferencemodelrewrites"], "verbs": watch},
    ]
    group = "rbac.authorization.k8s.io"
    ctx.manifest(f"{group}/v1", "Role", own, "router-role", {"rules": rules}, namespace=namespace, because=BECAUSE)
    binding = {
        "roleRef": {"apiGroup": group, "kind": "Role", "name": own},
        "subjects": [{"kind": "ServiceAccount", "name": own, "namespace": namespace}],
    }
    ctx.manifest(f"{group}/v1", "RoleBinding", own, "router-binding", binding, namespace=namespace, because=BECAUSE)


def _proxy() -> dict[str, Any]:
    return {
        "name": "proxy",
        "image": images.ENVOY,
        "args": ["--log-level", "warn", "--drain-strategy", "immediate", "-c", "/etc/router/envoy.yaml"],
        "ports": [
            {"name": "http", "containerPort": proxy.PORT, "protocol": "TCP"},
            {"name": "ready", "containerPort": proxy.READY_PORT, "protocol": "TCP"},
        ],
        "resources": PROXY_RESOURCES,
        "securityContext": CONTAINER_SECURITY,
        "readinessProbe": {"httpGet": {"path": "/ready", "port": "ready"}, "periodSeconds": 5},
        "volumeMounts": [{"name": "config", "mountPath": "/etc/router", "readOnly": True}],
    }


def _picker(pool: str, namespace: str) -> dict[str, Any]:
    probe = {"grpc": {"port": HEALTH_PORT, "service": "inference-extension"}}
    return {
        "name": "picker",
        "image": images.ENDPOINT_PICKER,
        "args": [
            "--pool-name", pool,
            "--pool-namespace", namespace,
            "--pool-group", POOL_GROUP,
            "--config-file", "/etc/router/plugins.yaml",
            "--grpc-health-port", str(HEALTH_PORT),
            "--zap-encoder", "json",
            # Only the proxy in this pod speaks to it.
            "--secure-serving=false",
            "--tracing=false",
            "--metrics-endpoint-auth=false",
        ],
        "env": [
            {"name": "NAMESPACE", "valueFrom": {"fieldRef": {"fieldPath": "metadata.namespace"}}},
            {"name": "POD_NAME", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}},
        ],
        "ports": [{"name": name, "containerPort": port, "protocol": "TCP"} for name, port in PICKER_PORTS],
        "resources": PICKER_RESOURCES,
        "securityContext": CONTAINER_SECURITY,
        "livenessProbe": {**probe, "initialDelaySeconds": 5, "periodSeconds": 10},
        "readinessProbe": {**probe, "periodSeconds": 5},
        "volumeMounts": [{"name": "config", "mountPath": "/etc/router", "readOnly": True}],
    }  # fmt: skip


def _openings(
    ctx: DeclarationContext, namespace: str, own: str, labels: dict[str, str], servers: Mapping[str, str], port: int
) -> None:
    ports = [{"protocol": "TCP", "port": port}]
    replicas = {"to": [{"podSelector": {"matchLabels": dict(servers)}}], "ports": ports}
    # The API server: its service address is in a private range, its own addresses are in the network.
    ranges = [{"ipBlock": {"cidr": cidr}} for cidr in ("10.0.0.0/8", "172.16.0.0/12", ctx.network.cidr)]
    api = {"to": ranges, "ports": [{"protocol": "TCP", "port": 443}]}
    policy(ctx, "router-egress", namespace, f"{own}-out", labels, egress=[replicas, api], because=BECAUSE)
    rule = {"from": [{"podSelector": {"matchLabels": labels}}], "ports": ports}
    policy(ctx, "router-ingress", namespace, f"{own}-in", servers, ingress=[rule], because=BECAUSE)
