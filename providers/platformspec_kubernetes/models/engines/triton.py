"""NVIDIA Triton with its vLLM backend and its OpenAI-compatible front end, container 26.07.

Source of flags, paths and health: triton-inference-server/server, python/openai; of the model's files: triton-inference-server/vllm_backend.
"""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

from platformspec.sdk import Code, Sourced
from platformspec_kubernetes import images
from platformspec_kubernetes.models.engines.engine import Container, Engine, Launch
from platformspec_kubernetes.models.engines.vllm import (
    MEMORY,
    SHARE,
    SHARED_MEMORY_GIB,
    SHARED_MEMORY_PARALLEL_GIB,
    tool_parser,
)

NO_PARSER_OF_TRITON = Code(
    "PS526",
    "tool calls that Triton cannot read",
    explain="Triton's front end has parsers for the tool calls of Llama 3 and of Mistral. vLLM has them for many families.",
)

PORT = 9000
HOME, REPOSITORY = "/home/triton-server", "/models/repository"
MAIN = "/opt/tritonserver/python/openai/openai_frontend/main.py"
PARSERS = {"llama3_json": "llama3", "mistral": "mistral"}


def container(launch: Launch) -> Container:
    """The front end, which runs Triton in its own process. The model repository is a ConfigMap: a configuration and vLLM's arguments."""
    ctx, spec, source = launch.ctx, launch.spec, launch.weights
    args: list[Any] = [
        "--model-repository", REPOSITORY,
        "--backend", "vllm",
        "--tokenizer", source.model,
        "--openai-port", str(PORT),
        # The front end would otherwise end an answer after sixteen tokens.
        "--default-max-tokens", ctx.src(str(spec.serve.context_tokens), "serve.context_tokens"),
    ]  # fmt: skip
    if "tools" in spec.capabilities:
        parser = tool_parser(launch)
        if parser.value is not None and parser.value not in PARSERS:
            ctx.reject(
                NO_PARSER_OF_TRITON,
                f"{ctx.address} promises tools, and Triton has no parser for {parser.value}",
                at=f"capabilities.{spec.capabilities.index('tools')}",
                help="write `engine: vllm`, or remove tools from capabilities",
            )
        args += [ctx.src("--tool-call-parser", "capabilities"), ctx.src(PARSERS.get(parser.value), parser)]
    parallel = launch.parallelism.gpus_per_pod > 1
    return Container(
        image=images.TRITON,
        command=("python3", MAIN),
        args=args,
        port=PORT,
        health="/health/ready",
        user=1000,
        group=1000,
        home=HOME,
        shared_memory_gib=ctx.src(
            SHARED_MEMORY_PARALLEL_GIB if parallel else SHARED_MEMORY_GIB,
            "serve.tensor_parallel",
            "serve.pipeline_parallel",
        ),
        env={"HOME": HOME, "HF_HOME": f"{HOME}/.cache/huggingface"},
        files_at=REPOSITORY,
        files={
            f"{ctx.called}/config.pbtxt": 'backend: "vllm"\ninstance_group [{ count: 1, kind: KIND_MODEL }]\n',
            f"{ctx.called}/1/model.json": _arguments(launch),
        },
    )


def _arguments(launch: Launch) -> Any:
    ctx, serve, source = launch.ctx, launch.spec.serve, launch.weights
    taken = launch.gpu_memory(SHARE)
    arguments: dict[str, Any] = {
        "model": source.model,
        "revision": source.revision,
        "tensor_parallel_size": ctx.src(serve.tensor_parallel, "serve.tensor_parallel"),
        "pipeline_parallel_size": ctx.src(serve.pipeline_parallel, "serve.pipeline_parallel"),
        "max_model_len": ctx.src(serve.context_tokens, "serve.context_tokens"),
        "max_num_seqs": ctx.src(serve.concurrency, "serve.concurrency"),
        "gpu_memory_utilization": ctx.src(float(taken.value), taken),
    }
    plain = {
        key: value.value if isinstance(value, Sourced) else value
        for key, value in arguments.items()
        if value is not None
    }
    sourced = [value for value in arguments.values() if isinstance(value, Sourced)]
    return ctx.src(json.dumps(plain, indent=2) + "\n", "source.revision", *sourced)


TRITON = Engine(
    name="triton",
    container=container,
    clients={"chat": ("openai", "/v1")},
    sources=("hugging_face", "oci"),
    splits=("tensor", "pipeline"),
    metrics={"tokens": "vllm:generation_tokens_total"},
    # Nothing says which vLLM is inside, so nothing is said about its KV cache.
    memory=replace(MEMORY, fp8_cache_from=None),
)
