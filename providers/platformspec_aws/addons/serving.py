"""Controllers that model servers need."""

from __future__ import annotations

from platformspec.sdk import CapabilityContext
from platformspec_aws.addons.release import SYSTEM_NODES, release
from platformspec_aws.compatibility import CHARTS

NAMESPACE = "kserve"


def install_leader_worker_set(ctx: CapabilityContext) -> None:
    """LeaderWorkerSet: replicas that are groups of pods."""
    manager = {"tag": f"v{CHARTS['lws'].version}", "pullPolicy": "IfNotPresent"}
    values = {"replicaCount": 2, "nodeSelector": SYSTEM_NODES, "image": {"manager": manager}}
    ctx.ready(release(ctx, "release", "lws", "lws-system", values))


def install_cert_manager(ctx: CapabilityContext) -> None:
    """cert-manager: certificates of webhooks. Its CRDs are templates of its chart, so they are upgraded with it."""
    nodes = {"nodeSelector": SYSTEM_NODES}
    values = {
        "crds": {"enabled": True},
        "replicaCount": 2,
        **nodes,
        "webhook": {"replicaCount": 2, **nodes},
        "cainjector": nodes,
    }
    ctx.ready(release(ctx, "release", "cert-manager", "cert-manager", values))


def install_kserve(ctx: CapabilityContext) -> None:
    """KServe's controller of LLMInferenceServices, whose chart also brings InferencePool. CRDs are templates: Helm upgrades them."""
    ctx.need("cert-manager", cluster=ctx.address)
    issuer = (f"{ctx.address}/cert-manager/release", "its webhook needs a certificate")
    crds = release(ctx, "crds", "kserve-llmisvc-crd", NAMESPACE, {})
    llmisvc = {"controller": {"replicas": 2, "nodeSelector": SYSTEM_NODES, "imagePullPolicy": "IfNotPresent"}}
    node = release(
        ctx,
        "release",
        "kserve-llmisvc-resources",
        NAMESPACE,
        {"kserve": {"llmisvc": {"createGIECRDs": True, **llmisvc}}},
        after=((crds.id, "the controller watches its custom resources"), issuer),
    )
    configs = release(
        ctx,
        "configs",
        "kserve-runtime-configs",
        NAMESPACE,
        {"kserve": {"servingruntime": {"enabled": False}, "llmisvcConfigs": {"enabled": True}}},
        after=((node.id, "the webhook checks them"),),
    )
    ctx.ready(node, configs)
