"""Where a server finds the weights of its model."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from platformspec.sdk import (
    Address,
    BucketExports,
    ClusterSpec,
    Code,
    DeclarationContext,
    ModelSpec,
    Sourced,
    concat,
    features,
)
from platformspec_kubernetes.pods import CONTAINER_SECURITY

MOVES = Code(
    "PS524",
    "an image whose content may change",
    explain="Weights and servers must not move under a platform: an image is named with a tag other than latest, or with a digest.",
)
NO_IMAGE_VOLUMES = Code(
    "PS525",
    "weights as an image on a Kubernetes version that cannot mount it",
    explain="Image volumes are on by default from Kubernetes 1.35. Before, a pod with one is refused or starts without it.",
)

FOLDER: Final = "/models/weights"
CACHE_FOLDER: Final = "/models"
"""Where pods see what their node keeps, each revision in a folder of its own."""
IMAGE_VOLUMES: Final = "image-volumes"


@dataclass(frozen=True, slots=True)
class Weights:
    """`model`: what the server is told to load; `revision`: of a repository on Hugging Face; `streamed`: read from S3 into GPU memory;

    `volume`: mounted at `mount`, where the weights are files; `cached`: once the node has them; `field`: of the declaration that says where they are.
    """

    model: Any
    field: str
    revision: Any = None
    streamed: bool = False
    volume: Mapping[str, Any] | None = None
    mount: str = FOLDER
    cached: bool = False


def weights(ctx: DeclarationContext, spec: ModelSpec) -> Weights:
    """A repository on Hugging Face, a folder of the platform's model bucket, an image with files, or a NIM that brings its own."""
    source = spec.source
    assert source is not None
    if source.oci is not None:
        _pinned(ctx, source.oci, "source.oci")
        _image_volumes(ctx)
        reference = {"reference": ctx.src(source.oci, "source.oci"), "pullPolicy": "IfNotPresent"}
        return Weights(ctx.src(FOLDER, "source.oci"), "source.oci", volume={"image": reference})
    if source.nim is not None:
        _pinned(ctx, source.nim, "source.nim")
        return Weights(None, "source.nim")
    if source.hugging_face is not None and spec.serve.weights_cache is not None:
        return _on_node(ctx, spec)
    if source.bucket is None:
        revision = ctx.src(source.revision, "source.revision") if source.revision is not None else None
        return Weights(ctx.src(source.hugging_face, "source.hugging_face"), "source.hugging_face", revision)
    return Weights(bucket_uri(ctx, source.bucket), "source.bucket", streamed=True)


def claim_name(ctx: DeclarationContext) -> Sourced[str]:
    """The claim on the weights that nodes of the model's pool keep. It says which pool, because a claim cannot move."""
    pool = ctx.target("runs_on")
    assert pool is not None
    return ctx.src(f"{ctx.called}.{ctx.platform.name_outside(pool)}", "pool", "serve.weights_cache")


def _on_node(ctx: DeclarationContext, spec: ModelSpec) -> Weights:
    source = spec.source
    assert source is not None
    folder = ctx.src(
        f"{CACHE_FOLDER}/{source.revision}", "source.revision", "serve.weights_cache", "source.hugging_face"
    )
    claim = ctx.src({"claimName": claim_name(ctx), "readOnly": True}, "serve.weights_cache")
    return Weights(
        folder,
        "source.hugging_face",
        volume={"persistentVolumeClaim": claim},
        mount=CACHE_FOLDER,
        cached=True,
    )


def waiter(image: Any, model: Any) -> dict[str, Any]:
    """A container that ends as soon as its node has the weights, which are in the folder `model`."""
    return {
        "name": "weights",
        "image": image,
        "command": ["sh", "-c", 'until [ -d "$WEIGHTS" ]; do echo "waiting for $WEIGHTS"; sleep 5; done'],
        "env": [{"name": "WEIGHTS", "value": model}],
        "resources": {"requests": {"cpu": "10m", "memory": "16Mi"}, "limits": {"memory": "64Mi"}},
        "securityContext": CONTAINER_SECURITY,
        "volumeMounts": [{"name": "weights", "mountPath": CACHE_FOLDER, "readOnly": True}],
    }


def bucket_uri(ctx: DeclarationContext, folder: str) -> Any:
    """The model's folder of the platform's model bucket as an S3 address."""
    return bucket_address(ctx, folder, "source.bucket")


def bucket_address(ctx: DeclarationContext, folder: str, field: str) -> Any:
    """A folder of the platform's model bucket, which `field` names, as an S3 address."""
    bucket = ctx.exports(Address("bucket", "models"), BucketExports)
    name = getattr(bucket.name, "value", bucket.name)
    path = concat("s3://", getattr(name, "known", None) or name, "/", folder.strip("/"))
    return ctx.src(path, field, bucket.name)


def _pinned(ctx: DeclarationContext, image: str, at: str) -> None:
    name, _, digest = image.partition("@")
    tag = name.rpartition("/")[2].partition(":")[2]
    if not digest and tag in ("", "latest"):
        ctx.reject(
            MOVES,
            f"{image} names {'the tag latest' if tag else 'no tag'}, so its content may change",
            at=at,
            help=f"write a tag such as `{name.removesuffix(':latest')}:1.0.0`, or a digest",
        )


def _image_volumes(ctx: DeclarationContext) -> None:
    address = ctx.cluster_address()
    cluster = ctx.graph.declarations[address].spec if address is not None else None
    if not isinstance(cluster, ClusterSpec):
        return
    if cluster.existing is not None and "kubernetes" not in cluster.model_fields_set:
        # The default is the version of clusters that are created; what an adopted one has is not known.
        return
    row = features()[IMAGE_VOLUMES]
    if row.place(cluster.kubernetes) == "before":
        ctx.reject(
            NO_IMAGE_VOLUMES,
            f"{ctx.address} mounts its weights from an image, and {address} has Kubernetes {cluster.kubernetes} ({row.source})",
            at="source.oci",
            help=f'write `kubernetes: "{row.first}"` or newer for the cluster, or take the weights from Hugging Face or the bucket',
        )
