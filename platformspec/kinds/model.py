"""`models`: AI models, served on our own GPUs or bought from a provider."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import Field

from platformspec.ir.sourced import Sourced
from platformspec.kinds.base import Integer, Many, Name, NamedSpec, Number, Ref, RefTo, Spec, section
from platformspec.kinds.serving import AdapterSpec, EngineName, RolloutSpec, ScaleSpec, ServeSpec, TopologySpec

Task = Literal["chat", "embedding", "rerank"]
Capability = Literal["chat", "tools", "vision", "reasoning", "json", "embedding", "rerank"]
Precision = Literal["bf16", "fp16", "fp8", "int8", "awq", "gptq", "mxfp4", "nvfp4"]


IMAGE = r"^[a-z0-9.-]+(?::[0-9]+)?/[a-z0-9._/-]+(?::[\w.-]{1,128})?(?:@sha256:[0-9a-f]{64})?$(?!\n)"
Size = Annotated[Integer, Field(ge=1, le=10_000_000)]


class SourceSpec(Spec):
    """Where the weights come from: exactly one of Hugging Face, the platform's model bucket, an OCI artifact and an NVIDIA NIM."""

    hugging_face: Annotated[str, Field(pattern=r"^[\w.-]+/[\w.-]+$(?!\n)")] | None = Field(
        default=None, description="Repository on Hugging Face, such as Qwen/Qwen3-8B."
    )
    bucket: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9/_.-]*$(?!\n)")] | None = Field(
        default=None, description="Folder in the platform's model bucket, such as qwen3-8b/2026-03."
    )
    oci: Annotated[str, Field(pattern=IMAGE)] | None = Field(
        default=None,
        description="Image in a registry whose files are the weights, with a tag or digest; nodes keep it as they keep images.",
    )
    nim: Annotated[str, Field(pattern=IMAGE)] | None = Field(
        default=None,
        description="NVIDIA NIM, such as nvcr.io/nim/meta/llama-3.1-8b-instruct:1.8.4, with a tag or digest: server and weights in one.",
    )
    revision: Annotated[str, Field(pattern=r"^[\w./-]{1,64}$(?!\n)")] | None = Field(
        default=None, description="Commit, tag or branch on Hugging Face. A commit is the only one that never moves."
    )
    precision: Precision | None = Field(
        default=None, description="Precision of the weights as published; what the catalogue knows where left out."
    )
    license: str | None = Field(
        default=None,
        description="SPDX id or the licence's usual name; what the catalogue knows where left out.",
        min_length=1,
    )
    token_secret: Annotated[str, Field(pattern=r"^[\w/+=.@-]{1,200}$(?!\n)")] | None = Field(
        default=None,
        description="Secret in AWS Secrets Manager that holds the Hugging Face token of a gated model, or the NGC key of a NIM.",
    )


class FactsSpec(Spec):
    """What the catalogue does not know about a model, or knows otherwise."""

    like: Annotated[str, Field(pattern=r"^[\w.-]+/[\w.-]+$(?!\n)")] | None = Field(
        default=None,
        description="Model of the catalogue that this one is a copy or a fine-tune of, such as Qwen/Qwen3-8B; its facts hold where nothing else is said.",
    )
    parameters_billion: Annotated[Number, Field(gt=0)] | None = Field(
        default=None, description="Parameters in billions, all experts included."
    )
    context_tokens: Annotated[Integer, Field(ge=1)] | None = Field(
        default=None, description="Longest sequence that the model was trained for."
    )
    dimensions: Annotated[Integer, Field(ge=1, le=65536)] | None = Field(
        default=None, description="Length of an embedding."
    )
    layers: Size | None = Field(default=None, description="Layers; num_hidden_layers in config.json.")
    hidden: Size | None = Field(default=None, description="Hidden size; hidden_size in config.json.")
    intermediate: Size | None = Field(
        default=None, description="Width of a feed-forward layer; intermediate_size in config.json."
    )
    vocabulary: Size | None = Field(default=None, description="Tokens of the vocabulary; vocab_size in config.json.")
    tied_embeddings: bool | None = Field(
        default=None, description="Whether input and output share one embedding; tie_word_embeddings in config.json."
    )
    attention_heads: Size | None = Field(default=None, description="Attention heads; tensor_parallel divides them.")
    kv_heads: Size | None = Field(default=None, description="Key-value heads; num_key_value_heads in config.json.")
    head_dim: Size | None = Field(
        default=None, description="Length of an attention head; hidden / attention_heads where left out."
    )
    experts: Size | None = Field(default=None, description="Routed experts of a mixture-of-experts model.")
    experts_per_token: Size | None = Field(default=None, description="Routed experts that a token passes.")
    expert_intermediate: Size | None = Field(
        default=None, description="Width of a routed expert; moe_intermediate_size in config.json."
    )
    expert_layers: Size | None = Field(default=None, description="Layers with experts; all where left out.")
    shared_expert_intermediate: Size | None = Field(
        default=None, description="Width of the experts that every token passes, together."
    )
    kv_lora_rank: Size | None = Field(
        default=None, description="Rank of the compressed KV cache of multi-head latent attention."
    )
    q_lora_rank: Size | None = Field(
        default=None, description="Rank of compressed queries of multi-head latent attention."
    )
    qk_rope_head_dim: Size | None = Field(
        default=None, description="Part of a head with rotary position, of multi-head latent attention."
    )
    qk_nope_head_dim: Size | None = Field(
        default=None, description="Part of a head without position, of multi-head latent attention."
    )
    v_head_dim: Size | None = Field(default=None, description="Length of a value head, of multi-head latent attention.")
    sliding_window: Size | None = Field(
        default=None, description="Tokens that a layer with a sliding window attends to."
    )
    sliding_layers: Size | None = Field(default=None, description="Layers with a sliding window.")
    linear_layers: Size | None = Field(
        default=None, description="Layers with linear attention, which keep a state instead of a KV cache."
    )
    linear_key_heads: Size | None = Field(default=None, description="Key heads of a layer with linear attention.")
    linear_value_heads: Size | None = Field(default=None, description="Value heads of a layer with linear attention.")
    linear_head_dim: Size | None = Field(default=None, description="Length of a head of a layer with linear attention.")
    linear_convolution: Size | None = Field(
        default=None, description="Width of the convolution in a layer with linear attention."
    )
    quantised: Literal["linear", "mlp", "experts"] | None = Field(
        default=None,
        description="Matrices that are quantised: linear (all but embeddings), mlp (feed-forward) or experts.",
    )
    weight_block: Size | None = Field(
        default=None,
        description="Side of a block of fp8 weights that share a scale; weight_block_size in config.json, such as 128.",
    )
    tool_parser: Annotated[str, Field(pattern=r"^[a-z0-9_]+$(?!\n)")] | None = Field(
        default=None, description="vLLM parser for tool calls, such as hermes."
    )
    gated: bool | None = Field(default=None, description="Whether Hugging Face asks for a token.")


class ExternalSpec(Spec):
    """A model behind somebody else's API."""

    provider: Literal["bedrock"] = Field(description="Amazon Bedrock.")
    model: str = Field(
        description="Bedrock model id, such as anthropic.claude-sonnet-4-20250514-v1:0.",
        pattern=r"^[a-z0-9-]+\.[a-zA-Z0-9.:-]+$(?!\n)",
    )
    inference_profile: Literal["us", "eu", "apac", "global"] | None = Field(
        default=None, description="Cross-region inference profile; requests may be answered in any region of the group."
    )


class PriceSpec(Spec):
    """What tokens cost, in US dollars per million; the gateway accounts with it."""

    input_usd_per_mtok: Number = Field(description="Prompt tokens.", ge=0)
    output_usd_per_mtok: Number = Field(default=0.0, description="Generated tokens.", ge=0)


class TrafficSpec(Spec):
    """Tokens that an external model is expected to work on; what it costs follows from them."""

    input_mtok_per_month: Number = Field(description="Prompt tokens in a month, in millions.", ge=0)
    output_mtok_per_month: Number = Field(default=0.0, description="Generated tokens in a month, in millions.", ge=0)


class ModelSpec(NamedSpec):
    """A model."""

    team: Annotated[Ref, RefTo("team", "owned_by")] | None = Field(
        default=None, description="Owner; the platform itself where left out."
    )
    task: Task = Field(default="chat", description="What the model does.")
    source: SourceSpec | None = Field(default=None, description="Weights of a self-hosted model.")
    serve: ServeSpec = section("How a self-hosted model is served.")
    pool: Annotated[Ref, RefTo("gpu_pool", "runs_on")] | None = Field(
        default=None, description="GPU pool of a self-hosted model; not needed where there is one."
    )
    scale: ScaleSpec = section("Number of replicas of a self-hosted model.")
    topology: TopologySpec | None = Field(
        default=None, description="Routing between the replicas of a self-hosted model, and disaggregation."
    )
    rollout: RolloutSpec = section("How a change reaches the replicas of a self-hosted model.")
    adapters: dict[Name, AdapterSpec] = Field(
        default={}, description="LoRA adapters; callers reach one as ROUTE/ADAPTER on every route to the model."
    )
    facts: FactsSpec = section("Facts about the model that override the catalogue.")
    external: ExternalSpec | None = Field(
        default=None, description="A model that somebody else serves, instead of source."
    )
    capabilities: Many[Capability] = Field(
        default=(), description="What callers may rely on; chat, embedding or rerank by the task where left out."
    )
    price: PriceSpec | None = Field(default=None, description="Price of tokens.")
    traffic: TrafficSpec | None = Field(
        default=None, description="Expected tokens of an external model, for `platformspec cost`."
    )

    @property
    def bucket_folders(self) -> dict[str, str]:
        """Field -> folder of the platform's model bucket that the model reads: its weights, and its adapters."""
        folders = {f"adapters.{name}.bucket": adapter.bucket for name, adapter in sorted(self.adapters.items())}
        if self.source is not None:
            folders["source.bucket"] = self.source.bucket
        return {field: folder for field, folder in folders.items() if folder is not None}

    @property
    def engine(self) -> EngineName | None:
        """The model server: the one that is named, or the usual one. None for a model that somebody else serves."""
        if self.source is None:
            return None
        usual: EngineName = "nim" if self.source.nim is not None else "vllm" if self.task == "chat" else "tei"
        return self.serve.engine or usual


@dataclass(frozen=True, slots=True)
class ModelExports:
    """How a gateway reaches a model. `api_base` is None for a model that the cloud's API serves."""

    litellm_model: Sourced[str]
    api_base: Sourced[str] | None
    mode: Literal["chat", "embedding", "rerank"]
    region: Sourced[str] | None
    price: PriceSpec | None
    dimensions: int | None
    adapters: tuple[tuple[str, Sourced[str]], ...] = ()
    """Name of each LoRA adapter, and what LiteLLM calls it."""
    candidate: tuple[Sourced[str], Sourced[int]] | None = None
    """Base address of a new version, and the per cent of requests that it answers."""
