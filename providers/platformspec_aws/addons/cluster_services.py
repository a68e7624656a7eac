"""Volumes and resource metrics: EKS add-ons that only some platforms need."""

from __future__ import annotations

from platformspec.sdk import CapabilityContext, Json, Node
from platformspec_aws import iam
from platformspec_aws.cluster.addons import addon
from platformspec_aws.stacks import stack_of

DRIVER_POLICY = "service-role/AmazonEBSCSIDriverPolicy"


def install_block_storage(ctx: CapabilityContext) -> None:
    """The EBS driver, and an encrypted default storage class."""
    stack = stack_of("cluster", ctx.address)
    cluster = ctx.node(f"{ctx.address}/cluster")
    role = iam.role(
        ctx,
        "role",
        "controller",
        ctx.called,
        "block-storage",
        stack=stack,
        assume=iam.POD_IDENTITY_TRUST,
        description="The EBS CSI driver",
        managed=(DRIVER_POLICY,),
    )
    # Volumes are the driver's: nobody else could tag them.
    tags = Json({"controller": {"extraVolumeTags": ctx.tags}})
    node = _addon(ctx, cluster, "aws-ebs-csi-driver", stack, role, "ebs-csi-controller-sa", tags)
    ctx.ready(node)
    ctx.manifest(
        "storage.k8s.io/v1", "StorageClass", "gp3", "storage-class",
        {
            "provisioner": "ebs.csi.aws.com",
            "parameters": {"type": "gp3", "encrypted": "true"},
            "volumeBindingMode": "WaitForFirstConsumer",
            "allowVolumeExpansion": True,
            "reclaimPolicy": "Delete",
        },
        annotations={"storageclass.kubernetes.io/is-default-class": "true"},
        after=((node.id, "the class names the driver"),),
        cluster=ctx.address,
    )  # fmt: skip


def install_metrics_server(ctx: CapabilityContext) -> None:
    """CPU and memory of pods, for HorizontalPodAutoscalers."""
    ctx.ready(
        _addon(ctx, ctx.node(f"{ctx.address}/cluster"), "metrics-server", stack_of("cluster", ctx.address), None, None)
    )


def _addon(
    ctx: CapabilityContext, cluster: Node, name: str, stack: str, role: iam.Role | None, account: str | None,
    configuration: Json | None = None,
) -> Node:  # fmt: skip
    after = ((f"{ctx.address}/system-nodes", "its pods need nodes to become ready"),)
    return addon(
        ctx, cluster, name, stack, role=role, service_account=account, after=after, configuration=configuration
    )
