"""KServe as backend: one LLMInferenceService instead of Deployment and Service, from the same declaration.

The container is the engine's own, so what is served does not depend on the backend. Source: KServe v0.20.0, API serving.kserve.io/v1alpha2.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from platformspec.sdk import Code, DeclarationContext, ModelSpec, Parallelism
from platformspec_kubernetes.models.engines.engine import Container, Engine, Launch
from platformspec_kubernetes.models.pod import template
from platformspec_kubernetes.models.weights import bucket_uri
from platformspec_kubernetes.models.workload import queue_labels

CANNOT = Code(
    "PS535",
    "what the KServe backend cannot serve",
    explain="Through KServe a model is a fixed number of vLLM servers in one pod each. Routing between them would need a Gateway API gateway, scaling KServe's own autoscaler; with `backend: kubernetes` the platform brings both.",
)

API: Final = "serving.kserve.io/v1alpha2"
# KServe names the Service of an LLMInferenceService so.
SERVICE_SUFFIX: Final = "-kserve-workload-svc"


def check(ctx: DeclarationContext, spec: ModelSpec, engine: Engine, replica: Parallelism) -> None:
    """Report what has no counterpart."""
    if spec.serve.backend != "kserve":
        return
    reasons = {
        "serve.engine": engine.name != "vllm" and f"the engine is {engine.name}",
        "topology": spec.topology is not None and "it has a topology",
        "scale.max": (spec.scale.max or 0) > spec.scale.min and f"it scales from {spec.scale.min} to {spec.scale.max}",
        "serve.pipeline_parallel": replica.pods > 1 and f"a replica is {replica.pods} pods",
    }
    for at, reason in reasons.items():
        if reason:
            ctx.reject(
                CANNOT,
                f"{ctx.address} is to run on KServe, and {reason}",
                at=at if at != "serve.engine" or spec.serve.engine else "task",
                help=f"write `scale: {{min: {spec.scale.max}}}` without `max`, or `backend: kubernetes`"
                if at == "scale.max"
                else "write `backend: kubernetes`, or remove it",
            )


def inference_service(
    launch: Launch, container: Container, namespace: str, labels: Mapping[str, str], env: list[dict[str, Any]]
) -> None:
    """The LLMInferenceService. The server loads its weights itself, so KServe's own download is off."""
    ctx, spec, serve = launch.ctx, launch.spec, launch.spec.serve
    pod = template(launch, container, labels, env)["spec"]
    (server,) = pod["containers"]
    pod["containers"] = [{**server, "name": "main", "command": ["vllm", "serve"]}]
    body = {
        "model": {"uri": _uri(launch), "name": ctx.called},
        # KServe hands labels on to the pods, and Kueue admits them one by one.
        "labels": {**labels, **queue_labels(launch)},
        "replicas": ctx.src(spec.scale.min, "scale.min"),
        "parallelism": {
            "tensor": ctx.src(serve.tensor_parallel, "serve.tensor_parallel"),
            "pipeline": ctx.src(serve.pipeline_parallel, "serve.pipeline_parallel"),
            "data": ctx.src(serve.data_parallel, "serve.data_parallel"),
            "expert": ctx.src(serve.expert_parallel, "serve.expert_parallel"),
        },
        "storageInitializer": {"enabled": False},
        "template": pod,
    }
    ctx.manifest(
        API, "LLMInferenceService", ctx.called, "inference-service", {"spec": body}, namespace=namespace, because=("serve.backend",), capability="kserve"
    )  # fmt: skip


def _uri(launch: Launch) -> Any:
    ctx, source = launch.ctx, launch.spec.source
    assert source is not None
    if source.hugging_face is not None:
        revision = f":{source.revision}" if source.revision is not None else ""
        return ctx.src(f"hf://{source.hugging_face}{revision}", "source.hugging_face", "source.revision")
    if source.oci is not None:
        return ctx.src(f"oci://{source.oci}", "source.oci")
    assert source.bucket is not None
    return bucket_uri(ctx, source.bucket)
