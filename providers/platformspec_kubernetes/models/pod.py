"""The pod of a model server."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, Final

from platformspec.sdk import ClusterExports, DeclarationContext, Sourced, facts_of
from platformspec_kubernetes.models.engines.engine import PARALLEL_FIELDS, Container, Launch
from platformspec_kubernetes.pods import CONTAINER_SECURITY, external_secret, from_secret, pod_security, spread

ROLE: Final = "platformspec.dev/role"
"""What a pod of a replica does, where not all do the same."""
# Endpoints are removed while the server still answers: load balancers need some seconds to notice.
PRE_STOP_SECONDS: Final = 10
GRACE_SECONDS: Final = 20
PROBE_SECONDS: Final = 10
# What the node's own agents leave of a GPU's share of the machine.
SHARE: Final = 0.7
CACHE_GIB_PER_BILLION: Final = 2.5
# EFA's driver allocates 5128 pages of 2 MiB for each pod that uses it. Source: EKS guide, machine learning with EFA.
EFA_HUGE_PAGES: Final = "5120Mi"


def template(
    launch: Launch, container: Container, labels: Mapping[str, str], env: list[dict[str, Any]], *, args: list[Any] | None = None, answers: bool = True
) -> dict[str, Any]:  # fmt: skip
    """A pod template. `args` replaces the container's; a pod that does not answer has neither port nor probes."""
    ctx, serve = launch.ctx, launch.spec.serve
    group = launch.parallelism.pods > 1
    server: dict[str, Any] = {
        "name": "server",
        "image": container.image,
        **({"command": list(container.command)} if container.command else {}),
        "args": _arguments(ctx, container.args if args is None else args),
        "env": env,
        **({"ports": [{"name": "http", "containerPort": container.port, "protocol": "TCP"}]} if answers else {}),
        "resources": _resources(launch),
        "securityContext": CONTAINER_SECURITY,
        **(_probes(launch, container) if answers else {}),
        "volumeMounts": [
            {"name": "home", "mountPath": container.home},
            {"name": "tmp", "mountPath": "/tmp"},
            {"name": "shared-memory", "mountPath": "/dev/shm"},
        ],
    }
    shared_memory = {"medium": "Memory", "sizeLimit": _gib(ctx, container.shared_memory_gib)}
    spec: dict[str, Any] = {
        "serviceAccountName": ctx.address.name,
        "automountServiceAccountToken": False,
        "enableServiceLinks": False,
        "nodeSelector": launch.pool.node_selector,
        "tolerations": launch.pool.tolerations,
        **(
            {"affinity": _near({key: value for key, value in labels.items() if key != ROLE})}
            if group
            else {"topologySpreadConstraints": spread(labels)}
        ),
        "securityContext": pod_security(container.user, container.group),
        "terminationGracePeriodSeconds": ctx.src(
            serve.drain_seconds + PRE_STOP_SECONDS + GRACE_SECONDS, "serve.drain_seconds"
        ),
        "containers": [server],
        "volumes": [
            {"name": "home", "emptyDir": _cache(launch)},
            {"name": "tmp", "emptyDir": {"sizeLimit": "10Gi"}},
            {"name": "shared-memory", "emptyDir": shared_memory},
        ],
    }
    return {"metadata": {"labels": {**ctx.labels, **labels}}, "spec": spec}


def environment(launch: Launch, container: Container, namespace: str) -> list[dict[str, Any]]:
    """The container's variables, and the token of a gated model."""
    ctx, source = launch.ctx, launch.spec.source
    env: list[dict[str, Any]] = [{"name": key, "value": value} for key, value in container.env.items()]
    if source is not None and source.token_secret is not None:
        cluster = ctx.cluster_address()
        assert cluster is not None
        secret = f"{ctx.address.name}-hugging-face"
        key = ctx.src(source.token_secret, "source.token_secret")
        store = ctx.exports(cluster, ClusterExports).secret_store
        external_secret(
            ctx, "token", namespace, secret, store, {"token": {"key": key}}, because=("source.token_secret",)
        )
        env.append({"name": "HF_TOKEN", "valueFrom": ctx.src(from_secret(secret, "token"), "source.token_secret")})
    return env


def _arguments(ctx: DeclarationContext, args: list[Any]) -> Any:
    """The list, which also depends on what its optional flags do: they move those after them."""
    flags = [item for item in args if isinstance(item, Sourced) and str(item.value).startswith("--")]
    return ctx.src(args, *flags) if flags else args


def _probes(launch: Launch, container: Container) -> dict[str, Any]:
    ctx, serve = launch.ctx, launch.spec.serve
    probe = {"httpGet": {"path": container.health, "port": "http"}, "periodSeconds": PROBE_SECONDS, "timeoutSeconds": 5}
    tries = ctx.src(serve.startup_minutes * 60 // PROBE_SECONDS, "serve.startup_minutes")
    return {
        "startupProbe": {**probe, "failureThreshold": tries},
        "readinessProbe": {**probe, "failureThreshold": 3},
        "livenessProbe": {**probe, "failureThreshold": 6},
        "lifecycle": {"preStop": {"sleep": {"seconds": PRE_STOP_SECONDS}}},
    }


def _near(labels: Mapping[str, str]) -> dict[str, Any]:
    """Pods of a replica talk to each other at every step, so they want to be in one zone."""
    term = {"topologyKey": "topology.kubernetes.io/zone", "labelSelector": {"matchLabels": dict(labels)}}
    return {
        "podAffinity": {"preferredDuringSchedulingIgnoredDuringExecution": [{"weight": 100, "podAffinityTerm": term}]}
    }


def _cache(launch: Launch) -> Any:
    """Room for the weights as downloaded and for compiled kernels; without a known size the node's disk is the limit."""
    fields = ("facts.parameters_billion", "source.hugging_face")
    billions = facts_of(launch.spec).parameters_billion
    if billions is None:
        return launch.ctx.src({}, *fields)
    return {"sizeLimit": launch.ctx.src(f"{math.ceil(billions * CACHE_GIB_PER_BILLION) + 10}Gi", *fields)}


def _resources(launch: Launch) -> Any:
    ctx, pool, gpus = launch.ctx, launch.pool, launch.parallelism.gpus_per_pod
    cpus = max(1, math.floor(pool.vcpus_per_gpu.value * gpus * SHARE))
    memory = max(2, math.floor(pool.memory_gib_per_gpu.value * gpus * SHARE))
    amounts = {
        "cpu": ctx.src(str(cpus), pool.vcpus_per_gpu, pool.gpus_per_node, *PARALLEL_FIELDS, "pool"),
        "memory": ctx.src(f"{memory}Gi", pool.memory_gib_per_gpu, pool.gpus_per_node, *PARALLEL_FIELDS, "pool"),
        pool.gpu_resource: ctx.src(str(gpus), pool.gpus_per_node, *PARALLEL_FIELDS),
    }
    if launch.parallelism.pods > 1 and pool.efa_devices.value:
        amounts |= _efa(launch)
    return {"requests": amounts, "limits": {key: value for key, value in amounts.items() if key != "cpu"}}


def _efa(launch: Launch) -> dict[str, Any]:
    """The pod's share of the node's network cards; pods of one node do not need them."""
    pool = launch.pool
    share = pool.efa_devices.value * launch.parallelism.gpus_per_pod // pool.gpus_per_node.value
    sources = (pool.efa_devices, pool.gpus_per_node, *PARALLEL_FIELDS)
    return {
        "vpc.amazonaws.com/efa": launch.ctx.src(str(max(1, share)), *sources),
        "hugepages-2Mi": launch.ctx.src(EFA_HUGE_PAGES, *sources),
    }


def _gib(ctx: DeclarationContext, value: Any) -> Any:
    return ctx.src(f"{value.value}Gi", value) if isinstance(value, Sourced) else f"{value}Gi"
