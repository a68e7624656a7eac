"""Kueue: lets pods wait until their team has quota for the GPUs that they ask for."""

from __future__ import annotations

from typing import Final

from platformspec.sdk import CapabilityContext, Yaml
from platformspec_aws.addons.release import SYSTEM_NODES, release

NAMESPACE: Final = "kueue-system"
# Only GPUs are counted; a pod's other resources are the business of its namespace's quota.
NOT_COUNTED: Final = ["cpu", "memory", "ephemeral-storage", "hugepages-", "vpc.amazonaws.com/"]
# The chart's own configuration, with the workloads that serve models. Source: kueue 0.19.2, charts/kueue/values.yaml.
CONFIGURATION: Final = {
    "apiVersion": "config.kueue.x-k8s.io/v1beta2",
    "kind": "Configuration",
    "health": {"healthProbeBindAddress": ":8081"},
    "metrics": {"bindAddress": ":8443"},
    "webhook": {"port": 9443},
    "leaderElection": {"leaderElect": True, "resourceName": "c1f6bfd2.kueue.x-k8s.io"},
    "integrations": {"frameworks": ["pod", "deployment", "statefulset", "leaderworkerset.x-k8s.io/leaderworkerset", "batch/job"]},
    "resources": {"excludeResourcePrefixes": NOT_COUNTED},
}  # fmt: skip


def install_kueue(ctx: CapabilityContext) -> None:
    """Two replicas: its webhook sees every Deployment. Its chart carries its CRDs as templates, so it upgrades them."""
    manager = {
        "replicas": 2,
        "nodeSelector": SYSTEM_NODES,
        "podDisruptionBudget": {"enabled": True, "minAvailable": 1},
    }
    ctx.ready(
        release(
            ctx,
            "release",
            "kueue",
            NAMESPACE,
            {"controllerManager": manager, "managerConfig": {"controllerManagerConfigYaml": Yaml(CONFIGURATION)}},
        )
    )
