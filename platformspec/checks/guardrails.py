"""A guardrail looks for something, is used, and always answers: the routes that it guards wait for it."""

from __future__ import annotations

from platformspec.diagnostics import Code, Report
from platformspec.graph.edge import Edge
from platformspec.graph.platform import Declaration
from platformspec.graph.platform_graph import PlatformGraph
from platformspec.kinds.gateway import FallbackSpec, GatewaySpec
from platformspec.kinds.gpu_pool import GpuPoolSpec
from platformspec.kinds.guardrail import GuardrailSpec
from platformspec.kinds.model import ModelSpec
from platformspec.kinds.safety_models import verdict_of

ONE_JUDGE = Code(
    "PS433",
    "a guardrail without a judge, or with two",
    explain="A guardrail has `provider: bedrock` or `model: name`: exactly one of them. A route may name several guardrails.",
)
LOOKS_FOR_NOTHING = Code(
    "PS434",
    "a guardrail that looks for nothing",
    explain="A guardrail of Bedrock refuses or masks what is named under entities, content, topics, words and profanity. Bedrock accepts none without any.",
)
NO_JUDGE = Code(
    "PS435",
    "a model that cannot judge",
    explain="A guardrail asks a chat model that the platform serves whether a text is safe. Embedding and reranking models have no verdict, and Bedrock has guardrails of its own.",
)
UNKNOWN_VERDICT = Code(
    "PS436",
    "a model whose verdict is not known",
    explain="Safety models word their verdicts in their own ways. Of Llama Guard and Qwen3Guard it is known by the name on Hugging Face; for a copy of one of them `verdict` says it. An ordinary chat model gives no verdict that could be read.",
)
SPOT_ONLY = Code(
    "PS437",
    "a guardrail on nodes that the cloud may take back",
    explain="Every request of a guarded route waits for its guardrails, and is refused while one cannot answer. At least one node of the model's pool must be on demand.",
)
UNUSED = Code(
    "PS438",
    "a guardrail that guards no route",
    explain="A guardrail judges only what passes a route that names it: `guardrails: [name]` in the route.",
)
NO_CHAT = Code(
    "PS439",
    "a guardrail on a route that does not chat",
    explain="Guardrails read conversations. Vectors and ranks hold nothing to judge, and what is sent to be embedded or ranked would pass unread.",
)


def check_guardrails(graph: PlatformGraph, report: Report) -> None:
    """Guardrails by themselves, then the routes that they guard."""
    for address, declaration in graph.declarations.items():
        spec = declaration.spec
        if not isinstance(spec, GuardrailSpec):
            continue
        users = [edge for edge in graph.edges_to(address) if edge.relation == "guarded_by"]
        if not users:
            report.warning(
                UNUSED,
                f"no route names {address}",
                at=declaration.path,
                on_key=True,
                help=f"add `guardrails: [{address.name}]` to a gateway's route, or remove it",
            )
        _judge(declaration, spec, report)
        if spec.model is not None and spec.provider is None:
            _model(graph, declaration, spec, report)
        for edge in users:
            _route(graph, edge, report)


def _judge(declaration: Declaration, spec: GuardrailSpec, report: Report) -> None:
    if (spec.provider is None) == (spec.model is None):
        report.error(
            ONE_JUDGE,
            f"{declaration.address} has {'neither provider nor model' if spec.model is None else 'both provider and model'}",
            at=declaration.path,
            on_key=True,
            help="write `provider: bedrock`, or `model:` with the name of a safety model"
            if spec.model is None
            else "keep one of them; a route may name two guardrails",
        )
    elif spec.provider is not None and not (
        spec.entities or spec.content or spec.topics or spec.words or spec.profanity
    ):
        report.error(
            LOOKS_FOR_NOTHING,
            f"{declaration.address} names no entities, content, topics or words",
            at=declaration.path,
            on_key=True,
            help="add what it looks for, such as `entities: [email, phone]` or `content: {violence: high}`",
        )


def _model(graph: PlatformGraph, declaration: Declaration, spec: GuardrailSpec, report: Report) -> None:
    assert spec.model is not None
    model = graph.declarations[spec.model.address].spec
    assert isinstance(model, ModelSpec)
    at = (*declaration.path, "model")
    if model.external is not None or model.task != "chat":
        what = "is served by somebody else" if model.external is not None else f"has the task {model.task}"
        report.error(
            NO_JUDGE,
            f"{declaration.address} asks {spec.model.address}, which {what}",
            at=at,
            help="write `provider: bedrock` instead, or name a safety model that the platform serves"
            if model.external is not None
            else "name a safety model with the task chat, such as Qwen/Qwen3Guard-Gen-4B",
        )
        return
    if spec.verdict is None and verdict_of(model) is None:
        name = model.source.hugging_face if model.source is not None else None
        report.error(
            UNKNOWN_VERDICT,
            f"how {spec.model.address}{f' ({name})' if name else ''} words its verdict is not known",
            at=at,
            help="name a Llama Guard or Qwen3Guard, or add `verdict: llama_guard` or `verdict: qwen3_guard` for a copy of one",
        )
    for edge in graph.edges_from(spec.model.address):
        pool = graph.declarations[edge.target].spec
        if edge.relation == "runs_on" and isinstance(pool, GpuPoolSpec) and _all_spot(pool):
            report.error(
                SPOT_ONLY,
                f"{declaration.address} asks {spec.model.address}, and all {pool.capacity.nodes.max} nodes of {edge.target} may be spot",
                at=at,
                help=f"add `on_demand_floor: 1` to the spot of {edge.target.name}, or choose another pool for the model",
                related=(("the pool is spot here", (*graph.declarations[edge.target].path, "capacity", "spot")),),
            )


def _all_spot(pool: GpuPoolSpec) -> bool:
    """Whether every node may be spot: none is always there, none is kept on demand."""
    spot, nodes = pool.capacity.spot, pool.capacity.nodes
    return spot is not None and nodes.min == 0 and spot.on_demand_floor == 0 and spot.share == 1


def _route(graph: PlatformGraph, edge: Edge, report: Report) -> None:
    gateway = graph.declarations[edge.source.parent].spec
    assert isinstance(gateway, GatewaySpec)
    assert edge.source.child is not None
    for target in gateway.routes[edge.source.child].targets:
        ref = target.fallback if isinstance(target, FallbackSpec) else target
        model = graph.declarations[ref.address].spec
        if isinstance(model, ModelSpec) and model.task != "chat":
            report.error(
                NO_CHAT,
                f"{edge.source} leads to {ref.address} with the task {model.task}, which {edge.target} cannot judge",
                at=edge.path,
                help="remove the guardrail from this route",
            )
            return
