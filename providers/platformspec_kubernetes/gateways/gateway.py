"""Lower gateways to LiteLLM."""

from __future__ import annotations

import hashlib
import json
from typing import Any, Final

from platformspec.sdk import (
    AggregateContext,
    CacheExports,
    ClusterExports,
    Context,
    DatabaseExports,
    DeclarationContext,
    FrontExports,
    GatewayExports,
    GatewaySpec,
    Sourced,
    Workload,
    Yaml,
)
from platformspec_kubernetes import images
from platformspec_kubernetes.gateways import guardrails
from platformspec_kubernetes.gateways.config import configuration
from platformspec_kubernetes.gateways.contract import check
from platformspec_kubernetes.gateways.database import environment as database_environment
from platformspec_kubernetes.gateways.database import prepare_database
from platformspec_kubernetes.gateways.metrics import scrape
from platformspec_kubernetes.namespaces import namespace
from platformspec_kubernetes.network_policies import policy
from platformspec_kubernetes.pods import (
    CONTAINER_SECURITY,
    disruption_budget,
    external_secret,
    from_config,
    from_secret,
    pod_security,
    service_account,
    spread,
)

PORT: Final = 4000
# `nobody`, to whom the files of LiteLLM's image belong.
USER: Final = 65534
PRE_STOP_SECONDS: Final = 15
# Between the last answer and the end of the process: spend is written to the database.
TEARDOWN_SECONDS: Final = 30
RESOURCES: Final = {"requests": {"cpu": "1", "memory": "2Gi"}, "limits": {"memory": "4Gi"}}
CPU_TARGET_PERCENT: Final = 70


def lower_gateway(ctx: DeclarationContext) -> None:
    """Everything but the configuration, which needs all models."""
    spec: GatewaySpec = ctx.spec
    check(ctx, spec)
    name, space = ctx.called, namespace_of(ctx)
    labels = labels_of(ctx)
    cluster = ctx.cluster_address()
    assert cluster is not None
    namespace(ctx, space)
    service_account(ctx, space, name)
    store = ctx.exports(cluster, ClusterExports).secret_store
    secrets = {key: {"key": ctx.name("gateway", name, key, limit=200)} for key in ("master-key", "salt-key")}
    external_secret(ctx, "secrets", space, f"{name}-secrets", store, secrets)
    ports = [{"name": "http", "port": PORT, "targetPort": "http", "protocol": "TCP"}]
    ctx.manifest(
        "v1",
        "Service",
        name,
        "service",
        {"spec": {"type": "ClusterIP", "selector": labels, "ports": ports}},
        namespace=space,
    )
    disruption_budget(ctx, space, name, labels)
    _endpoints(ctx, spec, space, store)
    if spec.auth.jwt is not None:
        external_secret(
            ctx,
            "license",
            space,
            f"{name}-license",
            store,
            {"license": {"key": ctx.src(spec.auth.jwt.license_secret, "auth.jwt.license_secret")}},
            because=("auth.jwt",),
        )
        # Keys of single sign-on are fetched from its own address.
        policy(
            ctx,
            "jwt-policy",
            space,
            f"{name}-jwt",
            labels,
            egress=[{"to": [{"ipBlock": {"cidr": "0.0.0.0/0"}}], "ports": [{"protocol": "TCP", "port": 443}]}],
            because=("auth.jwt",),
        )
    if spec.scale.follows_load:
        _autoscale(ctx, spec, space)
    scrape(ctx, space, labels, PORT)
    front = ctx.exports_or_none(ctx.address, FrontExports)
    if front is not None:
        _ingress(ctx, spec, front, space, labels)
    ctx.offer(GatewayExports(f"http://{name}.{space}.svc.cluster.local:{PORT}", space))
    ctx.offer(Workload(ctx.address, cluster, space, name, labels, PORT))


def namespace_of(ctx: Context) -> str:
    """The gateway's own namespace."""
    return f"gateway-{ctx.called}"


def labels_of(ctx: Context) -> dict[str, str]:
    """Labels of the gateway's pods."""
    return {"app.kubernetes.io/name": ctx.called, "app.kubernetes.io/component": "gateway"}


def _endpoints(ctx: DeclarationContext, spec: GatewaySpec, space: str, store: str) -> None:
    """Where database and cache are: known only after they exist, so a ConfigMap and a Secret of their own carry it."""
    data: dict[str, Any] = {}
    database_address, cache_address = ctx.target("keeps_state_in"), ctx.target("counts_in")
    if database_address is not None:
        database = ctx.exports(database_address, DatabaseExports)
        data |= prepare_database(ctx, spec, database, space, store)
    if cache_address is not None:
        cache = ctx.exports(cache_address, CacheExports)
        data |= {
            "REDIS_HOST": ctx.src(cache.host, "cache"),
            "REDIS_PORT": ctx.src(str(cache.port), "cache"),
            "REDIS_SSL": ctx.src("True", "cache"),
        }
    guarded = guardrails.endpoints(ctx, spec)
    if data or guarded:
        ctx.manifest(
            "v1",
            "ConfigMap",
            f"{ctx.called}-endpoints",
            "endpoints",
            {"data": {**data, **guarded}},
            namespace=space,
            because=("database", "cache", *guarded.values()),
        )


def _autoscale(ctx: DeclarationContext, spec: GatewaySpec, space: str) -> None:
    name, reasons = ctx.called, ("scale.min", "scale.max")
    ctx.need("metrics-server", because=reasons)
    metric = {
        "type": "Resource",
        "resource": {"name": "cpu", "target": {"type": "Utilization", "averageUtilization": CPU_TARGET_PERCENT}},
    }
    body = {
        "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": name},
        "minReplicas": ctx.src(spec.scale.min, "scale.min"),
        "maxReplicas": ctx.src(spec.scale.max, "scale.max"),
        "metrics": [metric],
    }
    ctx.manifest(
        "autoscaling/v2",
        "HorizontalPodAutoscaler",
        name,
        "autoscaler",
        {"spec": body},
        namespace=space,
        because=reasons,
    )


def _ingress(
    ctx: DeclarationContext, spec: GatewaySpec, front: FrontExports, space: str, labels: dict[str, str]
) -> None:
    backend = {"service": {"name": ctx.called, "port": {"name": "http"}}}
    host = ctx.src(spec.hostname, "hostname")
    body = {
        "ingressClassName": front.ingress_class,
        "rules": [{"host": host, "http": {"paths": [{"path": "/", "pathType": "Prefix", "backend": backend}]}}],
    }
    ctx.manifest(
        "networking.k8s.io/v1",
        "Ingress",
        ctx.called,
        "ingress",
        {"spec": body},
        namespace=space,
        annotations=front.annotations,
        because=("hostname",),
        capability="load-balancer-controller",
    )
    rule = {
        "from": [{"ipBlock": {"cidr": cidr}} for cidr in front.health_check_cidrs],
        "ports": [{"protocol": "TCP", "port": PORT}],
    }
    policy(ctx, "ingress-policy", space, f"{ctx.called}-load-balancer", labels, ingress=[rule], because=("hostname",))


def gateway_configurations(ctx: AggregateContext) -> None:
    """The configuration of each gateway and the Deployment that reads it: a change of one rolls the other."""
    for address, declaration in ctx.graph.declarations.items():
        if isinstance(declaration.spec, GatewaySpec):
            _deployment(ctx.about(address), declaration.spec)


def _deployment(ctx: Context, spec: GatewaySpec) -> None:
    name, space, labels = ctx.called, namespace_of(ctx), labels_of(ctx)
    config = configuration(ctx, spec)
    drain = _drain_seconds(ctx, spec)
    module = guardrails.module_of(ctx, spec)
    plain, sources = _stripped({**config, **module, **guardrails.contents(ctx, spec)})
    digest = ctx.src(hashlib.sha256(json.dumps(plain, sort_keys=True, default=str).encode()).hexdigest()[:16], *sources)
    ctx.manifest(
        "v1",
        "ConfigMap",
        f"{name}-config",
        "config",
        {"data": {"config.yaml": Yaml(config), **module}},
        namespace=space,
    )
    probe = {"periodSeconds": 10, "timeoutSeconds": 5, "failureThreshold": 3}
    container = {
        "name": "litellm",
        "image": images.LITELLM,
        "args": ["--config", "/etc/litellm/config.yaml", "--port", str(PORT), "--num_workers", "1"],
        "env": _environment(ctx, spec, drain),
        "ports": [{"name": "http", "containerPort": PORT, "protocol": "TCP"}],
        "resources": RESOURCES,
        "securityContext": CONTAINER_SECURITY,
        "startupProbe": {**probe, "httpGet": {"path": "/health/liveliness", "port": "http"}, "failureThreshold": 30},
        "readinessProbe": {**probe, "httpGet": {"path": "/health/readiness", "port": "http"}},
        "livenessProbe": {**probe, "httpGet": {"path": "/health/liveliness", "port": "http"}},
        "lifecycle": {"preStop": {"sleep": {"seconds": PRE_STOP_SECONDS}}},
        "volumeMounts": [
            {"name": "config", "mountPath": "/etc/litellm", "readOnly": True},
            {"name": "tmp", "mountPath": "/tmp"},
        ],
    }
    ctx.manifest(
        "apps/v1", "Deployment", name, "deployment",
        {
            "spec": {
                **({} if spec.scale.follows_load else {"replicas": ctx.src(spec.scale.min, "scale.min", "scale.max")}),
                "strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 1, "maxUnavailable": 0}},
                "selector": {"matchLabels": labels},
                "template": {
                    "metadata": {"labels": {**ctx.labels, **labels}, "annotations": {"platformspec.dev/config": digest}},
                    "spec": {
                        "serviceAccountName": name,
                        "automountServiceAccountToken": False,
                        "enableServiceLinks": False,
                        "nodeSelector": {"platformspec.dev/nodes": "system"},
                        "topologySpreadConstraints": spread(labels),
                        "securityContext": pod_security(USER, USER),
                        "terminationGracePeriodSeconds": ctx.src(drain.value + PRE_STOP_SECONDS + TEARDOWN_SECONDS, drain),
                        "containers": [container],
                        "volumes": [{"name": "config", "configMap": {"name": f"{name}-config"}}, {"name": "tmp", "emptyDir": {"sizeLimit": "2Gi"}}],
                    },
                },
            }
        },
        namespace=space,
    )  # fmt: skip


def _drain_seconds(ctx: Context, spec: GatewaySpec) -> Sourced[int]:
    """A gateway that stops lets every answer end that a route allows."""
    longest = max(route.timeout_seconds for route in spec.routes.values())
    return ctx.src(longest, *(f"routes.{name}.timeout_seconds" for name in spec.routes))


def _environment(ctx: Context, spec: GatewaySpec, drain: Sourced[int]) -> list[dict[str, Any]]:
    name = ctx.called
    env: list[dict[str, Any]] = [
        {"name": "LITELLM_MASTER_KEY", "valueFrom": from_secret(f"{name}-secrets", "master-key")},
        {"name": "LITELLM_SALT_KEY", "valueFrom": from_secret(f"{name}-secrets", "salt-key")},
        {"name": "HOME", "value": "/tmp"},
        {"name": "GRACEFUL_SHUTDOWN_TIMEOUT", "value": ctx.src(str(drain.value), drain)},
    ]
    if spec.database is not None:
        env += database_environment(ctx, spec)
    if spec.cache is not None:
        env += [
            {"name": key, "valueFrom": ctx.src(from_config(f"{name}-endpoints", key), "cache")}
            for key in ("REDIS_HOST", "REDIS_PORT", "REDIS_SSL")
        ]
    env += guardrails.environment(ctx, spec)
    if spec.auth.jwt is not None:
        env.append({"name": "JWT_PUBLIC_KEY_URL", "value": ctx.src(spec.auth.jwt.jwks_url, "auth.jwt.jwks_url")})
        env.append({"name": "JWT_ISSUER", "value": ctx.src(spec.auth.jwt.issuer, "auth.jwt.issuer")})
        env.append(
            {"name": "LITELLM_LICENSE", "valueFrom": ctx.src(from_secret(f"{name}-license", "license"), "auth.jwt")}
        )
    return env


def _stripped(value: Any) -> tuple[Any, list[Sourced[Any]]]:
    """The tree without sources, and all sources in it: what the digest of the configuration depends on."""
    if isinstance(value, Sourced):
        plain, inner = _stripped(value.value)
        return plain, [value, *inner]
    if isinstance(value, dict):
        parts = {key: _stripped(item) for key, item in value.items()}
        return {key: part[0] for key, part in parts.items()}, [s for part in parts.values() for s in part[1]]
    if isinstance(value, (list, tuple)):
        items = [_stripped(item) for item in value]
        return [item[0] for item in items], [s for item in items for s in item[1]]
    return value, []
