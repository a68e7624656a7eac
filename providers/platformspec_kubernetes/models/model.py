"""Lower models: a server for those that we run, an entry for those that somebody else runs."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, Final

from platformspec.sdk import (
    ClusterExports,
    DeclarationContext,
    GpuPoolExports,
    ModelExports,
    ModelSpec,
    Sourced,
    Workload,
    facts_of,
)
from platformspec_kubernetes.models import legality
from platformspec_kubernetes.models.engines import tei, vllm
from platformspec_kubernetes.models.engines.container import Container
from platformspec_kubernetes.models.scaling import scale
from platformspec_kubernetes.network_policies import policy, to_internet
from platformspec_kubernetes.pods import (
    CONTAINER_SECURITY,
    disruption_budget,
    external_secret,
    from_secret,
    pod_security,
    service_account,
    spread,
)

ENGINES: Final = {"vllm": vllm.container, "tei": tei.container}
SHARED_NAMESPACE: Final = "models"
# Endpoints are removed while the server still answers: load balancers need some seconds to notice.
PRE_STOP_SECONDS: Final = 10
GRACE_SECONDS: Final = 20
PROBE_SECONDS: Final = 10
# What the node's own agents leave of a GPU's share of the machine.
SHARE: Final = 0.7
CACHE_GIB_PER_BILLION: Final = 2.5


def lower_model(ctx: DeclarationContext) -> None:
    """External models need no objects: the gateway calls them."""
    spec: ModelSpec = ctx.spec
    if spec.external is not None:
        _external(ctx, spec)
    else:
        _served(ctx, spec)


def engine_of(spec: ModelSpec) -> str:
    """The engine that the declaration names, or the usual one of its task."""
    return spec.serve.engine or ("vllm" if spec.task == "chat" else "tei")


def namespace_of(ctx: DeclarationContext) -> str:
    """The owner's namespace, or the one of models without an owner."""
    team = ctx.target("owned_by")
    return f"team-{team.name}" if team is not None else SHARED_NAMESPACE


def _external(ctx: DeclarationContext, spec: ModelSpec) -> None:
    external = spec.external
    assert external is not None
    profile = f"{external.inference_profile}." if external.inference_profile else ""
    route = "bedrock/converse" if spec.task == "chat" else "bedrock"
    name = ctx.src(f"{route}/{profile}{external.model}", "external.model", "external.inference_profile", "task")
    ctx.offer(ModelExports(name, None, spec.task, ctx.region, spec.price, facts_of(spec).dimensions))


def _served(ctx: DeclarationContext, spec: ModelSpec) -> None:
    pool_address, engine = ctx.target("runs_on"), engine_of(spec)
    assert pool_address is not None
    pool = ctx.exports(pool_address, GpuPoolExports)
    legality.check(ctx, spec, engine, pool)
    container = ENGINES[engine](ctx, spec, pool)
    name, namespace = ctx.address.name, namespace_of(ctx)
    labels = {"app.kubernetes.io/name": name, "app.kubernetes.io/component": "model-server"}
    cluster = ctx.cluster_address()
    assert cluster is not None
    service_account(ctx, namespace, name)
    env = _environment(ctx, spec, container, namespace, ctx.exports(cluster, ClusterExports).secret_store)
    ctx.manifest(
        "apps/v1",
        "Deployment",
        name,
        "deployment",
        {"spec": _deployment(ctx, spec, container, pool, labels, env)},
        namespace=namespace,
    )
    ctx.manifest(
        "v1", "Service", name, "service",
        {"spec": {"type": "ClusterIP", "selector": labels, "ports": [{"name": "http", "port": container.port, "targetPort": "http", "protocol": "TCP"}]}},
        namespace=namespace,
    )  # fmt: skip
    disruption_budget(ctx, namespace, name, labels)
    scale(ctx, spec, container, namespace, labels)
    if spec.source is not None and spec.source.hugging_face:
        policy(
            ctx,
            "download-policy",
            namespace,
            f"{name}-download",
            labels,
            egress=[to_internet()],
            because=("source.hugging_face",),
        )
    elif spec.source is not None:
        # S3 is reached through its gateway endpoint, whose addresses are public ones.
        policy(
            ctx,
            "download-policy",
            namespace,
            f"{name}-download",
            labels,
            egress=[to_internet()],
            because=("source.bucket",),
        )
    base = f"http://{name}.{namespace}.svc.cluster.local:{container.port}"
    provider = {
        "chat": "hosted_vllm",
        "embedding": "openai" if engine == "tei" else "hosted_vllm",
        "rerank": "huggingface",
    }[spec.task]
    path = "" if spec.task == "rerank" else "/v1"
    ctx.offer(
        ModelExports(
            ctx.src(f"{provider}/{name}", "task", "serve.engine"),
            ctx.src(f"{base}{path}", "task", "serve.engine", "team"),
            spec.task,
            None,
            spec.price,
            facts_of(spec).dimensions,
        )
    )
    ctx.offer(Workload(ctx.address, cluster, namespace, name, labels, container.port))


def _environment(
    ctx: DeclarationContext, spec: ModelSpec, container: Container, namespace: str, store: str
) -> list[dict[str, Any]]:
    env: list[dict[str, Any]] = [{"name": key, "value": value} for key, value in container.env.items()]
    if spec.source is not None and spec.source.token_secret is not None:
        secret = f"{ctx.address.name}-hugging-face"
        key = ctx.src(spec.source.token_secret, "source.token_secret")
        external_secret(
            ctx, "token", namespace, secret, store, {"token": {"key": key}}, because=("source.token_secret",)
        )
        env.append({"name": "HF_TOKEN", "valueFrom": ctx.src(from_secret(secret, "token"), "source.token_secret")})
    return env


def _deployment(
    ctx: DeclarationContext,
    spec: ModelSpec,
    container: Container,
    pool: GpuPoolExports,
    labels: Mapping[str, str],
    env: list[dict[str, Any]],
) -> dict[str, Any]:
    serve = spec.serve
    drain = ctx.src(serve.drain_seconds + PRE_STOP_SECONDS + GRACE_SECONDS, "serve.drain_seconds")
    probe = {"httpGet": {"path": container.health, "port": "http"}, "periodSeconds": PROBE_SECONDS, "timeoutSeconds": 5}
    return {
        # Where something scales the model, this is where it begins.
        "replicas": ctx.src(spec.scale.min, "scale.min"),
        # GPUs are scarce: a new replica takes the place of an old one.
        "strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 0, "maxUnavailable": 1}},
        "progressDeadlineSeconds": ctx.src(serve.startup_minutes * 60 + 600, "serve.startup_minutes"),
        "selector": {"matchLabels": dict(labels)},
        "template": {
            "metadata": {"labels": {**ctx.labels, **labels}},
            "spec": {
                "serviceAccountName": ctx.address.name,
                "automountServiceAccountToken": False,
                "enableServiceLinks": False,
                "nodeSelector": pool.node_selector,
                "tolerations": pool.tolerations,
                "topologySpreadConstraints": spread(labels),
                "securityContext": pod_security(container.user, container.group),
                "terminationGracePeriodSeconds": drain,
                "containers": [
                    {
                        "name": "server",
                        "image": container.image,
                        "args": container.args,
                        "env": env,
                        "ports": [{"name": "http", "containerPort": container.port, "protocol": "TCP"}],
                        "resources": _resources(ctx, spec, pool),
                        "securityContext": CONTAINER_SECURITY,
                        "startupProbe": {
                            **probe,
                            "failureThreshold": ctx.src(
                                serve.startup_minutes * 60 // PROBE_SECONDS, "serve.startup_minutes"
                            ),
                        },
                        "readinessProbe": {**probe, "failureThreshold": 3},
                        "livenessProbe": {**probe, "failureThreshold": 6},
                        "lifecycle": {"preStop": {"sleep": {"seconds": PRE_STOP_SECONDS}}},
                        "volumeMounts": [
                            {"name": "home", "mountPath": container.home},
                            {"name": "tmp", "mountPath": "/tmp"},
                            {"name": "shared-memory", "mountPath": "/dev/shm"},
                        ],
                    }
                ],
                "volumes": [
                    {"name": "home", "emptyDir": _cache(ctx, spec)},
                    {"name": "tmp", "emptyDir": {"sizeLimit": "10Gi"}},
                    {
                        "name": "shared-memory",
                        "emptyDir": {"medium": "Memory", "sizeLimit": _gib(ctx, container.shared_memory_gib)},
                    },
                ],
            },
        },
    }


def _cache(ctx: DeclarationContext, spec: ModelSpec) -> Any:
    """Room for the weights as downloaded and for compiled kernels; without a known size the node's disk is the limit."""
    billions = facts_of(spec).parameters_billion
    if billions is None:
        return ctx.src({}, "facts.parameters_billion", "source.hugging_face")
    return {
        "sizeLimit": ctx.src(
            f"{math.ceil(billions * CACHE_GIB_PER_BILLION) + 10}Gi", "facts.parameters_billion", "source.hugging_face"
        )
    }


def _resources(ctx: DeclarationContext, spec: ModelSpec, pool: GpuPoolExports) -> Any:
    gpus = spec.serve.tensor_parallel
    cpus = max(1, math.floor(pool.vcpus_per_gpu.value * gpus * SHARE))
    memory = max(2, math.floor(pool.memory_gib_per_gpu.value * gpus * SHARE))
    amounts = {
        "cpu": ctx.src(str(cpus), pool.vcpus_per_gpu, "serve.tensor_parallel", "pool"),
        "memory": ctx.src(f"{memory}Gi", pool.memory_gib_per_gpu, "serve.tensor_parallel", "pool"),
        pool.gpu_resource: ctx.src(str(gpus), "serve.tensor_parallel"),
    }
    return {"requests": amounts, "limits": {key: value for key, value in amounts.items() if key != "cpu"}}


def _gib(ctx: DeclarationContext, value: Any) -> Any:
    return ctx.src(f"{value.value}Gi", value) if isinstance(value, Sourced) else f"{value}Gi"
