"""Lower models: a server for those that we run, an entry for those that somebody else runs."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from platformspec.sdk import (
    DeclarationContext,
    GpuPoolExports,
    ModelExports,
    ModelSpec,
    Workload,
    facts_of,
    parallelism,
)
from platformspec_kubernetes.models import driver, fit, legality, neuron
from platformspec_kubernetes.models.devices import claim_template
from platformspec_kubernetes.models.disaggregation import deployments
from platformspec_kubernetes.models.engines import engine_of
from platformspec_kubernetes.models.engines.engine import Engine, Launch
from platformspec_kubernetes.models.kserve import SERVICE_SUFFIX, inference_service
from platformspec_kubernetes.models.pod import environment, files
from platformspec_kubernetes.models.rollout import Candidate, beside, candidate, shared_labels
from platformspec_kubernetes.models.router import route
from platformspec_kubernetes.models.scaling import scale
from platformspec_kubernetes.models.topology import disaggregated
from platformspec_kubernetes.models.weights import weights
from platformspec_kubernetes.models.weights_cache import cached_revisions, keep_on_nodes
from platformspec_kubernetes.models.workload import answering, deployment, leader_worker_set
from platformspec_kubernetes.network_policies import policy, to_internet
from platformspec_kubernetes.pods import disruption_budget, service_account

SHARED_NAMESPACE: Final = "models"


def lower_model(ctx: DeclarationContext) -> None:
    """External models need no objects: the gateway calls them."""
    spec: ModelSpec = ctx.spec
    if spec.external is not None:
        _external(ctx, spec)
    else:
        _served(ctx, spec)


def namespace_of(ctx: DeclarationContext) -> str:
    """The owner's namespace, or the one of models without an owner."""
    team = ctx.target("owned_by")
    return f"team-{ctx.platform.name_outside(team)}" if team is not None else SHARED_NAMESPACE


def _external(ctx: DeclarationContext, spec: ModelSpec) -> None:
    external = spec.external
    assert external is not None
    profile = f"{external.inference_profile}." if external.inference_profile else ""
    route = "bedrock/converse" if spec.task == "chat" else "bedrock"
    name = ctx.src(f"{route}/{profile}{external.model}", "external.model", "external.inference_profile", "task")
    ctx.offer(ModelExports(name, None, spec.task, ctx.region, spec.price, facts_of(spec).dimensions))


def _served(ctx: DeclarationContext, spec: ModelSpec) -> None:
    pool_address = ctx.target("runs_on")
    assert pool_address is not None
    pool = ctx.exports(pool_address, GpuPoolExports)
    engine = engine_of(spec, pool)
    if engine is None:
        neuron.refuse_engine(ctx, spec)
        return
    legality.check(ctx, spec, engine, pool)
    replica = parallelism(spec.serve, pool.gpus_per_node.value, pool.device)
    if replica is None or ctx.rejected:
        return
    fit.check(ctx, spec, engine, pool, replica)
    launch = Launch(ctx, spec, pool, replica, weights(ctx, spec))
    container = engine.container(launch)
    driver.check(ctx, container.image, pool.nvidia_driver)
    name, namespace = ctx.called, namespace_of(ctx)
    labels = {"app.kubernetes.io/name": name, "app.kubernetes.io/component": "model-server"}
    if spec.serve.backend == "kserve":
        # KServe gives the usual labels values of its own.
        labels = {"platformspec.dev/model": name}
    cluster = ctx.cluster_address()
    assert cluster is not None
    service_account(ctx, namespace, name)
    claim_template(launch, namespace)
    env = environment(launch, container, namespace)
    files(launch, container, namespace)
    answers = answering(launch, labels)
    workload = Workload(ctx.address, cluster, namespace, name, answers, container.port)
    service_name = name
    if spec.serve.backend == "kserve":
        inference_service(launch, container, namespace, labels, env)
        service_name += SERVICE_SUFFIX
    else:
        if disaggregated(spec):
            deployments(launch, container, namespace, labels, env)
        elif replica.pods > 1 and engine.group is not None:
            leader_worker_set(launch, container, engine.group(replica.pods), namespace, labels, env)
        else:
            deployment(launch, container, namespace, labels, env)
        if spec.topology is not None:
            workload = route(launch, container, namespace, answers, cluster)
        _service(ctx, namespace, container.port, workload)
    new = candidate(spec)
    other = None
    if new is not None:
        service = beside(launch, engine, new, namespace, env)
        other = (f"http://{service}.{namespace}.svc.cluster.local:{container.port}", new)
        workload = replace(workload, pod_labels=shared_labels(ctx))
    disruption_budget(ctx, namespace, name, labels)
    scale(launch, engine, container, namespace, answers)
    if launch.weights.cached:
        keep_on_nodes(launch, namespace, cached_revisions(spec))
    if launch.weights.volume is None or spec.adapters:
        # Hugging Face, NGC and S3; the last through its gateway endpoint, whose addresses are public ones too.
        policy(
            ctx,
            "download-policy",
            namespace,
            f"{name}-download",
            labels if new is None else shared_labels(ctx),
            egress=[to_internet()],
            because=(launch.weights.field, *(("adapters",) if spec.adapters else ())),
        )
    _offer(ctx, spec, engine, f"http://{service_name}.{namespace}.svc.cluster.local:{container.port}", other)
    ctx.offer(workload)


def _service(ctx: DeclarationContext, namespace: str, port: int, workload: Workload) -> None:
    ports = [{"name": "http", "port": port, "targetPort": "http", "protocol": "TCP"}]
    selector = ctx.src(dict(workload.pod_labels), "topology")
    service = {"type": "ClusterIP", "selector": selector, "ports": ports}
    ctx.manifest(
        "v1", "Service", ctx.called, "service", {"spec": service}, namespace=namespace, because=("serve.backend",)
    )


def _offer(
    ctx: DeclarationContext, spec: ModelSpec, engine: Engine, base: str, other: tuple[str, Candidate] | None
) -> None:
    provider, path = engine.clients[spec.task]
    share = None
    if other is not None:
        address, new = other
        share = (ctx.src(f"{address}{path}", "team", new.field), ctx.src(new.percent, new.field))
    ctx.offer(
        ModelExports(
            ctx.src(f"{provider}/{engine.served_name(spec, ctx.called)}", "task", "serve.engine", "source"),
            ctx.src(f"{base}{path}", "task", "serve.engine", "serve.backend", "team"),
            spec.task,
            None,
            spec.price,
            facts_of(spec).dimensions,
            tuple((name, ctx.src(f"{provider}/{name}", "adapters")) for name in sorted(spec.adapters)),
            share,
        )
    )
