"""Container images, pinned, each with where its version was read."""

from __future__ import annotations

from typing import Final

VLLM: Final = "docker.io/vllm/vllm-openai:v0.33.0"  # PyPI wheel vllm 0.33.0, built 2026-11-01
# aws-neuron/aws-neuron-sdk, release content of SDK 2.32.0: vllm_neuron 0.24.0.1.1.0; the tag as in vllm-omni's instructions for Neuron
VLLM_NEURON: Final = (
    "public.ecr.aws/neuron/pytorch-inference-vllm-neuronx:0.24.0.1.1.0-neuronx-py313-sdk2.32.0-ubuntu24.04"
)
SGLANG: Final = "docker.io/lmsysorg/sglang:v0.5.23"  # PyPI wheel sglang 0.5.23, built 2026-10
TRITON: Final = "nvcr.io/nvidia/tritonserver:26.07-vllm-python-py3"  # triton-inference-server/server, python/openai/README.md, 2026-08-19
ENDPOINT_PICKER: Final = "ghcr.io/llm-d/llm-d-router-endpoint-picker:v0.10.0"  # llm-d/llm-d-router, tag v0.10.0
PREFILL_SIDECAR: Final = "ghcr.io/llm-d/llm-d-router-disagg-sidecar:v0.10.0"  # llm-d/llm-d-router, tag v0.10.0
ENVOY: Final = (
    "docker.io/envoyproxy/envoy:distroless-v1.33.2"  # llm-d/llm-d-router v0.10.0, chart llm-d-router-standalone
)
STORAGE_INITIALIZER: Final = "docker.io/kserve/storage-initializer:v0.20.0"  # kserve/kserve, tag v0.20.0
# PyPI wheel litellm 1.109.1; the variant whose files, Prisma's engines among them, belong to an ordinary user
LITELLM: Final = "ghcr.io/berriai/litellm-non_root:v1.109.1"
QDRANT: Final = "docker.io/qdrant/qdrant:v1.19.0-unprivileged"  # qdrant-helm, Chart.yaml 1.19.0
POSTGRES_CLIENT: Final = (
    "docker.io/library/postgres:17.6-alpine"  # client of the newest major version that the language allows
)
CURL: Final = "docker.io/curlimages/curl:8.15.0"  # runs as a user of its own, and signs requests with --aws-sigv4

# Text Embeddings Inference is built for each GPU architecture. Source: its README at v1.9.
TEI: Final[dict[str, str]] = {
    "t4": "turing-1.9",
    "a100": "1.9",
    "a10g": "86-1.9",
    "l4": "89-1.9",
    "l40s": "89-1.9",
    "h100": "hopper-1.9",
    "h200": "hopper-1.9",
    "b200": "100-1.9",
    "b300": "100-1.9",
    "rtx-pro-4500": "120-1.9",
    "rtx-pro-6000": "120-1.9",
}
TEI_REPOSITORY: Final = "ghcr.io/huggingface/text-embeddings-inference"
