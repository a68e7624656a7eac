"""External Secrets: copies secrets of the cloud into the cluster, for those who may have them."""

from __future__ import annotations

from platformspec.sdk import CapabilityContext
from platformspec_aws.addons.release import SYSTEM_NODES, release

NAMESPACE = "external-secrets"
STORE = "cloud-secrets"


def install_external_secrets(ctx: CapabilityContext) -> None:
    """The operator and the store that all ExternalSecrets name.

    The operator's role is made of grants: it reads exactly the secrets that the platform's edges need (see identity/grants.py).
    """
    node = release(
        ctx, "release", "external-secrets", NAMESPACE,
        {
            "installCRDs": True,
            "replicaCount": 2,
            "leaderElect": True,
            "nodeSelector": SYSTEM_NODES,
            "webhook": {"replicaCount": 2, "nodeSelector": SYSTEM_NODES},
            "certController": {"nodeSelector": SYSTEM_NODES},
            "serviceAccount": {"name": "external-secrets"},
        },
    )  # fmt: skip
    ctx.ready(node)
    ctx.manifest(
        "external-secrets.io/v1", "ClusterSecretStore", STORE, "store",
        # No auth: the operator uses its own Pod Identity.
        {"spec": {"provider": {"aws": {"service": "SecretsManager", "region": ctx.region}}}},
        after=((node.id, "external-secrets brings the definition of ClusterSecretStore"),),
        cluster=ctx.address,
    )  # fmt: skip
