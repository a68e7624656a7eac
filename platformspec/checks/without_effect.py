"""Nothing that the user wrote is silently ignored: what would have no effect is an error."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from platformspec.diagnostics import Code, Report, dotted
from platformspec.graph.platform_graph import PlatformGraph
from platformspec.kinds.gpu_pool import GpuPoolSpec

WITHOUT_EFFECT = Code(
    "PS441",
    "a value that would have no effect",
    explain="The value is about something that this declaration does not have or do, so writing it changes nothing. It is refused, because who wrote it expects otherwise.",
)


@dataclass(frozen=True)
class Rule:
    """`fields` have no effect in declarations of `kind` for which `when` holds, because of `why`."""

    kind: str
    fields: tuple[str, ...]
    when: Callable[[Any], bool]
    why: str
    help: str = "remove it"


ADOPTED = "what exists already is adopted as it is"
RULES: tuple[Rule, ...] = (
    Rule("model", ("serve", "pool", "scale", "topology", "adapters", "rollout"), lambda m: m.external is not None, "the model is external: somebody else serves it"),
    Rule("model", ("traffic",), lambda m: m.external is None, "the platform serves the model itself, and its nodes are billed instead of tokens"),
    Rule("model", ("facts.parameters_billion", "facts.attention_heads", "facts.tool_parser", "facts.gated"), lambda m: m.external is not None, "the model is external: somebody else serves it"),
    Rule("model", ("scale.on", "scale.target"), lambda m: m.scale.max is None or m.scale.max == m.scale.min, "the number of replicas is fixed", "add `max` to scale, or remove it"),
    Rule("model", ("scale",), lambda m: m.topology is not None and m.topology.prefill is not None, "topology says how many replicas read and write", "remove it; `prefill` and `decode` are the numbers"),
    Rule("model", ("scale.cold_start_seconds",), lambda m: m.scale.min > 0, "the model never sleeps", "write `min: 0`, or remove it"),
    Rule("model", ("source.revision",), lambda m: m.source is not None and m.source.hugging_face is None, "only repositories on Hugging Face have revisions"),
    Rule("model", ("source.token_secret",), lambda m: m.source is not None and (m.source.bucket or m.source.oci) is not None, "these weights are read without a token"),
    Rule("model", ("serve.gpu_memory_utilization", "serve.context_tokens"), lambda m: m.engine == "tei", "Text Embeddings Inference takes it from the model"),
    Rule("model", ("serve.gpu_memory_utilization", "serve.context_tokens", "serve.concurrency"), lambda m: m.engine == "nim" and m.task != "chat", "the NIM takes it from the model"),
    Rule("guardrail", ("action", "entities", "content", "topics", "words", "profanity"), lambda g: g.model is not None, "the model decides what it looks for"),
    Rule("guardrail", ("verdict",), lambda g: g.model is None, "only a model words its verdict"),
    Rule("guardrail", ("action",), lambda g: g.model is None and not g.entities, "it is about entities, and none are named", "name `entities`, or remove it"),
    Rule("gpu_pool", ("gpus_per_node",), lambda p: bool(p.instances), "the instance types say it"),
    Rule("gpu_pool", ("instances", "gpus_per_node"), lambda p: bool(p.any_of), "each alternative under any_of says it"),
    Rule("gpu_pool", ("capacity.reservation",), lambda p: p.capacity.block is not None, "the nodes come from a Capacity Block"),
    Rule("gpu_pool", ("capacity.spot",), lambda p: p.fixed_because is not None or p.capacity.nodes.min == p.capacity.nodes.max, "the pool has a fixed size"),
    Rule("gpu_pool", ("disruption",), lambda p: p.fixed_because is not None or p.capacity.nodes.min == p.capacity.nodes.max, "Karpenter starts no nodes of the pool"),
    Rule("vector_store", ("storage_gib",), lambda v: v.engine != "qdrant", "only Qdrant has volumes of its own"),
    Rule("vector_store", ("replicas",), lambda v: v.engine == "pgvector", "the database says it"),
    Rule("vector_store", ("database",), lambda v: v.engine != "pgvector", "only pgvector lives in a database"),
    Rule("gateway", ("exposure", "allow_cidrs", "dns", "tls"), lambda g: g.hostname is None, "without a hostname the gateway is reached inside the cluster only", "add `hostname`, or remove it"),
    Rule("gateway", ("allow_cidrs",), lambda g: g.hostname is not None and g.exposure == "internal", "an internal load balancer is reached from the VPC", "write `exposure: internet`, or remove it"),
    Rule("cluster", ("public_access_cidrs",), lambda c: c.endpoint == "private", "the API server is private", "write `endpoint: public`, or remove it"),
    Rule("cluster", ("endpoint", "public_access_cidrs", "admins", "single_sign_on", "deletion_protection", "system_nodes", "add_on_versions"), lambda c: c.existing is not None, ADOPTED),
    Rule("cluster", ("delivery.repository", "delivery.branch", "delivery.path", "delivery.namespace"), lambda c: c.delivery.engine == "direct", "apply runs kubectl itself", "write `engine: argocd` or `engine: flux`, or remove it"),
    Rule("cluster", ("delivery.project",), lambda c: c.delivery.engine != "argocd", "only Argo CD has projects"),
    Rule("cluster", ("delivery.secret",), lambda c: c.delivery.engine != "flux", "only Flux takes it; Argo CD keeps credentials of repositories itself"),
    Rule("cluster", ("delivery.service_account",), lambda c: c.delivery.engine != "flux", "only Flux takes it; in Argo CD the project says it"),
    Rule("database", ("version", "size", "replicas", "backup", "deletion_protection"), lambda d: d.existing is not None, ADOPTED),
    Rule("network", ("cidr", "zones", "egress", "private_endpoints", "flow_logs"), lambda n: n.existing is not None, ADOPTED),
    Rule("network", ("existing.subnet_zones",), lambda n: n.existing is not None and not n.existing.subnet_zones.keys() <= set(n.existing.private_subnet_ids), "private_subnet_ids does not name all of these subnets", "name only subnets of private_subnet_ids"),
    Rule("bucket", ("keep_versions_days",), lambda b: b.existing is not None, ADOPTED),
    Rule("policy", ("approvers",), lambda p: p.level != "approve", "only level approve has approvers", "write `level: approve`, or remove it"),
)  # fmt: skip


def check_without_effect(graph: PlatformGraph, report: Report) -> None:
    """Report every written value that a rule says has no effect."""
    written = graph.platform.document.written
    for address, declaration in graph.declarations.items():
        for rule in RULES:
            if rule.kind != address.kind or not rule.when(declaration.spec):
                continue
            for field in rule.fields:
                path = (*declaration.path, *field.split("."))
                if written(path):
                    report.error(
                        WITHOUT_EFFECT,
                        f"{dotted(path)} has no effect: {rule.why}",
                        at=path,
                        on_key=True,
                        help=rule.help,
                    )
    _without_users(graph, report)


def _without_users(graph: PlatformGraph, report: Report) -> None:
    """Sections that only declarations elsewhere in the file make use of."""
    specs = [declaration.spec for declaration in graph.declarations.values()]
    buckets = any(address.kind == "bucket" for address in graph.declarations)
    searches = any(getattr(spec, "engine", None) == "opensearch_serverless" for spec in specs)
    reserved = any(
        isinstance(spec, GpuPoolSpec) and (spec.capacity.block or spec.capacity.reservation) for spec in specs
    )
    for path, used, why, help in (
        (("cloud", "network", "existing", "subnet_zones"), reserved, "no pool has reserved capacity", "remove it"),
        (("cloud", "model_bucket"), buckets, "no model's source names a folder in it", "write `source: {bucket: folder}` in a model, or remove it"),
        (("cloud", "network", "existing", "opensearch_endpoint_id"), searches, "no vector store has the engine opensearch_serverless", "remove it"),
    ):  # fmt: skip
        if not used and graph.platform.document.written(path):
            report.error(WITHOUT_EFFECT, f"{dotted(path)} has no effect: {why}", at=path, on_key=True, help=help)
