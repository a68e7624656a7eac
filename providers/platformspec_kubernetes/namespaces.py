"""Namespaces: restricted pods, and nothing in or out but what an edge opens."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, Literal

from platformspec.sdk import Address, Context
from platformspec_kubernetes.network_policies import policy

POD_SECURITY_MODES: Final = ("enforce", "audit", "warn")
POD_IDENTITY_AGENT: Final = "169.254.170.23/32"


def namespace(
    ctx: Context,
    name: str,
    *,
    cluster: Address | None = None,
    role: str = "namespace",
    labels: Mapping[str, Any] | None = None,
    level: Literal["restricted", "privileged"] = "restricted",
) -> None:
    """A namespace that denies everything, and lets its pods resolve names and get their cloud credentials.

    `level`: of Pod Security; below `privileged`, none allows volumes of the host.
    """
    security = {f"pod-security.kubernetes.io/{mode}": level for mode in POD_SECURITY_MODES}
    ctx.manifest(
        "v1",
        "Namespace",
        name,
        role,
        {},
        labels={**security, "kubernetes.io/metadata.name": name, **(labels or {})},
        cluster=cluster,
    )
    policy(ctx, f"{role}-default-deny", name, "default-deny", {}, types=("Ingress", "Egress"), cluster=cluster)
    dns = [{"protocol": protocol, "port": 53} for protocol in ("UDP", "TCP")]
    resolver = {
        "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "kube-system"}},
        "podSelector": {"matchLabels": {"k8s-app": "kube-dns"}},
    }
    policy(
        ctx, f"{role}-basics", name, "allow-dns-and-pod-identity", {},
        egress=[{"to": [resolver], "ports": dns}, {"to": [{"ipBlock": {"cidr": POD_IDENTITY_AGENT}}], "ports": [{"protocol": "TCP", "port": 80}]}],
        cluster=cluster,
    )  # fmt: skip
