"""LoRA adapters: fetched at their pinned revision before the server starts, and served under names of their own."""

from __future__ import annotations

from typing import Any, Final

from platformspec.sdk import Code, DeclarationContext, ModelSpec
from platformspec_kubernetes import images
from platformspec_kubernetes.models.engines.engine import Engine
from platformspec_kubernetes.models.weights import bucket_address
from platformspec_kubernetes.pods import CONTAINER_SECURITY

NO_ADAPTERS = Code(
    "PS536",
    "adapters that the engine cannot serve",
    explain="LoRA adapters are served by vLLM, for chat, up to rank 512. Each comes from Hugging Face or from the model bucket, and has a name that is not the model's.",
)

FOLDER: Final = "/adapters"
# Sizes for which vLLM 0.33.0 has kernels (vllm/config/lora.py).
RANKS: Final = (1, 8, 16, 32, 64, 128, 256, 320, 512)


def check(ctx: DeclarationContext, spec: ModelSpec, engine: Engine) -> None:
    """Report adapters that could not be loaded, or not be named."""
    for name, adapter in sorted(spec.adapters.items()):
        at = f"adapters.{name}"
        if engine.name != "vllm" or spec.task != "chat":
            ctx.reject(
                NO_ADAPTERS,
                f"{ctx.address} does {spec.task} with {engine.name}, which serves no adapters here",
                at=at,
                help="write `engine: vllm`" if spec.task == "chat" else "remove `adapters`",
            )
        if adapter.rank > RANKS[-1]:
            ctx.reject(
                NO_ADAPTERS,
                f"adapter {name} has rank {adapter.rank}, and vllm serves up to {RANKS[-1]}",
                at=f"{at}.rank",
                help=f"train it with rank {RANKS[-1]} or less",
            )
        if (adapter.hugging_face is None) == (adapter.bucket is None):
            ctx.reject(
                NO_ADAPTERS,
                f"adapter {name} has {'neither' if adapter.bucket is None else 'both'} hugging_face and bucket",
                at=at,
                help="write exactly one of them",
            )
        if name == ctx.called:
            ctx.reject(
                NO_ADAPTERS,
                f"adapter {name} has the name of its model, and callers could not tell them apart",
                at=at,
                help=f"call it {name}-adapter",
            )


def rank(spec: ModelSpec) -> int:
    """Rank of the kernels: the smallest that holds the largest adapter; 0 without adapters."""
    largest = max((adapter.rank for adapter in spec.adapters.values()), default=0)
    return next((size for size in RANKS if size >= largest), RANKS[-1]) if largest else 0


def arguments(ctx: DeclarationContext, spec: ModelSpec) -> list[Any]:
    """vLLM's flags: all adapters may be in one batch, with the smallest kernels that hold the largest of them."""
    if not spec.adapters:
        return []
    size = rank(spec)
    named = [ctx.src(f"{name}={FOLDER}/{name}", "adapters") for name in sorted(spec.adapters)]
    return [
        ctx.src("--enable-lora", "adapters"),
        ctx.src("--max-loras", "adapters"),
        ctx.src(str(len(spec.adapters)), "adapters"),
        ctx.src("--max-lora-rank", "adapters"),
        ctx.src(str(size), "adapters"),
        ctx.src("--lora-modules", "adapters"),
        *named,
    ]


def fetcher(ctx: DeclarationContext, spec: ModelSpec, env: list[dict[str, Any]]) -> dict[str, Any]:
    """A container that fetches all adapters. It knows Hugging Face with a revision, and S3 with the pod's own role."""
    pairs: list[Any] = []
    for name, adapter in sorted(spec.adapters.items()):
        at = f"adapters.{name}"
        if adapter.hugging_face is not None:
            revision = f":{adapter.revision}" if adapter.revision is not None else ""
            source: Any = ctx.src(f"hf://{adapter.hugging_face}{revision}", f"{at}.hugging_face", f"{at}.revision")
        else:
            assert adapter.bucket is not None
            source = bucket_address(ctx, adapter.bucket, f"{at}.bucket")
        pairs += [source, f"{FOLDER}/{name}"]
    tokens = [entry for entry in env if entry["name"] == "HF_TOKEN"]
    return {
        "name": "adapters",
        "image": images.STORAGE_INITIALIZER,
        "args": ctx.src(pairs, "adapters"),
        "env": [{"name": "HOME", "value": "/tmp"}, {"name": "HF_HOME", "value": "/tmp/huggingface"}, *tokens],
        "resources": {"requests": {"cpu": "500m", "memory": "512Mi"}, "limits": {"memory": "2Gi"}},
        "securityContext": CONTAINER_SECURITY,
        "volumeMounts": [{"name": "adapters", "mountPath": FOLDER}, {"name": "tmp", "mountPath": "/tmp"}],
    }
