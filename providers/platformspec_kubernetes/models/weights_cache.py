"""Weights that every node of a pool downloads once: a DaemonSet writes them to the node's disk, model servers read them there.

Only the downloader may write, and only it reaches Hugging Face. Its namespace allows volumes of the host; those of models do not, and their
pods see the folder through a claim. docs/adr/0035-weights-are-cached-by-a-daemon-set.md says why.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from platformspec.sdk import Address, AggregateContext, ClusterExports, Code, DeclarationContext, ModelSpec, Workload
from platformspec_kubernetes import images
from platformspec_kubernetes.models.engines.engine import Launch
from platformspec_kubernetes.models.rollout import candidate
from platformspec_kubernetes.models.weights import claim_name
from platformspec_kubernetes.namespaces import namespace
from platformspec_kubernetes.network_policies import policy, to_internet
from platformspec_kubernetes.pods import CONTAINER_SECURITY, external_secret, from_secret, service_account

UNPINNED = Code(
    "PS552",
    "a cache of weights that may move",
    explain="Nodes keep a revision of the weights under its name and never ask again. A branch or a tag may move, and Hugging Face takes a shortened commit for a name; only the 40 digits of a commit stay what they are.",
)
NOTHING_TO_CACHE = Code(
    "PS553",
    "a cache for weights that are not downloaded from Hugging Face",
    explain="`weights_cache: node` downloads from Hugging Face. Weights in the model bucket are streamed into GPU memory, images with weights are kept by nodes as images are, and a NIM brings its own.",
)

NAMESPACE: Final = "model-weights"
COMMIT: Final = re.compile(r"[0-9a-f]{40}")
HOST_FOLDER: Final = "/var/lib/platformspec/weights"
# A volume of the host has no size that anybody enforces, and a claim can never shrink: the pool's disk is the limit.
NOMINAL_SIZE: Final = "1Gi"
# Below the home of KServe's storage initializer. Source: kserve/kserve, python/storage-initializer.Dockerfile.
INITIALIZER: Final = "/storage-initializer/scripts/initializer-entrypoint"
# Complete is what has its final name. One older revision stays, for pods that a rollout has not replaced yet.
SCRIPT: Final = """\
set -eu
cd /weights
exec 9>.lock
flock 9
for old in $(ls -t); do
  case " $REVISIONS " in *" $old "*) continue ;; esac
  if [ -n "${kept:-}" ]; then rm -rf "./$old"; fi
  kept=$old
done
for revision in $REVISIONS; do
  if [ -d "$revision" ]; then continue; fi
  INITIALIZER "hf://$REPOSITORY:$revision" "/weights/.partial-$revision"
  chmod -R a+rX ".partial-$revision"
  sync
  mv -T ".partial-$revision" "$revision"
done
rm -rf .partial-*
""".replace("INITIALIZER", INITIALIZER)
EXISTS: Final = ("serve.weights_cache",)


def check(ctx: DeclarationContext, spec: ModelSpec) -> None:
    """Report a cache of what could change, and of what is not downloaded."""
    source = spec.source
    if spec.serve.weights_cache is None or source is None:
        return
    if source.hugging_face is None:
        origin = next(field for field in ("bucket", "oci", "nim") if getattr(source, field) is not None)
        ctx.reject(
            NOTHING_TO_CACHE,
            f"{ctx.address} has its weights from source.{origin}, and nodes cache those of Hugging Face",
            at="serve.weights_cache",
            help="remove `weights_cache`, or write `source: {hugging_face: ..., revision: ...}`",
        )
        return
    new = candidate(spec)
    versions = [("source.revision", source.revision)]
    if new is not None:
        versions.append((f"{new.field}.version", new.version))
    for field, version in versions:
        if version is None or not COMMIT.fullmatch(version):
            said = (
                f"{field} is {version}, not the full name of a commit"
                if version is not None
                else "source.revision names no commit"
            )
            ctx.reject(
                UNPINNED,
                f"{ctx.address} is cached on its nodes, and {said}",
                at=field if version is not None else "serve.weights_cache",
                help=f"write the 40 hexadecimal digits of the commit that https://huggingface.co/{source.hugging_face}/commits/main names",
            )


def keep_on_nodes(launch: Launch, home: str, revisions: Mapping[str, str]) -> None:
    """The volume that pods in the namespace `home` claim, and the DaemonSet that fills it with `revisions` (field -> commit)."""
    ctx, pool, source = launch.ctx, launch.pool, launch.spec.source
    assert source is not None
    model, claim = ctx.called, claim_name(ctx)
    volume = ctx.src(f"{home}.{claim.value}", claim, "team")
    labels = {"app.kubernetes.io/name": model, "app.kubernetes.io/component": "weights-cache"}
    folder = {"path": f"{HOST_FOLDER}/{model}", "type": "DirectoryOrCreate"}
    terms = [{"key": key, "operator": "In", "values": [value]} for key, value in pool.node_selector.value.items()]
    shared = {"accessModes": ["ReadOnlyMany"], "storageClassName": ""}
    ctx.manifest(
        "v1", "PersistentVolume", volume, "weights-volume", {
            "spec": {
                **shared,
                "capacity": {"storage": NOMINAL_SIZE},
                "persistentVolumeReclaimPolicy": "Retain",
                "claimRef": {"apiVersion": "v1", "kind": "PersistentVolumeClaim", "namespace": ctx.src(home, "team"), "name": claim},
                "hostPath": folder,
                "nodeAffinity": {"required": {"nodeSelectorTerms": [{"matchExpressions": ctx.src(terms, pool.node_selector, "pool")}]}},
            }
        },
        because=EXISTS,
    )  # fmt: skip
    ctx.manifest(
        "v1", "PersistentVolumeClaim", claim, "weights-claim",
        {"spec": {**shared, "resources": {"requests": {"storage": NOMINAL_SIZE}}, "volumeName": volume}},
        namespace=home, because=EXISTS,
    )  # fmt: skip
    service_account(ctx, NAMESPACE, model, role="weights-account", because=EXISTS)
    policy(ctx, "weights-policy", NAMESPACE, model, labels, egress=[to_internet()], because=EXISTS)
    wanted = ctx.src(" ".join(dict.fromkeys(revisions.values())), *revisions)
    env = [
        {"name": "REPOSITORY", "value": ctx.src(source.hugging_face, "source.hugging_face")},
        {"name": "REVISIONS", "value": wanted},
        {"name": "HOME", "value": "/tmp"},
        {"name": "HF_HOME", "value": "/tmp/huggingface"},
        *_token(ctx, source.token_secret),
    ]
    pod = {
        "serviceAccountName": model,
        "automountServiceAccountToken": False,
        "enableServiceLinks": False,
        "nodeSelector": pool.node_selector,
        "tolerations": pool.tolerations,
        "terminationGracePeriodSeconds": 1,
        # The kubelet makes the folder for root alone. Without capabilities root may write there, and nowhere else.
        "securityContext": {"runAsUser": 0, "runAsGroup": 0, "seccompProfile": {"type": "RuntimeDefault"}},
        "initContainers": [
            {
                "name": "download",
                "image": images.STORAGE_INITIALIZER,
                "command": ["sh", "-c", SCRIPT],
                "env": env,
                "resources": {"requests": {"cpu": "100m", "memory": "512Mi"}, "limits": {"memory": "2Gi"}},
                "securityContext": CONTAINER_SECURITY,
                "volumeMounts": [{"name": "weights", "mountPath": "/weights"}, {"name": "tmp", "mountPath": "/tmp"}],
            }
        ],
        "containers": [
            {
                "name": "keep",
                "image": images.STORAGE_INITIALIZER,
                "command": ["sleep", "infinity"],
                "resources": {"requests": {"cpu": "10m", "memory": "16Mi"}, "limits": {"memory": "64Mi"}},
                "securityContext": CONTAINER_SECURITY,
            }
        ],
        "volumes": [{"name": "weights", "hostPath": folder}, {"name": "tmp", "emptyDir": {}}],
    }
    body = {
        "selector": {"matchLabels": labels},
        # Each node downloads for itself, so none waits for another.
        "updateStrategy": {"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": "100%"}},
        "template": {"metadata": {"labels": {**ctx.labels, **labels}}, "spec": pod},
    }
    ctx.manifest("apps/v1", "DaemonSet", model, "weights-cache", {"spec": body}, namespace=NAMESPACE, because=EXISTS)


def cached_revisions(spec: ModelSpec) -> dict[str, str]:
    """Field -> commit of what nodes keep: the present version, and one beside it."""
    source, new = spec.source, candidate(spec)
    assert source is not None
    assert source.revision is not None
    return {"source.revision": source.revision, **({f"{new.field}.version": new.version} if new is not None else {})}


def weights_namespace(ctx: AggregateContext) -> None:
    """One namespace for the downloaders of each cluster that caches weights."""
    clusters: set[Address] = set()
    for address, workload in ctx.all_exports(Workload):
        spec = ctx.graph.declarations[address].spec if address in ctx.graph.declarations else None
        if isinstance(spec, ModelSpec) and spec.serve.weights_cache is not None:
            clusters.add(workload.cluster)
    for cluster in sorted(clusters):
        namespace(ctx.about(cluster), NAMESPACE, cluster=cluster, role="weights-namespace", level="privileged")


def _token(ctx: DeclarationContext, secret: str | None) -> list[dict[str, Any]]:
    if secret is None:
        return []
    cluster = ctx.cluster_address()
    assert cluster is not None
    name = f"{ctx.called}-hugging-face"
    field = "source.token_secret"
    store = ctx.exports(cluster, ClusterExports).secret_store
    data = {"token": {"key": ctx.src(secret, field)}}
    external_secret(ctx, "weights-token", NAMESPACE, name, store, data, because=(field,))
    return [{"name": "HF_TOKEN", "valueFrom": ctx.src(from_secret(name, "token"), field)}]
