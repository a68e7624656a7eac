"""OpenSearch Serverless: an index for each collection, made by a Job with requests that AWS's identity signs."""

from __future__ import annotations

import json
from typing import Any, Final

from platformspec.sdk import DeclarationContext, VectorStoreExports, VectorStoreSpec
from platformspec_kubernetes import images
from platformspec_kubernetes.jobs import job
from platformspec_kubernetes.pods import from_config
from platformspec_kubernetes.vector_stores.collections import Collection

CURL_USER: Final = 100
METRICS: Final = {"cosine": "cosinesimil", "euclidean": "l2", "dot": "innerproduct"}


def lower_opensearch(
    ctx: DeclarationContext, spec: VectorStoreSpec, collections: list[Collection], namespace: str
) -> None:
    """The Job's own role may create indexes in this collection only."""
    exports = ctx.exports(ctx.address, VectorStoreExports)
    name = ctx.called
    ctx.manifest(
        "v1",
        "ConfigMap",
        f"{name}-endpoints",
        "endpoints",
        {"data": {"ENDPOINT": exports.host, "AWS_REGION": ctx.region}},
        namespace=namespace,
    )
    env: list[dict[str, Any]] = [
        {"name": key, "valueFrom": from_config(f"{name}-endpoints", key)} for key in ("ENDPOINT", "AWS_REGION")
    ]
    files = {
        f"{c.name}.json": ctx.src(json.dumps(index(c), sort_keys=True), c.dimensions, c.metric) for c in collections
    }
    workload = job(
        ctx, namespace, "collections", image=images.CURL, user=CURL_USER, files=files, command=["/bin/sh", "-c", SCRIPT], env=env,
        egress=[{"to": [{"ipBlock": {"cidr": ctx.network.cidr}}], "ports": [{"protocol": "TCP", "port": 443}]}],
    )  # fmt: skip
    ctx.offer(workload)


def index(collection: Collection) -> dict[str, Any]:
    """Settings and mapping of a k-NN index."""
    method = {"name": "hnsw", "engine": "faiss", "space_type": METRICS[collection.metric.value]}
    return {
        "settings": {"index": {"knn": True}},
        "mappings": {
            "properties": {
                "embedding": {"type": "knn_vector", "dimension": collection.dimensions.value, "method": method},
                "content": {"type": "text"},
                "metadata": {"type": "object"},
            }
        },
    }


# Pod Identity gives credentials by HTTP; curl signs with them. They are read from the agent's JSON without another tool.
SCRIPT: Final = """set -eu
token=$(cat "$AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE")
answer=$(curl -sf -H "Authorization: $token" "$AWS_CONTAINER_CREDENTIALS_FULL_URI")
field() { printf '%s' "$answer" | sed -n "s/.*\\"$1\\" *: *\\"\\([^\\"]*\\)\\".*/\\1/p"; }
for file in /collections/*.json; do
  name=$(basename "$file" .json)
  status=$(curl -s -o /tmp/answer -w '%{http_code}' --aws-sigv4 "aws:amz:$AWS_REGION:aoss" \\
    --user "$(field AccessKeyId):$(field SecretAccessKey)" -H "X-Amz-Security-Token: $(field Token)" \\
    -X PUT -H 'Content-Type: application/json' -H "X-Amz-Content-Sha256: $(sha256sum "$file" | cut -d' ' -f1)" --data-binary @"$file" "$ENDPOINT/$name")
  if [ "$status" = 200 ] || grep -q resource_already_exists_exception /tmp/answer; then echo "$name is there"; continue; fi
  cat /tmp/answer >&2; exit 1
done
"""
