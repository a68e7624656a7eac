"""How a model of ours is served: `serve` and `scale` of a model."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from platformspec.kinds.base import Integer, Name, Number, Spec, by_profile
from platformspec.kinds.cron import Cron

EngineName = Literal["vllm", "sglang", "tei", "triton", "nim"]
Signal = Literal["queue_depth", "kv_cache", "tokens"]


class ServeSpec(Spec):
    """How the model is served."""

    engine: EngineName | None = Field(
        default=None,
        description="Model server; where left out, nim for a NIM, vllm for chat, tei (Text Embeddings Inference) for embedding and rerank.",
    )
    tensor_parallel: Integer = Field(
        default=1,
        description="GPUs of one node that share every layer of the weights; on Neuron chips, logical NeuronCores.",
        ge=1,
        le=64,
    )
    pipeline_parallel: Integer = Field(
        default=1, description="Groups of layers, each on GPUs of its own; they may be on several nodes.", ge=1, le=64
    )
    data_parallel: Integer = Field(
        default=1,
        description="Copies of the attention layers in one replica, each with a KV cache of its own.",
        ge=1,
        le=256,
    )
    expert_parallel: bool = Field(
        default=False,
        description="Spread the experts of a mixture-of-experts model over all GPUs of a replica, instead of cutting each one.",
    )
    backend: Literal["kubernetes", "kserve"] = Field(
        default="kubernetes",
        description="What runs the server: plain Kubernetes objects, or KServe's LLMInferenceService.",
    )
    kv_offload_gib: Annotated[Integer, Field(ge=1, le=4096)] | None = Field(
        default=None,
        description="Memory of the node, in GiB per replica, that holds what the KV cache on the GPUs has no room for.",
    )
    context_tokens: Integer = Field(
        default=8192, description="Longest sequence, prompt and answer together, in tokens.", ge=128, le=10_485_760
    )
    concurrency: Integer = Field(default=16, description="Sequences that one replica works on at once.", ge=1, le=4096)
    gpu_memory_utilization: Annotated[Number, Field(gt=0.1, le=0.98)] | None = Field(
        default=None,
        description="Share of GPU memory that the engine takes for weights and KV cache; where left out, 0.92 for vLLM (0.9 on Neuron chips), and what SGLang computes from the GPU for SGLang.",
    )
    kv_cache_precision: Literal["auto", "fp8"] = Field(
        default="auto",
        description="auto keeps keys and values as the model computes them; fp8 halves them, at a small loss of accuracy, on GPUs from L4 on (vLLM, SGLang).",
    )
    weights_cache: Literal["node"] | None = Field(
        default=None,
        description="node: each node of the pool downloads the weights once per revision, as soon as it is there, and pods read them from its disk.",
    )
    startup_minutes: Integer = Field(
        default=30,
        description="Longest time from container start to ready, with download and loading of weights.",
        ge=1,
        le=240,
    )
    drain_seconds: Integer = Field(
        default=120, description="Time for answers in flight when a replica stops.", ge=0, le=3600
    )


class WindowSpec(Spec):
    """A time of the week with more replicas."""

    start: Cron = Field(description="When it begins: minute, hour, day of month, month, day of week.")
    end: Cron = Field(description="When it ends.")
    time_zone: Annotated[str, Field(pattern=r"^[A-Za-z][A-Za-z0-9_+-]*(?:/[A-Za-z0-9_+-]+)*$(?!\n)")] = Field(
        default="UTC", description="Time zone of both, such as Europe/Berlin."
    )
    replicas: Integer = Field(description="Replicas at least, from start to end.", ge=1, le=1000)


class ScaleSpec(Spec):
    """Number of replicas."""

    min: Integer = by_profile(
        "Replicas at least. 0 lets the model sleep until a gateway's requests or a schedule wake it.",
        dev=1,
        standard=2,
        hardened=2,
        ge=0,
        le=1000,
    )
    max: Annotated[Integer, Field(ge=1, le=1000)] | None = Field(
        default=None, description="Replicas at most; where left out, min: no autoscaling."
    )
    on: Signal = Field(
        default="queue_depth",
        description="Signal: waiting requests per replica, share of the KV cache in use, or tokens generated per second and replica.",
    )
    target: Annotated[Number, Field(gt=0)] | None = Field(
        default=None,
        description="Value of the signal to hold per replica; 5 waiting requests, or 0.8 of the KV cache, where left out. Tokens have no usual value.",
    )
    cold_start_seconds: Annotated[Integer, Field(ge=1, le=14400)] | None = Field(
        default=None,
        description="Time from no replica to the first answer, nodes and weights included, that callers can bear. Needed where min is 0.",
    )
    schedule: dict[Name, WindowSpec] = Field(default={}, description="Times with more replicas, by name.")

    @property
    def follows_load(self) -> bool:
        """Whether something else than the file decides how many replicas there are."""
        return self.max is not None and self.max > self.min


class TopologySpec(Spec):
    """How requests reach the replicas, and whether prompts are read and answers written by different ones."""

    prefill: Annotated[Integer, Field(ge=1, le=256)] | None = Field(
        default=None, description="Replicas that read prompts; together with decode, instead of scale."
    )
    decode: Annotated[Integer, Field(ge=1, le=256)] | None = Field(
        default=None, description="Replicas that write answers; together with prefill, instead of scale."
    )
    routing: Literal["load_aware", "prefix_aware", "kv_cache_aware"] = Field(
        default="prefix_aware",
        description="What decides for a replica: its queue and KV cache; the replica that knows the prompt's beginning; or both.",
    )


class AdapterSpec(Spec):
    """A LoRA adapter."""

    hugging_face: Annotated[str, Field(pattern=r"^[\w.-]+/[\w.-]+$(?!\n)")] | None = Field(
        default=None, description="Repository of the adapter on Hugging Face."
    )
    bucket: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9/_.-]*$(?!\n)")] | None = Field(
        default=None, description="Folder of the adapter in the platform's model bucket, instead of hugging_face."
    )
    revision: Annotated[str, Field(pattern=r"^[\w./-]{1,64}$(?!\n)")] | None = Field(
        default=None, description="Commit of the repository on Hugging Face."
    )
    rank: Integer = Field(description="Rank of the adapter.", ge=1, le=4096)


VERSION = r"^[A-Za-z0-9][A-Za-z0-9._/@:-]{0,254}$(?!\n)"


class CanarySpec(Spec):
    """A new version of the weights beside the present one, with a share of the requests."""

    version: Annotated[str, Field(pattern=VERSION)] = Field(
        description="Revision on Hugging Face, folder of the bucket, or image: what source shall say once the canary is promoted."
    )
    percent: Integer = Field(description="Share of the requests that the new version answers.", ge=1, le=99)
    replicas: Integer = Field(default=1, description="Replicas of the new version.", ge=1, le=1000)


class BlueGreenSpec(Spec):
    """A whole second set of replicas with a new version of the weights; one of the two sets answers."""

    version: Annotated[str, Field(pattern=VERSION)] = Field(
        description="Revision on Hugging Face, folder of the bucket, or image of green; blue is what source says."
    )
    live: Literal["blue", "green"] = Field(default="blue", description="The set that answers requests.")


class RolloutSpec(Spec):
    """How a change reaches the replicas."""

    surge: Integer = Field(
        default=0,
        description="Replicas above the number that there shall be, while they are replaced. 0 replaces one after the other.",
        ge=0,
        le=100,
    )
    canary: CanarySpec | None = Field(default=None, description="A new version with a share of the requests.")
    blue_green: BlueGreenSpec | None = Field(default=None, description="A new version with replicas of its own.")
