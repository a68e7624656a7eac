"""Karpenter's EC2NodeClass: what all nodes that it starts for one declaration are."""

from __future__ import annotations

from typing import Any

from platformspec.sdk import DeclarationContext, Sourced
from platformspec_aws.compatibility import NODE_IMAGE
from platformspec_aws.exports import AwsClusterExports

ROOT_DEVICE = "/dev/xvda"


def node_class(
    ctx: DeclarationContext,
    cluster: AwsClusterExports,
    name: str,
    disk_gib: Sourced[int],
    *,
    because: tuple[str, ...],
    reservation: Sourced[str] | None = None,
) -> None:
    """Amazon Linux with an encrypted root volume; its instances, volumes and interfaces carry the declaration's tags."""
    volume = {
        "volumeSize": ctx.src(f"{disk_gib.value}Gi", disk_gib),
        "volumeType": "gp3",
        "encrypted": True,
        "deleteOnTermination": True,
    }
    body: dict[str, Any] = {
        "amiSelectorTerms": [{"alias": NODE_IMAGE}],
        "role": cluster.node_role_name,
        "subnetSelectorTerms": cluster.subnet_terms,
        "securityGroupSelectorTerms": cluster.security_group_terms,
        "blockDeviceMappings": [{"deviceName": ROOT_DEVICE, "ebs": volume}],
        "metadataOptions": {
            "httpEndpoint": "enabled",
            "httpTokens": "required",
            "httpPutResponseHopLimit": 1,
            "httpProtocolIPv6": "disabled",
        },
        "tags": {key: _text(value) for key, value in ctx.tags.items()},
    }
    if reservation is not None:
        body["capacityReservationSelectorTerms"] = [{"id": reservation}]
    ctx.manifest(
        "karpenter.k8s.aws/v1",
        "EC2NodeClass",
        name,
        "node-class",
        {"spec": body},
        because=because,
        capability="karpenter",
    )


def _text(value: Any) -> Any:
    return value if isinstance(value, Sourced) else str(value)
