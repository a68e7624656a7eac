"""EKS add-ons: in the newest version, or in the one that the file keeps."""

from __future__ import annotations

from platformspec_aws import PROVIDER as AWS
from platformspec_kubernetes import PROVIDER as KUBERNETES

from tests.support.platforms import base, lowered

KEPT = "v1.12.4-eksbuild.1"


def test_a_kept_version_is_not_asked_for() -> None:
    result = lowered(base(clusters={"main": {"add_on_versions": {"coredns": KEPT}}}), AWS, KUBERNETES)
    nodes = {node.id: node for node in result.program.nodes.values()}
    assert nodes["cluster.main/addon-coredns"].attrs["addon_version"] == KEPT
    asked = {node.attrs["addon_name"] for node in nodes.values() if node.type == "aws_eks_addon_version"}
    assert "coredns" not in asked
    assert {"vpc-cni", "kube-proxy"} <= asked
