"""The pod of a model server."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping
from typing import Any, Final

from platformspec.sdk import ACCELERATOR_LABEL, ClusterExports, DeclarationContext, Sourced, facts_of, paths_of
from platformspec_kubernetes.models import adapters, devices
from platformspec_kubernetes.models.engines.engine import PARALLEL_FIELDS, Container, Launch
from platformspec_kubernetes.models.weights import waiter
from platformspec_kubernetes.pods import (
    CONTAINER_SECURITY,
    external_secret,
    from_secret,
    pod_security,
    registry_secret,
    spread,
)

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
    mounts, volumes = _extra_volumes(launch, container)
    given = container.args if args is None else args
    before = [waiter(container.image, launch.weights.model)] if launch.weights.cached else []
    if launch.spec.adapters:
        before.append(adapters.fetcher(ctx, launch.spec, env))
    server: dict[str, Any] = {
        "name": "server",
        "image": container.image,
        **({"command": list(container.command)} if container.command else {}),
        **({"args": _arguments(ctx, given)} if given else {}),
        "env": env,
        **({"ports": [{"name": "http", "containerPort": container.port, "protocol": "TCP"}]} if answers else {}),
        "resources": _resources(launch),
        "securityContext": {**CONTAINER_SECURITY, "readOnlyRootFilesystem": not container.writable_root},
        **(_probes(launch, container) if answers else {}),
        "volumeMounts": [
            {"name": "home", "mountPath": container.home},
            {"name": "tmp", "mountPath": "/tmp"},
            {"name": "shared-memory", "mountPath": "/dev/shm"},
            *mounts,
        ],
    }
    shared_memory = {"medium": "Memory", "sizeLimit": _gib(ctx, container.shared_memory_gib)}
    spec: dict[str, Any] = {
        "serviceAccountName": ctx.called,
        "automountServiceAccountToken": False,
        "enableServiceLinks": False,
        "nodeSelector": _node_selector(launch),
        "tolerations": launch.pool.tolerations,
        **(
            {"affinity": _near({key: value for key, value in labels.items() if key != ROLE})}
            if group
            else {"topologySpreadConstraints": spread(labels)}
        ),
        **devices.pod_claims(launch),
        "securityContext": pod_security(container.user, container.group),
        **({"imagePullSecrets": [{"name": f"{ctx.called}-registry"}]} if container.registry else {}),
        "terminationGracePeriodSeconds": ctx.src(
            serve.drain_seconds + PRE_STOP_SECONDS + GRACE_SECONDS, "serve.drain_seconds"
        ),
        **({"initContainers": before} if before else {}),
        "containers": [server],
        "volumes": [
            {"name": "home", "emptyDir": _cache(launch)},
            {"name": "tmp", "emptyDir": {"sizeLimit": "10Gi"}},
            {"name": "shared-memory", "emptyDir": shared_memory},
            *volumes,
        ],
    }
    metadata: dict[str, Any] = {"labels": {**ctx.labels, **labels}}
    if container.files:
        metadata["annotations"] = {"platformspec.dev/files": digest(container)}
    return {"metadata": metadata, "spec": spec}


def _node_selector(launch: Launch) -> Any:
    """The pool; in a queue also the accelerator, by which Kueue finds the quota that the pod uses."""
    pool = launch.pool
    if launch.queue is None or len(pool.accelerators.value) > 1:
        return pool.node_selector
    selector = {**pool.node_selector.value, ACCELERATOR_LABEL: pool.accelerator.value}
    return launch.ctx.src(selector, pool.node_selector, pool.accelerator, launch.queue, "pool")


def environment(launch: Launch, container: Container, namespace: str) -> list[dict[str, Any]]:
    """The container's variables, and the token that opens its weights and its image."""
    ctx, source = launch.ctx, launch.spec.source
    env: list[dict[str, Any]] = [{"name": key, "value": value} for key, value in container.env.items()]
    # Of weights that the node keeps, the token is the downloader's.
    fetches = not launch.weights.cached or launch.spec.adapters
    if source is not None and source.token_secret is not None and fetches:
        cluster = ctx.cluster_address()
        assert cluster is not None
        secret = f"{ctx.called}-{'hugging-face' if container.registry is None else 'ngc'}"
        token = {"token": {"key": ctx.src(source.token_secret, "source.token_secret")}}
        store = ctx.exports(cluster, ClusterExports).secret_store
        because = ("source.token_secret",)
        external_secret(ctx, "token", namespace, secret, store, token, because=because)
        env.append(
            {
                "name": container.token_variable,
                "valueFrom": ctx.src(from_secret(secret, "token"), "source.token_secret"),
            }
        )
        if container.registry is not None:
            registry_secret(ctx, namespace, f"{ctx.called}-registry", store, container.registry, token, because=because)
    return env


def files(launch: Launch, container: Container, namespace: str) -> None:
    """The ConfigMap with the container's files."""
    if container.files:
        data = {_key(path): content for path, content in container.files.items()}
        launch.ctx.manifest(
            "v1", "ConfigMap", f"{launch.ctx.called}-files", "files", {"data": data}, namespace=namespace, because=("serve.engine",)
        )  # fmt: skip


def digest(container: Container) -> Any:
    """Changes with the files, so that pods start anew."""
    sources = [content for content in container.files.values() if isinstance(content, Sourced)]
    texts = {path: str(getattr(content, "value", content)) for path, content in container.files.items()}
    text = hashlib.sha256(json.dumps(texts, sort_keys=True).encode()).hexdigest()[:16]
    return Sourced(text, paths_of(*sources))


def _key(path: str) -> str:
    return path.replace("/", ".")


def _extra_volumes(launch: Launch, container: Container) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    mounts: list[dict[str, Any]] = []
    volumes: list[dict[str, Any]] = []
    if container.files:
        items = [{"key": _key(path), "path": path} for path in sorted(container.files)]
        mounts.append({"name": "files", "mountPath": container.files_at, "readOnly": True})
        volumes.append({"name": "files", "configMap": {"name": f"{launch.ctx.called}-files", "items": items}})
    if launch.spec.adapters:
        mounts.append({"name": "adapters", "mountPath": adapters.FOLDER, "readOnly": True})
        volumes.append({"name": "adapters", "emptyDir": {}})
    if launch.weights.volume is not None:
        mounts.append({"name": "weights", "mountPath": launch.weights.mount, "readOnly": True})
        volumes.append({"name": "weights", **launch.weights.volume})
    return mounts, volumes


def _arguments(ctx: DeclarationContext, args: list[Any]) -> Any:
    """The list, which also depends on what its optional flags do: they move those after them."""
    flags = [item for item in args if isinstance(item, Sourced) and str(item.value).startswith("--")]
    return ctx.src(args, *flags) if flags else args


def _probes(launch: Launch, container: Container) -> dict[str, Any]:
    ctx, serve = launch.ctx, launch.spec.serve
    ready, live = (
        {"httpGet": {"path": path, "port": "http"}, "periodSeconds": PROBE_SECONDS, "timeoutSeconds": 5}
        for path in (container.health, container.live or container.health)
    )
    tries = ctx.src(serve.startup_minutes * 60 // PROBE_SECONDS, "serve.startup_minutes")
    return {
        "startupProbe": {**ready, "failureThreshold": tries},
        "readinessProbe": {**ready, "failureThreshold": 3},
        "livenessProbe": {**live, "failureThreshold": 6},
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
    fields = ("facts.parameters_billion", "facts.like", "source.hugging_face")
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
        **devices.amount(launch),
    }
    if launch.parallelism.pods > 1 and pool.efa_devices.value:
        amounts |= _efa(launch)
    limits = {key: value for key, value in amounts.items() if key != "cpu"}
    return {"requests": amounts, "limits": limits, **devices.container_claims(launch)}


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
