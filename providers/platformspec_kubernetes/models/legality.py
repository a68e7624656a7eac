"""What a model may ask of its pool and of its engine."""

from __future__ import annotations

from platformspec.sdk import Code, DeclarationContext, GpuPoolExports, GpuPoolSpec, ModelSpec, TeamSpec, facts_of

TOO_MANY_GPUS = Code(
    "PS560",
    "a replica that asks for more GPUs than a node has",
    explain="`tensor_parallel` is the number of GPUs that one replica spreads its weights over. They are in one node.",
)
HEADS = Code(
    "PS561",
    "a tensor parallel size that does not divide the attention heads",
    explain="Tensor parallelism gives each GPU the same number of attention heads; vLLM refuses others.",
)
WRONG_ENGINE = Code(
    "PS562",
    "an engine that cannot do the task",
    explain="Text Embeddings Inference serves embedding and rerank models, vLLM chat and embedding models.",
)
TOO_LONG = Code(
    "PS563",
    "a context longer than the model's",
    explain="A model handles sequences up to the length that it was trained for.",
)
NO_TOKEN = Code(
    "PS564",
    "a gated model without a token",
    explain="Hugging Face gives the weights of a gated model only to accounts that have accepted its licence; the token of one is read from AWS Secrets Manager.",
)
NO_SIGNAL = Code(
    "PS567",
    "a scaling signal that the engine does not have",
    explain="The KV cache is vLLM's; Text Embeddings Inference has none.",
)
QUOTA = Code(
    "PS568",
    "models that need more GPUs than their team may hold",
    explain="A team's `gpu_quota` bounds the GPUs of an accelerator. The models that it owns need at least their smallest number of replicas.",
)


def check(ctx: DeclarationContext, spec: ModelSpec, engine: str, pool: GpuPoolExports) -> None:
    """Report everything that could not run."""
    facts, serve = facts_of(spec), spec.serve
    gpus = pool.gpus_per_node.value
    if serve.tensor_parallel > gpus:
        ctx.reject(
            TOO_MANY_GPUS,
            f"{ctx.address} asks for {serve.tensor_parallel} GPUs, and a node of its pool has {gpus}",
            at="serve.tensor_parallel",
            help=f"write `tensor_parallel: {gpus}` or less, or choose a pool with larger nodes",
        )
    if facts.attention_heads and facts.attention_heads % serve.tensor_parallel:
        fits = [n for n in range(1, gpus + 1) if facts.attention_heads % n == 0]
        ctx.reject(
            HEADS,
            f"{serve.tensor_parallel} does not divide the {facts.attention_heads} attention heads of {ctx.address}",
            at="serve.tensor_parallel",
            help=f"write one of: {', '.join(map(str, fits))}",
        )
    if (engine == "tei") == (spec.task == "chat") or (engine == "vllm" and spec.task == "rerank"):
        ctx.reject(
            WRONG_ENGINE,
            f"{engine} cannot serve {spec.task}",
            at="serve.engine" if spec.serve.engine else "task",
            help=f"write `serve: {{engine: {'vllm' if spec.task == 'chat' else 'tei'}}}`",
        )
    if engine == "vllm" and facts.context_tokens and serve.context_tokens > facts.context_tokens:
        ctx.reject(
            TOO_LONG,
            f"context_tokens is {serve.context_tokens}, and the model handles {facts.context_tokens}",
            at="serve.context_tokens",
            help=f"write `context_tokens: {facts.context_tokens}` or less",
        )
    if facts.gated and spec.source is not None and spec.source.hugging_face and not spec.source.token_secret:
        ctx.reject(
            NO_TOKEN,
            f"{spec.source.hugging_face} is gated",
            at="source",
            help="add `token_secret: name-of-the-secret` with a Hugging Face token",
        )
    if engine == "tei" and spec.scale.on == "kv_cache":
        ctx.reject(NO_SIGNAL, "tei has no KV cache to scale on", at="scale.on", help="write `on: queue_depth`")
    _quota(ctx, spec, pool)


def _quota(ctx: DeclarationContext, spec: ModelSpec, pool: GpuPoolExports) -> None:
    team = ctx.target("owned_by")
    quota = ctx.graph.declarations[team].spec if team is not None else None
    accelerator = pool.accelerator.value
    if not isinstance(quota, TeamSpec) or accelerator not in quota.gpu_quota:
        return
    needs = 0
    owned = (
        [
            edge.source
            for edge in ctx.graph.edges_to(team)
            if edge.relation == "owned_by" and edge.source.kind == "model"
        ]
        if team is not None
        else []
    )
    for address in owned:
        model = ctx.graph.declarations[address].spec
        runs_on = next((e.target for e in ctx.graph.edges_from(address) if e.relation == "runs_on"), None)
        other = ctx.graph.declarations[runs_on].spec if runs_on is not None else None
        if (
            isinstance(model, ModelSpec)
            and isinstance(other, GpuPoolSpec)
            and other.choices[0].accelerator == accelerator
        ):
            needs += model.scale.min * model.serve.tensor_parallel
    allowed = quota.gpu_quota[accelerator]
    # Said once, at the first of the team's models.
    if needs > allowed and owned and ctx.address == min(owned, key=str):
        ctx.reject(
            QUOTA,
            f"models of {team} need at least {needs} {accelerator} GPUs, and its quota is {allowed}",
            at=("teams", team.name if team else "", "gpu_quota", accelerator),
            help=f"write `{accelerator}: {needs}` or more, or fewer replicas",
        )
