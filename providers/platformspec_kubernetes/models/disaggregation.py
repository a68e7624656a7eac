"""Prompts are read by some replicas and answers written by others; the KV cache goes from server to server.

The sidecar of a writing replica has the prompt read elsewhere where the endpoint picker says so. Flags: llm-d-router v0.10.0, pkg/sidecar.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final

from platformspec.sdk import Sourced
from platformspec_kubernetes import images
from platformspec_kubernetes.models.engines.engine import Container, Launch
from platformspec_kubernetes.models.pod import template
from platformspec_kubernetes.models.workload import queue_labels
from platformspec_kubernetes.network_policies import policy
from platformspec_kubernetes.pods import CONTAINER_SECURITY

ROLE: Final = "llm-d.ai/role"
# Behind the sidecar, which has the model's port.
SERVER_PORT: Final = 8200
TRANSFER: Final = {"kv_connector": "NixlConnector", "kv_role": "kv_both"}
GIB: Final = 1 << 30
BECAUSE: Final = ("topology.prefill", "topology.decode")


def deployments(
    launch: Launch, container: Container, namespace: str, labels: Mapping[str, str], env: list[dict[str, Any]]
) -> None:
    """One Deployment for each role."""
    ctx, topology = launch.ctx, launch.spec.topology
    assert topology is not None
    transfer = ["--kv-transfer-config", ctx.src(json.dumps(_connectors(launch)), "serve.kv_offload_gib")]
    host = {"name": "VLLM_NIXL_SIDE_CHANNEL_HOST", "valueFrom": {"fieldRef": {"fieldPath": "status.podIP"}}}
    for role, replicas in (("prefill", topology.prefill), ("decode", topology.decode)):
        of_role = {**labels, ROLE: role}
        args = [*container.args, *transfer]
        pod = template(launch, container, of_role, [*env, host], args=_behind(args) if role == "decode" else args)
        if role == "decode":
            (server,) = pod["spec"]["containers"]
            server["ports"] = [{"name": "http", "containerPort": SERVER_PORT, "protocol": "TCP"}]
            pod["spec"]["initContainers"] = [_sidecar(container.port)]
        body = {
            "replicas": ctx.src(replicas, f"topology.{role}"),
            "strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 0, "maxUnavailable": 1}},
            "progressDeadlineSeconds": ctx.src(launch.spec.serve.startup_minutes * 60 + 600, "serve.startup_minutes"),
            "selector": {"matchLabels": of_role},
            "template": pod,
        }
        name = f"{ctx.called}-{role}"
        ctx.manifest(
            "apps/v1", "Deployment", name, role, {"spec": body}, namespace=namespace, because=BECAUSE,
            labels=queue_labels(launch), capability="kueue" if launch.queue is not None else None,
        )  # fmt: skip
    own = [{"podSelector": {"matchLabels": dict(labels)}}]
    policy(
        ctx, "transfer-policy", namespace, f"{ctx.called}-transfer", labels, ingress=[{"from": own}], egress=[{"to": own}], because=BECAUSE
    )  # fmt: skip


def _connectors(launch: Launch) -> dict[str, Any]:
    """How a server hands KV cache on; and, where asked for, where it keeps what its GPUs have no room for."""
    size = launch.spec.serve.kv_offload_gib
    if size is None:
        return TRANSFER
    offload = {
        "kv_connector": "OffloadingConnector",
        "kv_role": "kv_both",
        "kv_connector_extra_config": {"cpu_bytes_to_use": size * GIB},
    }
    return {
        "kv_connector": "MultiConnector",
        "kv_role": "kv_both",
        "kv_connector_extra_config": {"connectors": [TRANSFER, offload]},
    }


def _behind(args: list[Any]) -> list[Any]:
    """The same arguments with the port behind the sidecar."""
    position = next(at for at, arg in enumerate(args) if not isinstance(arg, Sourced) and arg == "--port")
    return [*args[: position + 1], str(SERVER_PORT), *args[position + 2 :]]


def _sidecar(port: int) -> dict[str, Any]:
    return {
        "name": "sidecar",
        "image": images.PREFILL_SIDECAR,
        # Starts before the server and runs beside it.
        "restartPolicy": "Always",
        "args": [
            f"--port={port}",
            f"--model-server-port={SERVER_PORT}",
            "--kv-connector=nixlv2",
            "--secure-proxy=false",
        ],
        "env": [{"name": "POD_IP", "valueFrom": {"fieldRef": {"fieldPath": "status.podIP"}}}],
        "ports": [{"name": "proxy", "containerPort": port, "protocol": "TCP"}],
        "resources": {"requests": {"cpu": "250m", "memory": "256Mi"}, "limits": {"memory": "1Gi"}},
        "securityContext": CONTAINER_SECURITY,
    }
